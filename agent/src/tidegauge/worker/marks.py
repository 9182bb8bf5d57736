"""PURE: how many rows lie at or below a seq, remembered at a bounded number of places."""

from bisect import bisect_right

MAX_MARKS = 4_096


class RowMarks:
    """Running totals of rows by seq. The more there are, the further they stand apart: between two marks `up_to` says too little,
    never too much."""

    def __init__(self) -> None:
        self._seqs: list[int] = []
        self._totals: list[int] = []
        self._stride = 0  # in seqs

    def __len__(self) -> int:
        return len(self._seqs)

    @property
    def total(self) -> int:
        """All rows."""
        return self._totals[-1] if self._totals else 0

    def add(self, seq: int, total: int) -> None:
        """Remember that so many rows lie at or below `seq`, which is at least that of the last mark."""
        if len(self) >= MAX_MARKS:
            self._seqs, self._totals = self._seqs[1::2], self._totals[1::2]
            self._stride = 2 * (seq - self._seqs[0]) // MAX_MARKS
        if len(self) > 1 and seq - self._seqs[-2] < self._stride:
            del self._seqs[-1], self._totals[-1]
        self._seqs.append(seq)
        self._totals.append(total)

    def up_to(self, seq: int) -> int:
        """Rows at or below `seq`."""
        known = bisect_right(self._seqs, seq)
        return self._totals[known - 1] if known else 0
