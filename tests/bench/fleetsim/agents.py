"""Simulated agents: each an epoch and a channel of its own, the shipper's link and back-off, and counters in the place of a spool.

What is sealed and not acknowledged is remembered as one time each; frames are made anew whenever they are sent. As a shipper does:
one batch of an epoch under way, of at most 1 MiB; after a loss a new channel, a greeting, and what the collector's mark says.
"""

import asyncio
import random
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from fleetsim.frames import FrameMaker, Minute, minute_of
from tidegauge.shipper.backoff import Backoff
from tidegauge.shipper.destination import Destination
from tidegauge.shipper.link import GrpcLink
from tidegauge.shipper.outcomes import Acknowledged, Greeted, Outcome, Overloaded, Rewind, Unavailable
from tidegauge.spool.epoch import new_epoch
from tidegauge.version import __version__
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import MAX_BATCH_BYTES, PROTOCOL_VERSION

MAX_WAITING = 4_000  # frames of one agent; beyond, the run has failed
PAUSE_S = 0.5  # where a refusal says no delay


@dataclass(slots=True)
class Tally:
    """What the whole fleet saw. Times in seconds."""

    ack_s: array = field(default_factory=lambda: array("d"))  # call to acknowledgement
    sealed_to_ack_s: array = field(default_factory=lambda: array("d"))
    payload_bytes: int = 0  # of acknowledged requests
    calls: int = 0
    refusals: Counter = field(default_factory=Counter)
    sample: bytes = b""  # one request, to see how well it compresses


class SimulatedAgent:
    """One agent: `seal` from outside, `run` ships until cancelled."""

    def __init__(
        self, number: int, address: Callable[[], str], maker: FrameMaker, *, tally: Callable[[], Tally], begin_us: int
    ) -> None:
        self.deployment = f"fleet-{number:04d}"
        self._address = address
        self._maker = maker
        self._tally = tally
        self._begin_us = begin_us
        self._phase = number * 7
        self.epoch = new_epoch().bytes
        self._identity = pb.AgentIdentity(
            host=f"host-{number}", pid=number + 1, agent_version=__version__, instance_id=f"{number:032x}"
        )
        self._backoff = Backoff(random.Random(number))
        self._first = maker.first(self.deployment, time.time_ns() // 1_000)
        self.acknowledged = 0
        self._waiting: deque[float] = deque([time.monotonic()] * len(self._first))  # when each was sealed
        self._wake = asyncio.Event()
        self._wake.set()
        self.is_connected = False
        self._config_revision = 0  # what a shipper keeps over a loss: only news is handed out to it

    @property
    def sealed(self) -> int:
        """The last number given."""
        return self.acknowledged + len(self._waiting)

    @property
    def minutes(self) -> int:
        """Minutes sealed: frames of profiles."""
        return max(0, self.sealed - len(self._first))

    def seal(self, now: float) -> None:
        """One more minute is in the spool."""
        if len(self._waiting) >= MAX_WAITING:
            raise RuntimeError(f"{self.deployment}: {MAX_WAITING} frames wait, the collector does not take them")
        self._waiting.append(now)
        self._wake.set()

    async def run(self) -> None:
        """Greet, ship, and after a loss greet again."""
        while True:
            link = GrpcLink(Destination(self._address()))
            try:
                await self._converse(link)
            finally:
                self.is_connected = False
                link.close()
            await asyncio.sleep(self._backoff.next_s())

    async def _converse(self, link: GrpcLink) -> None:
        """Until the connection is lost."""
        position = pb.EpochPosition(
            epoch=self.epoch, last_seq=self.sealed, acknowledged_seq=self.acknowledged, deployments=[self.deployment]
        )
        hello = pb.HelloRequest(
            protocol_version=PROTOCOL_VERSION,
            agent=self._identity,
            epochs=[position],
            sent_at_us=time.time_ns() // 1_000,
            config_revision=self._config_revision,
            wanted=pb.Deployments(names=[self.deployment]),
        )
        answer = await _answer(partial(link.hello, hello))
        if not isinstance(answer, Greeted):
            self._tally().refusals[_text(answer)] += 1
            return
        self._config_revision = answer.reply.config_revision
        self._settle(answer.reply.marks[0].mark, time.monotonic())
        self.is_connected = True
        while True:
            await self._wake.wait()
            request = self._request()
            begun = time.monotonic()
            answer = await _answer(partial(link.ship, request))
            if isinstance(answer, Unavailable):
                self._tally().refusals[_text(answer)] += 1
                return
            await self._take(answer, request, begun)

    async def _take(self, answer: Outcome, request: pb.ShipRequest, begun: float) -> None:
        tally, now = self._tally(), time.monotonic()
        if isinstance(answer, Acknowledged):
            tally.calls += 1
            tally.ack_s.append(now - begun)
            tally.payload_bytes += request.ByteSize()
            tally.sample = tally.sample or request.SerializeToString()
            self._settle(answer.mark, now)
            self._backoff.reset()
            return
        tally.refusals[_text(answer)] += 1
        if isinstance(answer, Rewind):
            self._settle(answer.expected_seq - 1, now)
        wait_s = answer.retry_after_s if isinstance(answer, Overloaded) else None
        await asyncio.sleep(wait_s or PAUSE_S)

    def _settle(self, mark: int, now: float) -> None:
        if mark < self.acknowledged:
            raise RuntimeError(
                f"{self.deployment}: mark {mark} is below what was acknowledged, {self.acknowledged}: lost"
            )
        for _ in range(mark - self.acknowledged):
            self._tally().sealed_to_ack_s.append(now - self._waiting.popleft())
        self.acknowledged = mark
        if not self._waiting:
            self._wake.clear()

    def _request(self) -> pb.ShipRequest:
        frames, size = [], 0
        for seq in range(self.acknowledged + 1, self.sealed + 1):
            frame = self._frame(seq)
            size += len(frame)
            if frames and size > MAX_BATCH_BYTES:
                break
            frames.append(frame)
        return pb.ShipRequest(epoch=self.epoch, first_seq=self.acknowledged + 1, frames=frames, agent=self._identity)

    def _frame(self, seq: int) -> bytes:
        if seq <= len(self._first):
            return self._first[seq - 1]
        number = seq - len(self._first) - 1
        return self._maker.profile(self.deployment, number, self._minute(number), time.time_ns() // 1_000)

    def _minute(self, number: int) -> Minute:
        return minute_of(number, self._begin_us, self._phase % 60)


async def _answer(call: Callable[[Callable[[Outcome], None]], None]) -> Outcome:
    """Make a call of the link's, whose answer comes in a thread of gRPC's."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Outcome] = loop.create_future()

    def done(outcome: Outcome) -> None:
        loop.call_soon_threadsafe(lambda: future.done() or future.set_result(outcome))

    call(done)
    return await future


def _text(answer: Outcome) -> str:
    message = str(getattr(answer, "message", ""))
    return f"{type(answer).__name__.lower()} {message.partition(':')[0]}".strip()
