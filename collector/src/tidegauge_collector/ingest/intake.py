"""Accepts batches whatever carried them: order, idempotence, limits, group commit. Knows nothing of gRPC."""

import asyncio
import uuid
import weakref
from collections.abc import Callable

from tidegauge.errors import TidegaugeError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest.agents import Agents
from tidegauge_collector.ingest.batch import Poison, beyond, read_batch
from tidegauge_collector.ingest.committer import Committer
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.framelog import NO_FRAME, LogEntry
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.refusals import EpochPurged, Invalid, OutOfOrder, Overloaded, Refusal

MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024
PURGED_AFTER_US = 400 * 86_400 * 1_000_000
BUSY_MS = 500  # what a sender is told to wait when too much is under way
DISK_MS = 5_000  # and when the disk refuses


def is_epoch(epoch: bytes) -> bool:
    """Say whether bytes are a UUIDv7."""
    return len(epoch) == 16 and uuid.UUID(bytes=epoch).version == 7


class Intake:
    """Takes batches of many epochs at once, of one epoch one after the other. All methods run in the event loop's thread."""

    def __init__(
        self,
        committer: Committer,
        marks: Marks,
        quarantine: Quarantine,
        *,
        agents: Agents,
        counters: IngestCounters,
        on_frames: Callable[[], None],
        now_us: Callable[[], int],
        max_in_flight_bytes: int = MAX_IN_FLIGHT_BYTES,
    ) -> None:
        self._committer = committer
        self._marks = marks
        self._quarantine = quarantine
        self._agents = agents
        self._counters = counters
        self._on_frames = on_frames
        self._now_us = now_us
        self._max_in_flight_bytes = max_in_flight_bytes
        self._in_flight_bytes = 0
        self._locks: weakref.WeakValueDictionary[bytes, asyncio.Lock] = weakref.WeakValueDictionary()

    async def accept(self, request: pb.ShipRequest) -> int:
        """Return the epoch's mark after everything in the batch is durable, or raise a Refusal: nothing is acknowledged then."""
        size = request.ByteSize()
        if self._in_flight_bytes and self._in_flight_bytes + size > self._max_in_flight_bytes:
            self._counters.count("ship", "overload")
            raise Overloaded(
                f"{self._in_flight_bytes} bytes are under way already: send again later",
                reason="overload",
                retry_after_ms=BUSY_MS,
            )
        self._in_flight_bytes += size
        try:
            mark = await self._accept(request)
        except Refusal as refusal:
            self._counters.count("ship", refusal.reason)
            raise
        finally:
            self._in_flight_bytes -= size
        self._counters.count("ship", "ok")
        self._agents.shipped(request.epoch, request.agent, mark, closed=self._marks.is_closed(request.epoch))
        return mark

    def is_purged(self, epoch: bytes) -> bool:
        """Say whether the mark of an epoch may have been purged: none is known, and its first 48 bits, the time of its start, are old."""
        started_us = int.from_bytes(epoch[:6]) * 1_000
        return epoch not in self._marks and started_us < self._now_us() - PURGED_AFTER_US

    async def _accept(self, request: pb.ShipRequest) -> int:
        if not is_epoch(request.epoch):
            raise Invalid(f"epoch {request.epoch[:20].hex()!r} is not a UUIDv7 of 16 bytes")
        if request.first_seq < 1:
            raise Invalid("first_seq 0: numbers begin with 1")
        if self.is_purged(request.epoch):
            raise EpochPurged(
                f"epoch {request.epoch.hex()} is older than 400 days and unknown here: give its frames up"
            )
        lock = self._locks.setdefault(request.epoch, asyncio.Lock())
        async with lock:
            mark = self._marks.mark(request.epoch)
            if request.first_seq > mark + 1:
                raise OutOfOrder(mark + 1, request.first_seq)
            entries, poisons = read_batch(request, self._now_us())
            fresh = beyond(entries, mark)
            if not fresh and request.closed and mark and not self._marks.is_closed(request.epoch):
                fresh = [LogEntry(request.epoch, mark, mark, self._now_us(), True, NO_FRAME, b"")]
            if fresh:
                await self._store(fresh, [poison for poison in poisons if poison.seq > mark])
            return self._marks.mark(request.epoch)

    async def _store(self, fresh: list[LogEntry], poisons: list[Poison]) -> None:
        try:
            for poison in poisons:
                kept = await asyncio.to_thread(self._quarantine.keep, poison)
                self._counters.count("quarantined", "kept" if kept else "no_room")
            await asyncio.wrap_future(self._committer.submit(fresh))
        except (TidegaugeError, OSError) as error:
            raise Overloaded(str(error), reason="disk", retry_after_ms=DISK_MS) from error
        epoch, last = fresh[-1].epoch, fresh[-1]
        self._marks.advance(epoch, last.last_seq)
        if last.closed:
            self._marks.close(epoch)
        for entry in fresh:
            if entry.kind != NO_FRAME:
                self._counters.count("frames", FrameKind(entry.kind).name.lower())
                self._counters.count("bytes", n=len(entry.frame))
        self._on_frames()
