"""Accepts batches whatever carried them: order, idempotence, limits, group commit. Knows nothing of gRPC."""

import asyncio
import uuid
import weakref
from collections.abc import Callable

from tidegauge.errors import TidegaugeError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest.admission import Admission
from tidegauge_collector.ingest.agents import Agents
from tidegauge_collector.ingest.batch import Batch, beyond, read_batch
from tidegauge_collector.ingest.committer import Committer
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.framelog import NO_FRAME, LogEntry
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.quarantine import Quarantine
from tidegauge_collector.ingest.refusals import Abandoned, EpochPurged, Invalid, OutOfOrder, Refusal

PURGED_AFTER_US = 400 * 86_400 * 1_000_000
RETRIED_BY = "(quarantine)"  # instance of what comes back from the quarantine: no agent's


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
        admission: Admission | None = None,
    ) -> None:
        self._committer = committer
        self._marks = marks
        self._quarantine = quarantine
        self._agents = agents
        self._counters = counters
        self._on_frames = on_frames
        self._now_us = now_us
        self.admission = admission or Admission(IntakeLimits(), now_us=now_us)
        self._locks: weakref.WeakValueDictionary[bytes, asyncio.Lock] = weakref.WeakValueDictionary()

    async def accept(self, request: pb.ShipRequest, *, is_wanted: Callable[[], bool] = lambda: True) -> int:
        """Return the epoch's mark after everything in the batch is durable, or raise a Refusal: nothing is acknowledged then.

        A batch for whose answer nobody waits any more (`is_wanted`) is not begun.
        """
        try:
            with self.admission.admitted(request):
                mark = await self._accept(request, is_wanted)
        except Refusal as refusal:
            self._counters.count("ship", refusal.reason)
            raise
        self._counters.count("ship", "ok")
        if request.agent.instance_id != RETRIED_BY:
            self._agents.shipped(request.epoch, request.agent, mark, closed=self._marks.is_closed(request.epoch))
        return mark

    def is_purged(self, epoch: bytes) -> bool:
        """Say whether the mark of an epoch may have been purged: none is known, and its first 48 bits, the time of its start, are old."""
        started_us = int.from_bytes(epoch[:6]) * 1_000
        return epoch not in self._marks and started_us < self._now_us() - PURGED_AFTER_US

    async def _accept(self, request: pb.ShipRequest, is_wanted: Callable[[], bool]) -> int:
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
            if not is_wanted():
                raise Abandoned("the sender has gone, or its deadline has passed: the batch was not begun")
            mark = self._marks.mark(request.epoch)
            if request.first_seq > mark + 1:
                raise OutOfOrder(mark + 1, request.first_seq)
            batch = read_batch(request, self._now_us())
            fresh = beyond(batch.entries, mark)
            if not fresh and request.closed and mark and not self._marks.is_closed(request.epoch):
                batch.deployments.append("")
                fresh = [LogEntry(request.epoch, mark, mark, self._now_us(), True, NO_FRAME, b"")]
            if fresh:
                await self._store(request, batch, fresh, mark)
            return self._marks.mark(request.epoch)

    async def _store(self, request: pb.ShipRequest, batch: Batch, fresh: list[LogEntry], mark: int) -> None:
        sizes_bytes = batch.sizes_bytes(fresh)
        self.admission.check_quotas(sizes_bytes)
        try:
            kept = await self._set_aside(batch, mark)
            await asyncio.wrap_future(self._committer.submit(fresh))
            if kept:
                await asyncio.to_thread(self._quarantine.confirm, kept)
        except (TidegaugeError, OSError) as error:
            raise self.admission.refuse_disk(error) from error
        epoch, last = fresh[-1].epoch, fresh[-1]
        self._marks.advance(epoch, last.last_seq)
        if last.closed:
            self._marks.close(epoch)
        self.admission.charge(sizes_bytes)
        self._note(fresh)
        self._agents.roster.shipped(
            request,
            last.last_seq,
            closed=self._marks.is_closed(epoch),
            deployments=sizes_bytes,
            gaps=[decode_frame(entry.frame).gap for entry in fresh if entry.kind == FrameKind.GAP],
            sealed_at_us=batch.sealed_at_us,
        )
        self._on_frames()

    async def _set_aside(self, batch: Batch, mark: int) -> list[str]:
        """Keep what cannot be used; the ids of what was kept, to be confirmed once the gaps that stand for it are durable."""
        kept = []
        for poison in batch.poisons:
            if poison.seq <= mark:
                continue
            has_room = await asyncio.to_thread(self._quarantine.keep, poison)
            self._counters.count("quarantined", poison.flaw if has_room else "no_room")
            if has_room:
                kept.append(f"{poison.epoch.hex()}-{poison.seq}")
        return kept

    def _note(self, fresh: list[LogEntry]) -> None:
        for entry in fresh:
            if entry.kind != NO_FRAME:
                self._counters.count("frames", FrameKind(entry.kind).name.lower())
                self._counters.count("bytes", n=len(entry.frame))
