"""The gRPC service `Telemetry`: translates between the wire and the intake; decides nothing about frames."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Container
from pathlib import Path
from typing import Any

import grpc

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import PROTOCOL_VERSION
from tidegauge_collector.ingest.admission import Admission
from tidegauge_collector.ingest.agents import Agents
from tidegauge_collector.ingest.calls import Calls
from tidegauge_collector.ingest.committer import Committer
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.framelog import FrameLog
from tidegauge_collector.ingest.intake import Intake, is_epoch
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.refusals import Abandoned, EpochPurged, Invalid, OutOfOrder, Overloaded, Refusal
from tidegauge_collector.ingest.versions import TooOld, check_version

Handout = tuple[int, list[pb.VersionConfiguration]]
Configurations = Callable[[int, Container[str] | None], Handout | Awaitable[Handout]]
MAX_EPOCHS_A_HELLO = 10_000
REVISION_AGE_US = 2_000_000  # an Ack may carry a config_revision as old as this
REVISION_WAIT_S = 0.02  # for which an Ack waits for a newer one; the next Ack has it then
EXPECTED_SEQ = "tidegauge-expected-seq"
RETRY_AFTER_MS = "tidegauge-retry-after-ms"
RETRY_SCOPE = "tidegauge-retry-scope"  # "epoch": only this epoch is to wait
_CODES = {
    OutOfOrder: grpc.StatusCode.FAILED_PRECONDITION,
    EpochPurged: grpc.StatusCode.FAILED_PRECONDITION,
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    Abandoned: grpc.StatusCode.DEADLINE_EXCEEDED,
    Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
_log = logging.getLogger(__name__)


class TelemetryService:
    """Servicer for grpc.aio. `configurations(known revision, wanted)` gives the current revision and what to hand out for it:

    of the deployments `wanted`, or of all where that is None.

    Owns the committer's thread: call `close` after the server has stopped and before the log is closed.
    """

    def __init__(
        self,
        log: FrameLog,
        marks: Marks,
        *,
        quarantine: Path,
        configurations: Configurations,
        on_frames: Callable[[], None],
        now_us: Callable[[], int],
        limits: IntakeLimits | None = None,
        unfolded_bytes: Callable[[], int] = lambda: 0,
    ) -> None:
        self.counters = IngestCounters()
        self.agents = Agents(now_us)
        self.quarantine = Quarantine(quarantine)
        self.quarantine.resolve(marks.mark)
        admission = Admission(
            limits or IntakeLimits(), now_us=now_us, free_bytes=log.free_bytes, unfolded_bytes=unfolded_bytes
        )
        self.calls = Calls(admission, self.counters.count)
        self._marks = marks
        self._configurations = configurations
        self._now_us = now_us
        self._revision = 0
        self._revision_at_us: int | None = None
        self._asking: asyncio.Future[Handout] | None = None
        self._committer = Committer(log, self.counters)
        self.intake = Intake(
            self._committer,
            marks,
            self.quarantine,
            agents=self.agents,
            counters=self.counters,
            on_frames=on_frames,
            now_us=now_us,
            admission=admission,
        )

    def close(self) -> None:
        """Finish what is being committed and end the thread."""
        self._committer.close()

    async def Hello(self, request: pb.HelloRequest, context: Any) -> pb.HelloReply:  # noqa: N802 - the contract's name
        """Answer with the marks of the epochs asked about and the configuration."""
        try:
            with self.calls.counted(context.peer()):
                return await self._greet(request)
        except TooOld as problem:
            self.counters.count("hello", "too_old")
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(problem))
        except Refusal as refusal:
            self.counters.count("hello", refusal.reason)
            await context.abort(_CODES[type(refusal)], str(refusal), _metadata(refusal))
        raise AssertionError("abort raises")

    async def _greet(self, request: pb.HelloRequest) -> pb.HelloReply:
        protocol = check_version(request.protocol_version, request.agent.agent_version)
        epochs = [position.epoch for position in request.epochs]
        if len(epochs) > MAX_EPOCHS_A_HELLO or not all(map(is_epoch, epochs)):
            raise Invalid(f"epochs must be at most {MAX_EPOCHS_A_HELLO} UUIDv7 of 16 bytes")
        self.counters.count("hello", "ok")
        marks = {epoch: self._marks.mark(epoch) for epoch in epochs}
        self.agents.greet(request, marks)
        self.agents.roster.greeted(request, marks, protocol=protocol)
        wanted = frozenset(request.wanted.names) if request.HasField("wanted") else None
        revision, configurations = await self._hand_out(request.config_revision, wanted)
        return pb.HelloReply(
            protocol_version=PROTOCOL_VERSION,
            marks=[
                pb.EpochMark(epoch=epoch, mark=self._marks.mark(epoch), refused=self.intake.is_purged(epoch))
                for epoch in epochs
            ],
            config_revision=revision,
            configurations=configurations,
            received_at_us=self._now_us(),
        )

    async def Ship(self, request: pb.ShipRequest, context: Any) -> pb.Ack:  # noqa: N802 - the contract's name
        """Acknowledge a batch once it is durable, or say why not and what to do."""
        # A sender that goes away must not leave a batch half accepted: it is finished without him.
        try:
            with self.calls.counted(context.peer()):
                gone = asyncio.Event()
                accepting = asyncio.ensure_future(
                    self.intake.accept(request, is_wanted=lambda: not gone.is_set() and _has_time(context))
                )
                try:
                    mark = await asyncio.shield(accepting)
                except asyncio.CancelledError:
                    gone.set()
                    accepting.add_done_callback(_note_orphan)
                    raise
                return pb.Ack(mark=mark, config_revision=await self._current_revision())
        except Refusal as refusal:
            await context.abort(_CODES[type(refusal)], str(refusal), _metadata(refusal))
        raise AssertionError("abort raises")

    async def _current_revision(self) -> int:
        """What an Ack carries. It does not wait for a control store that is busy: frames that are durable are not sent again."""
        now_us = self._now_us()
        if self._revision_at_us is None or not 0 <= now_us - self._revision_at_us < REVISION_AGE_US:
            self._revision_at_us = now_us
            if self._asking is None or self._asking.done():
                self._asking = asyncio.ensure_future(self._hand_out(self._revision, frozenset()))
            await asyncio.wait([self._asking], timeout=REVISION_WAIT_S)
        return self._revision

    async def _hand_out(self, known: int, wanted: Container[str] | None) -> Handout:
        """What the control store hands out; when it cannot, nothing new: telemetry does not wait for configuration."""
        try:
            answer = self._configurations(known, wanted)
            self._revision, configurations = await answer if inspect.isawaitable(answer) else answer
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and logged, and frames go on
            self.counters.count("configuration", type(error).__name__)
            _log.warning("configuration cannot be handed out: %s: %s", type(error).__name__, error)
            return known, []
        return self._revision, configurations


def _metadata(refusal: Refusal) -> tuple[tuple[str, str], ...]:
    if isinstance(refusal, OutOfOrder):
        return ((EXPECTED_SEQ, str(refusal.expected_seq)),)
    if isinstance(refusal, Overloaded):
        delay = (RETRY_AFTER_MS, str(refusal.retry_after_ms))
        return (delay, (RETRY_SCOPE, "epoch")) if refusal.concerns_epoch_only else (delay,)
    return ()


def _has_time(context: Any) -> bool:
    """Whether the deadline of a call, if it has one, is still to come."""
    left_s = context.time_remaining()
    return left_s is None or left_s > 0


def _note_orphan(accepting: "asyncio.Future[int]") -> None:
    if not accepting.cancelled() and accepting.exception() is not None:
        _log.debug("a batch whose sender had gone was refused: %s", accepting.exception())
