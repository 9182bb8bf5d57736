"""Frames on their way into the spool: the writer is opened at the first frame, and what the disk refuses waits in memory, bounded.

Where no spool can be made frames wait here (`spool_unavailable` counts what did not fit), where one cannot be written any more they
wait in its writer (`spool_unwritable`), never in both; they are written as soon as the disk allows it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

from tidegauge.errors import SpoolError, UsageError
from tidegauge.spool import Hole, Record, SpoolWriter, read_position
from tidegauge.spool.holes import HoleJournal
from tidegauge.spool.quota import REASON_AGE, REASON_QUOTA
from tidegauge.wire.kinds import FrameKind, rows_of
from tidegauge.wire.merging import merge_frames
from tidegauge.worker.frames import SealedFrame
from tidegauge.worker.marks import RowMarks

MIB = 1024 * 1024
MAX_WAITING_BYTES = 16 * MIB
FRAME_OBJECT_BYTES = 256  # what Python takes for a frame beside its payload, at most
SEGMENT_BYTES = 4 * MIB  # merged whole, in the host's memory
MAX_AGE_S = 7 * 86_400.0
_LAST_SEQ = 2**64 - 1


def _nothing() -> None:
    """For those who need no word when the spool is there."""


class Outbox:
    """One epoch's way into the spool, and how many rows it has carried. Touched only under the runtime's lock."""

    def __init__(
        self,
        root: Path,
        *,
        quota_bytes: int = 512 * MIB,
        durability: str = "seal",
        on_open: Callable[[], None] = _nothing,
    ) -> None:
        """`on_open` is called when there is a spool, before anything is durable in it; it must not raise."""
        self._root = root
        self._on_open = on_open
        self._quota_bytes = quota_bytes
        self._durability = durability
        self._writer: SpoolWriter | None = None
        self._journal: HoleJournal | None = None
        self._waiting: deque[SealedFrame] = deque()
        self._waiting_bytes = 0
        self.has_spooled = False
        self._is_behind = False  # whether something appended may not be durable yet
        self._is_unsynced = False  # whether that is so only because durability "interval" lets it wait
        self._durable = RowMarks()  # predictions
        self._actuals = RowMarks()
        self._appended_rows = self._appended_actuals = 0
        self._dropped: Counter[str] = Counter()

    @property
    def held_bytes(self) -> int:
        """Memory that frames take which the disk has not taken yet."""
        return self._waiting_bytes + (self._writer.held_bytes if self._writer is not None else 0)

    def put(self, frames: list[SealedFrame], *, at_once: bool = False) -> None:
        """Make frames durable, with those that had to wait; with durability "interval" only when that is due, or `at_once`.

        Raises SpoolError where the disk refuses: they wait for the next time.
        """
        self._waiting.extend(frames)
        self._waiting_bytes += sum(map(_held_bytes, frames))
        if not self._waiting and not self._is_behind:
            return
        self._is_behind, self._is_unsynced = True, False
        try:
            writer = self._open()
        except SpoolError:
            self._bound()
            raise
        while self._waiting:
            self._append(writer, self._waiting.popleft())
        self._waiting_bytes = 0
        seq = writer.commit(at_once=at_once)
        self._is_behind = self._is_unsynced = seq + 1 < writer.next_seq
        self.has_spooled = True
        if not self._is_behind:
            self._durable.add(seq, self._appended_rows - writer.dropped_rows(FrameKind.PROFILE))

    def sync(self) -> None:
        """With durability "interval": make durable what waits for its second to pass. Raises SpoolError, once."""
        if self._is_unsynced:
            self.put([])

    def close(self) -> None:
        """End the epoch. Raises SpoolError where records are lost by it."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def abandon_after_fork(self) -> None:
        """In a forked child: what is here is the parent's."""
        if self._writer is not None:
            self._writer.abandon_after_fork()
        self.__init__(  # type: ignore[misc]
            self._root, quota_bytes=self._quota_bytes, durability=self._durability, on_open=self._on_open
        )

    def is_acknowledged(self) -> bool:
        """Whether a collector holds every frame put so far."""
        return not self._is_behind and (self._writer is None or self._acknowledged_seq() >= self._writer.durable_seq)

    def counts(self) -> Counter[str]:
        """Predictions put = sealed + waiting + dropped by reason, and of those sealed how many are acknowledged.

        What is dropped from the spool after its seal (`quota`, `age`; by whichever process) is not sealed any more. Rows of truth
        that are lost are in `actuals_dropped`.
        """
        total = self._dropped + Counter()
        total["sealed"] = self._durable.total
        total["waiting"] = sum(frame.rows for frame in self._waiting if frame.kind is FrameKind.PROFILE)
        if self._writer is not None:
            self._count_spooled(total, self._writer)
        return total

    def _count_spooled(self, total: Counter[str], writer: SpoolWriter) -> None:
        acknowledged, counters = self._acknowledged_seq(), writer.counters
        unwritable = writer.dropped_rows(FrameKind.PROFILE)
        total["dropped:spool_unwritable"] = unwritable
        total["waiting"] += self._appended_rows - unwritable - self._durable.total
        total["actuals_dropped"] += writer.dropped_rows(FrameKind.ACTUALS)
        total["acknowledged"] = self._durable.up_to(acknowledged)
        for hole in self._lost():
            actuals = self._actuals.up_to(hole.last_seq) - self._actuals.up_to(hole.first_seq - 1)
            rows = max(0, hole.rows - actuals)
            total[f"dropped:{hole.reason}"] += rows
            total["actuals_dropped"] += actuals
            total["sealed"] -= rows
            total["acknowledged"] -= rows if hole.last_seq <= acknowledged else 0
        total["acknowledged"] = max(0, total["acknowledged"])  # the marks that it comes from may say too little
        total["spool_dropped_frames"] += counters.dropped_records
        total["spool_merged_frames"] += counters.merged_frames
        total["spool_merge_failures"] += counters.merge_failures

    def _lost(self) -> list[Hole]:
        """What was dropped from this epoch after it had been sealed."""
        if self._journal is None:
            return []
        self._journal.refresh()
        return [hole for hole in self._journal.touching(1, _LAST_SEQ) if hole.reason in {REASON_QUOTA, REASON_AGE}]

    def _open(self) -> SpoolWriter:
        if self._writer is None:
            self._writer = SpoolWriter(
                self._root,
                segment_size_bytes=min(SEGMENT_BYTES, max(MIB // 4, self._quota_bytes // 8)),
                quota_bytes=self._quota_bytes,
                max_age_s=MAX_AGE_S,
                durability=self._durability,
                max_pending_bytes=MAX_WAITING_BYTES,
                rows_of=_rows_of,
                merge=merge_frames,
            )
            self._journal = HoleJournal(self._writer.directory)
            self._on_open()
        return self._writer

    def _append(self, writer: SpoolWriter, frame: SealedFrame) -> None:
        seq = writer.next_seq
        try:
            writer.append(int(frame.kind), frame.payload, rows=frame.rows)
        except UsageError:  # longer than any record can be: it would be refused for ever
            self._drop(frame, "frame_too_long")
            return
        except SpoolError:
            if writer.next_seq == seq:
                self._waiting.appendleft(frame)
                raise
            # durability "always": the frame waits in the writer, and the commit to come says what is wrong
        if frame.kind is FrameKind.PROFILE:
            self._appended_rows += frame.rows
        elif frame.kind is FrameKind.ACTUALS:
            self._appended_actuals += frame.rows
            self._actuals.add(seq, self._appended_actuals)

    def _bound(self) -> None:
        while self._waiting_bytes > MAX_WAITING_BYTES:
            frame = self._waiting.popleft()
            self._waiting_bytes -= _held_bytes(frame)
            self._drop(frame, "spool_unavailable")

    def _drop(self, frame: SealedFrame, reason: str) -> None:
        self._dropped[f"dropped:{reason}"] += frame.rows if frame.kind is FrameKind.PROFILE else 0
        self._dropped["actuals_dropped"] += frame.rows if frame.kind is FrameKind.ACTUALS else 0

    def _acknowledged_seq(self) -> int:
        return read_position(self._writer.directory).acknowledged_seq if self._writer is not None else 0


def _held_bytes(frame: SealedFrame) -> int:
    return len(frame.payload) + FRAME_OBJECT_BYTES


def _rows_of(record: Record) -> int:
    """Rows that are lost with a stored frame, each once: a prediction with its profile and not again with its record."""
    return rows_of(record.kind, record.payload) if record.kind in {FrameKind.PROFILE, FrameKind.ACTUALS} else 0
