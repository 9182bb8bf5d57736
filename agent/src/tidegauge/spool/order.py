"""PURE: puts what was read into one gapless order: each seq once, as its record or within a hole."""

from collections import deque

from tidegauge.spool.holes import HoleJournal
from tidegauge.spool.record import HOLE_KIND, Hole, Record, hole_of

REASON_CORRUPT = "corrupt"
REASON_MISSING = "missing"


class Ordered:
    """Items ready to be handed out; `last_seq` is the last number that they cover."""

    def __init__(self, after_seq: int, journal: HoleJournal) -> None:
        self.items: deque[Record | Hole] = deque()
        self.last_seq = after_seq
        self._journal = journal
        self._is_damaged = False  # since the last item

    def accept(self, records: list[Record], damaged_before: set[int]) -> None:
        """Take records in the order of a segment; damage lay before those at the indices `damaged_before`."""
        if self._follow_on(records) and not damaged_before:
            self.items.extend(records)
            self.last_seq = records[-1].seq
            return
        for index, record in enumerate(records):
            self._is_damaged |= index in damaged_before
            if record.seq > self.last_seq:
                self._accept_one(record)

    def note_damage(self) -> None:
        """Remember that bytes were damaged here: the numbers that turn out to be gone are corrupt, not missing."""
        self._is_damaged = True

    def end_at(self, last_seq: int) -> None:
        """Cover everything up to `last_seq`: nothing more comes before it."""
        if self.last_seq >= last_seq:
            return
        reason = REASON_CORRUPT if self._is_damaged else REASON_MISSING
        for hole in self._journal.touching(self.last_seq + 1, last_seq):
            if hole.first_seq > self.last_seq + 1:
                self._add(Hole(self.last_seq + 1, hole.first_seq - 1, reason))
            self._add(hole)
        if self.last_seq < last_seq:
            self._add(Hole(self.last_seq + 1, last_seq, reason))

    def _follow_on(self, records: list[Record]) -> bool:
        """Say whether the records simply continue what is here, which is the rule."""
        return (
            bool(records)
            and records[0].seq == self.last_seq + 1
            and records[-1].seq == self.last_seq + len(records)
            and self._journal.last_seq <= self.last_seq
            and HOLE_KIND not in [record.kind for record in records]
        )

    def _accept_one(self, record: Record) -> None:
        hole = hole_of(record)
        if record.kind == HOLE_KIND and hole is None:
            self._is_damaged = True
            self.end_at(record.seq)
            return
        self.end_at((hole.first_seq if hole else record.seq) - 1)
        if self._journal.touching(record.seq, record.seq):
            self.end_at(record.seq)
        elif record.seq > self.last_seq:
            self._add(hole or record)

    def _add(self, item: Record | Hole) -> None:
        if isinstance(item, Hole):
            if item.last_seq <= self.last_seq:
                return
            item = Hole(max(item.first_seq, self.last_seq + 1), item.last_seq, item.reason, item.rows)
        self.items.append(item)
        self.last_seq = item.last_seq if isinstance(item, Hole) else item.seq
        self._is_damaged = False
