"""PURE: the records that a writer holds in memory, bounded: what no longer fits becomes a hole, oldest first."""

from collections import deque
from dataclasses import dataclass

from tidegauge.spool.record import Hole, Record, encode_record, hole_record

REASON_UNWRITABLE = "spool_unwritable"


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive records, encoded, to be made durable together."""

    first_seq: int
    last_seq: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Encoded:
    seq: int
    data: bytes
    rows: int


class PendingRecords:
    """Encoded records that are not durable yet, in order of seq, behind the hole of those that were dropped."""

    def __init__(self) -> None:
        self._records: deque[_Encoded] = deque()
        self._hole: Hole | None = None
        self.size_bytes = 0
        self.dropped_records = 0

    def __len__(self) -> int:
        return len(self._records) + (self._hole is not None)

    def add(self, record: Record, rows: int) -> None:
        """Keep a record; `rows` is what its loss would cost."""
        data = encode_record(record)
        self._records.append(_Encoded(record.seq, data, rows))
        self.size_bytes += len(data)

    def shrink_to(self, size_bytes: int) -> None:
        """Drop the oldest records until the rest fits, and remember them as one hole."""
        while self.size_bytes > size_bytes and self._records:
            lost = self._records.popleft()
            first_seq, rows = (self._hole.first_seq, self._hole.rows) if self._hole else (lost.seq, 0)
            self._hole = Hole(first_seq, lost.seq, REASON_UNWRITABLE, rows + lost.rows)
            self.size_bytes -= len(lost.data)
            self.dropped_records += 1

    def next_group(self, size_bytes: int) -> Group:
        """Return the oldest records, at least one, that fit in `size_bytes`; they stay here until `forget`."""
        parts: list[bytes] = []
        first_seq = last_seq = 0
        room = size_bytes
        if self._hole:
            first_seq, last_seq = self._hole.first_seq, self._hole.last_seq
            parts.append(encode_record(hole_record(self._hole)))
        for record in self._records:
            if parts and len(record.data) > room:
                break
            parts.append(record.data)
            room -= len(record.data)
            first_seq, last_seq = first_seq or record.seq, record.seq
        return Group(first_seq, last_seq, b"".join(parts))

    def forget(self, last_seq: int) -> None:
        """Let go of everything up to `last_seq`, which is durable now."""
        if self._hole and self._hole.last_seq <= last_seq:
            self._hole = None
        while self._records and self._records[0].seq <= last_seq:
            self.size_bytes -= len(self._records.popleft().data)
