"""Frames on their way into the spool: the writer is opened at the first frame, and what the disk refuses waits in memory, bounded.

Where no spool can be made frames wait here (`spool_unavailable` counts what did not fit), where one cannot be written any more they
wait in its writer (`spool_unwritable`); both write everything as soon as the disk allows it.
"""

from __future__ import annotations

from collections import Counter, deque
from pathlib import Path

from tidegauge.errors import SpoolError, UsageError
from tidegauge.spool import Record, SpoolWriter, read_position
from tidegauge.wire.kinds import FrameKind, rows_of
from tidegauge.wire.merging import merge_frames
from tidegauge.worker.frames import SealedFrame

MIB = 1024 * 1024
MAX_WAITING_BYTES = 16 * MIB
SEGMENT_BYTES = 4 * MIB  # merged whole, in the host's memory
MAX_AGE_S = 7 * 86_400.0


class Outbox:
    """One epoch's way into the spool, and how many rows it has carried. Touched only under the runtime's lock."""

    def __init__(self, root: Path, *, quota_bytes: int = 512 * MIB, durability: str = "seal") -> None:
        self._root = root
        self._quota_bytes = quota_bytes
        self._durability = durability
        self._writer: SpoolWriter | None = None
        self._waiting: deque[SealedFrame] = deque()
        self._waiting_bytes = 0
        self.has_spooled = False
        self._is_behind = False  # whether something appended may not be durable yet
        self._is_unsynced = False  # whether that is so only because durability "interval" lets it wait
        self._commits: deque[tuple[int, int]] = deque(maxlen=65_536)  # (seq, rows sealed up to it)
        self._appended_rows = self._sealed_rows = 0
        self._dropped: Counter[str] = Counter()

    def put(self, frames: list[SealedFrame], *, at_once: bool = False) -> None:
        """Make frames durable, with those that had to wait; with durability "interval" only when that is due, or `at_once`.

        Raises SpoolError where the disk refuses: they wait for the next time.
        """
        self._waiting.extend(frames)
        self._waiting_bytes += sum(len(frame.payload) for frame in frames)
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
            self._sealed_rows = self._appended_rows
            self._commits.append((seq, self._sealed_rows))

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
        fresh = Outbox(self._root, quota_bytes=self._quota_bytes, durability=self._durability)
        self.__dict__.update(fresh.__dict__)

    def is_acknowledged(self) -> bool:
        """Whether a collector holds every frame put so far."""
        return not self._is_behind and (self._writer is None or self._acknowledged_seq() >= self._writer.durable_seq)

    def counts(self) -> Counter[str]:
        """Rows sealed, acknowledged and dropped here."""
        acknowledged = self._acknowledged_seq()
        rows = max((rows for seq, rows in self._commits if seq <= acknowledged), default=0)
        total = Counter({"sealed": self._sealed_rows, "acknowledged": rows}) + self._dropped
        if self._writer is not None:
            counters = self._writer.counters
            total["dropped:quota"] += counters.quota_dropped_rows
            total["dropped:age"] += counters.age_dropped_rows
            total["dropped:spool_unwritable"] += counters.dropped_rows
            total["spool_dropped_frames"] += counters.dropped_records
            total["spool_merged_frames"] += counters.merged_frames
            total["spool_merge_failures"] += counters.merge_failures
        return total

    def _open(self) -> SpoolWriter:
        if self._writer is None:
            self._writer = SpoolWriter(
                self._root,
                segment_size_bytes=min(SEGMENT_BYTES, max(MIB // 4, self._quota_bytes // 8)),
                quota_bytes=self._quota_bytes,
                max_age_s=MAX_AGE_S,
                durability=self._durability,
                rows_of=_rows_of,
                merge=merge_frames,
            )
        return self._writer

    def _append(self, writer: SpoolWriter, frame: SealedFrame) -> None:
        try:
            writer.append(int(frame.kind), frame.payload, rows=frame.rows)
        except UsageError:  # longer than any record can be: it would be refused for ever
            self._dropped["dropped:frame_too_long"] += frame.rows
            return
        self._appended_rows += frame.rows if frame.kind is FrameKind.PROFILE else 0

    def _bound(self) -> None:
        while self._waiting_bytes > MAX_WAITING_BYTES:
            frame = self._waiting.popleft()
            self._waiting_bytes -= len(frame.payload)
            self._dropped["dropped:spool_unavailable"] += frame.rows

    def _acknowledged_seq(self) -> int:
        return read_position(self._writer.directory).acknowledged_seq if self._writer is not None else 0


def _rows_of(record: Record) -> int:
    return rows_of(record.kind, record.payload)
