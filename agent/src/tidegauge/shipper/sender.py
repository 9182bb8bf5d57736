"""One epoch on its way: what to send next, and what an answer means. Touches only the epoch's directory, never the network.

Invariants: numbers leave in order and without holes; `attempted_seq` is durable before a frame's first send, and is raised only
where nothing was merged or dropped since the frame was read, else it is read anew; what is acknowledged is stored before segments
are deleted; after a rewind everything is read anew.
"""

import contextlib
import random
import uuid
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from tidegauge.errors import TidegaugeError
from tidegauge.shipper.backoff import Backoff
from tidegauge.shipper.carried import carried_up_to
from tidegauge.shipper.outgoing import MAX_FRAMES, Outgoing, gap_in_place_of, outgoing_of, take_batch
from tidegauge.shipper.refused import keep_refused
from tidegauge.spool.attempts import announce_attempt, interventions
from tidegauge.spool.crash_points import crash_here
from tidegauge.spool.directory import release, remove_if_finished
from tidegauge.spool.epoch import epoch_of
from tidegauge.spool.lock import durable_seq, writer_state
from tidegauge.spool.position import Position, read_position
from tidegauge.spool.reader import SpoolReader
from tidegauge.spool.record import Hole, Record
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import MAX_BATCH_BYTES, deployment_of

SMALLEST_BATCH = 64 * 1024
MAX_DEPLOYMENTS = 1_000  # of an epoch, named in a Hello
LIVENESS_S = 1.0
RELEASE_EVERY = 8 * 1024 * 1024  # bytes acknowledged between two deletions while there is more to send


