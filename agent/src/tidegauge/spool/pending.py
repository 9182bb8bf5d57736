"""PURE: the records that a writer holds in memory, bounded: what no longer fits becomes a hole, oldest first."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from tidegauge.spool.record import Hole, encode_record, hole_record

REASON_UNWRITABLE = "spool_unwritable"
OBJECT_BYTES = 256  # what Python takes for a record beside its bytes, at most
_KIND_AT = 16  # of an encoded record


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive records, encoded, to be made durable together."""

    first_seq: int
    last_seq: int
    data: bytes


class PendingRecords:
    """Encoded records that are not durable yet, in order of seq, behind the hole of those that were dropped."""

    def __init__(self) -> None:
        self._records: deque[tuple[int, bytes, int]] = deque()  # seq, encoded, rows
        self._hole: Hole | None = None
        self.size_bytes = 0
        self.dropped_records = 0
        self.dropped_rows: Counter[int] = Counter()  # by kind

    def __len__(self) -> int:
        return len(self._records) + (self._hole is not None)

    @property
    def held_bytes(self) -> int:
        """Memory that the records take."""
        return self.size_bytes + OBJECT_BYTES * len(self._records)

    def add(self, seq: int, encoded: bytes, rows: int) -> None:
        """Keep a record; `rows` is what its loss would cost."""
        self._records.append((seq, encoded, rows))
        self.size_bytes += len(encoded)

    def shrink_to(self, held_bytes: int) -> None:
        """Drop the oldest records until the rest takes no more memory than that, and remember them as one hole."""
        while self.held_bytes > held_bytes and self._records:
            seq, encoded, rows = self._records.popleft()
            first_seq, earlier = (self._hole.first_seq, self._hole.rows) if self._hole else (seq, 0)
            self._hole = Hole(first_seq, seq, REASON_UNWRITABLE, earlier + rows)
            self.size_bytes -= len(encoded)
            self.dropped_records += 1
            self.dropped_rows[encoded[_KIND_AT]] += rows

    def next_group(self, size_bytes: int) -> Group:
        """Return the oldest records, at least one, that fit in `size_bytes`; they stay here until `forget`."""
        records = list(self._records if self.size_bytes <= size_bytes else self._fitting(size_bytes))
        if not self._hole:
            return Group(records[0][0], records[-1][0], b"".join([encoded for _, encoded, _ in records]))
        parts = [encode_record(hole_record(self._hole)), *(encoded for _, encoded, _ in records)]
        return Group(self._hole.first_seq, records[-1][0] if records else self._hole.last_seq, b"".join(parts))

    def forget(self, last_seq: int) -> None:
        """Let go of everything up to `last_seq`, which is durable now."""
        if self._hole and self._hole.last_seq <= last_seq:
            self._hole = None
        if self._records and self._records[-1][0] <= last_seq:
            self._records.clear()
            self.size_bytes = 0
        while self._records and self._records[0][0] <= last_seq:
            self.size_bytes -= len(self._records.popleft()[1])

    def _fitting(self, room: int) -> Iterator[tuple[int, bytes, int]]:
        for position, record in enumerate(self._records):
            room -= len(record[1])
            if position and room < 0:
                return
            yield record