class EpochSender:
    """Ships one epoch directory, one batch at a time. Not thread-safe. File errors pass through as OSError or SpoolError."""

    def __init__(self, directory: Path, rng: random.Random) -> None:
        epoch = epoch_of(directory.name)
        if epoch is None:
            raise ValueError(f"{directory} is not an epoch directory")
        self.directory = directory
        self.epoch: uuid.UUID = epoch
        self.backoff = Backoff(rng)
        self.resume_at = 0.0  # monotonic; nothing is sent before
        self.in_flight: pb.ShipRequest | None = None
        self.blocked: str | None = None  # why this epoch can never be sent
        self.denied: str | None = None  # why the collector does not take it from us now
        position = read_position(directory)
        self.acknowledged_seq = position.acknowledged_seq
        self._attempted_seq = position.attempted_seq
        self._stored_seq = position.acknowledged_seq
        self._unreleased_bytes = 0
        self._announced = False  # the collector knows that nothing follows
        self._alone = 0  # frames to be sent one by one, to find the one that is refused
        self._batch_bytes = MAX_BATCH_BYTES
        self.deployments: set[str] = set()  # that the frames read so far are of
        self._is_live = True
        self._live_checked_at = float("-inf")
        self._begin_reading()

    def is_live(self, now: float) -> bool:
        """Say whether the writer lives; looks at most once a second."""
        if self._is_live and now - self._live_checked_at >= LIVENESS_S:
            self._live_checked_at = now
            self._is_live = writer_state(self.directory).is_live
        return self._is_live

    def has_work(self, now: float) -> bool:
        """Say whether anything is to be sent, stored or announced; cheap when there is not."""
        if self._waiting or self.in_flight or self.acknowledged_seq != self._stored_seq:
            return True
        if self.is_live(now):
            return durable_seq(self.directory) != self._read_seq
        return not (self._reader.finished and self._announced)

    @property
    def is_done(self) -> bool:
        """Say whether the writer is gone and the collector has everything and knows it."""
        return self._announced and not (self._waiting or self.in_flight) and not self._is_live and self._reader.finished

    def position(self) -> pb.EpochPosition:
        """Where the epoch stands, for a Hello."""
        if not self.deployments:
            self._peek()
        state = writer_state(self.directory)
        last_seq = max(state.last_known_seq, self._read_seq)
        return pb.EpochPosition(
            epoch=self.epoch.bytes,
            last_seq=last_seq,
            acknowledged_seq=self.acknowledged_seq,
            closed=not state.is_live,
            deployments=sorted(self.deployments)[:MAX_DEPLOYMENTS],
        )

    def next_request(self, agent: pb.AgentIdentity, now: float) -> pb.ShipRequest | None:
        """What to send now, None where there is nothing; the caller sends it and reports the answer."""
        batch = self._next_batch(now)
        is_end = self._reader.finished and len(batch) == len(self._waiting) and not self.is_live(now)
        if not batch and (self._announced or not is_end):
            self._store()
            return None
        self.in_flight = pb.ShipRequest(
            epoch=self.epoch.bytes,
            first_seq=batch[0].first_seq if batch else self.acknowledged_seq + 1,
            frames=[item.frame for item in batch],
            agent=agent,
            closed=is_end,
        )
        return self.in_flight

    def acknowledge(self, mark: int) -> int:
        """Take an Ack (or a mark from a Hello) and return how many frames it settles."""
        request, self.in_flight = self.in_flight, None
        settled = 0
        while self._waiting and self._waiting[0].last_seq <= mark:
            item = self._waiting.popleft()
            self._unreleased_bytes += len(item.frame)
            settled += 1
        crash_here("sender.acknowledged")
        self.denied = None
        self.acknowledged_seq = max(self.acknowledged_seq, mark)
        if mark > self._read_seq:
            self._begin_reading(mark)
        if mark > self._attempted_seq:  # the position was lost: what is held there must not be merged any more
            self._store()
            self._attempted_seq = mark
        self._alone = max(0, self._alone - settled)
        self._batch_bytes = min(MAX_BATCH_BYTES, self._batch_bytes * 2)
        if settled or not request or not request.frames:
            self.backoff.reset()
        if request and request.closed and not self._waiting:
            self._announced = True
        if self._unreleased_bytes >= RELEASE_EVERY:
            self._store()
        return settled

    def rewind(self, expected_seq: int) -> None:
        """Read again from a number on: the collector does not have it, whatever it said before."""
        self.in_flight = None
        self._announced = False
        if expected_seq <= carried_up_to(self.directory):
            # that went by hand: wait until it has come, rather than call it lost
            self._begin_reading(self.acknowledged_seq)
            return
        # the file keeps the higher one; sending again is harmless
        self.acknowledged_seq = self._stored_seq = expected_seq - 1
        self._begin_reading(expected_seq - 1)

    def refuse(self, message: str) -> None:
        """Take a refusal: look for the frame by sending one by one; one refused alone is set aside and its number sent as a gap."""
        request, self.in_flight = self.in_flight, None
        if request is None or not request.frames:
            self.blocked = message
        elif len(request.frames) > 1:
            self._alone = len(request.frames)
        elif self._waiting[0].is_gap:
            self.blocked = message  # not even the gap is taken: the collector does not speak our language
        else:
            item = self._waiting.popleft()
            keep_refused(self.directory.parent, f"{self.epoch}-{item.first_seq}", item.frame, message)
            crash_here("sender.refused")
            self._waiting.appendleft(gap_in_place_of(item))

    def fail(self, now: float, *, timed_out: bool = False) -> None:
        """Take a failure of this epoch alone: the same batch again later, a smaller one where the time was too short."""
        self.in_flight = None
        self.resume_at = now + self.backoff.next_s()
        if timed_out:
            self._batch_bytes = max(SMALLEST_BATCH, self._batch_bytes // 2)

    def deny(self, message: str, now: float) -> None:
        """Take that these frames are not ours to send: they wait for a person, the other epochs go on."""
        self.in_flight = None
        self.denied = message
        self.resume_at = now + self.backoff.longest_s()

    def interrupt(self, *, timed_out: bool = False) -> None:
        """Take the loss of the connection: the same batch again when there is a new one."""
        self.in_flight = None
        if timed_out:
            self._batch_bytes = max(SMALLEST_BATCH, self._batch_bytes // 2)

    def remove(self) -> bool:
        """Delete the directory of a finished epoch; False where something in it is not ours."""
        self._store()
        return remove_if_finished(self.directory)

    def look_again(self) -> None:
        """Forget what was seen of the writer: it may have ended a moment ago."""
        self._live_checked_at = float("-inf")

    def _next_batch(self, now: float) -> list[Outgoing]:
        """What is to be sent now, announced; empty where there is nothing, or nothing yet after it was read anew."""
        for _ in range(2):
            if not self._waiting and self.has_work(now):
                self._fill()
            batch = take_batch(self._waiting, self._batch_bytes, 1 if self._alone else MAX_FRAMES)
            if not batch or self._is_announced(batch[-1].last_seq):
                return batch
            self._begin_reading()
        return []

    def _begin_reading(self, after_seq: int | None = None) -> None:
        self._seen = interventions(self.directory)  # before the first read
        self._read_seq = self.acknowledged_seq if after_seq is None else after_seq
        self._reader = SpoolReader(self.directory, after_seq=self._read_seq)
        self._waiting: deque[Outgoing] = deque()

    def _peek(self) -> None:
        """Learn whose the next frame is before it can be sent, so that the very first Hello names a deployment."""
        with contextlib.suppress(OSError, TidegaugeError):  # sending meets it again, and says so
            self._learn(SpoolReader(self.directory, after_seq=self._read_seq).read(max_bytes=1, max_records=1))

    def _learn(self, found: Iterable[Record | Hole]) -> None:
        self.deployments.update(deployment_of(one.payload) for one in found if isinstance(one, Record))
        self.deployments.discard("")

    def _fill(self) -> None:
        found = self._reader.read(max_bytes=MAX_BATCH_BYTES, max_records=MAX_FRAMES)
        self._learn(found)
        for item in outgoing_of(found, self._read_seq + 1):
            self._waiting.append(item)
            self._read_seq = item.last_seq

    def _is_announced(self, last_seq: int) -> bool:
        """Make it durable that frames are about to be sent; False: what was read is not what is to be sent any more."""
        if last_seq <= self._attempted_seq:
            return True
        position = Position(self.acknowledged_seq, max(last_seq, self.acknowledged_seq))
        if not announce_attempt(self.directory, position, self._seen):
            return False
        self._attempted_seq = position.attempted_seq
        return True

    def _store(self) -> None:
        """Store what is acknowledged and delete what is not needed any more."""
        if self.acknowledged_seq != self._stored_seq:
            release(self.directory, self.acknowledged_seq)
            self._stored_seq = self.acknowledged_seq
            self._unreleased_bytes = 0
