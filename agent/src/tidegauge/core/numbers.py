"""Profiles of many numeric columns at once: a block of rows as one matrix, a row of it for each column.

    block (C columns x n rows) -> sums, extremes, ranks of the bins' cuts, 512 points of each sketch   (here)
                               -> added up -> ColumnProfile                                            (tidegauge.core.blocksum)

What a profile of one column costs by itself is paid once for all of them. The figures are those of `profile_numeric`: counts exactly,
sums to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import NumericBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.sketch import (
    BLOCK_POINTS,
    QuantileSketch,
    sketch_sorted,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Sort = Callable[[Floats], object]
"""Sorts a row in place."""
Breathe = Callable[[], None]

MAX_COLUMNS = 32
"""Columns of a layout at most: of 4,096 rows 1 MiB, which stays in a processor's cache."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Which columns the rows of a block are, and the bins that they are counted in (None: none are known)."""

    names: tuple[str, ...]
    kinds: tuple[ColumnKind, ...]
    bins: tuple[NumericBins | None, ...]

    @cached_property
    def pivots(self) -> Floats:
        """Of the moments: (C, 1)."""
        return np.array([[one.pivot if one else 0.0] for one in self.bins])

    @cached_property
    def cuts(self) -> list[Floats]:
        """Values whose "smaller than" ranks all counts of a column's bins are differences of."""
        return [one.cuts if one else np.empty(0) for one in self.bins]

    @cached_property
    def unbinned(self) -> frozenset[int]:
        """Places of the columns of which no bins are known: only their sketches can be counted in bins later."""
        return frozenset(i for i, one in enumerate(self.bins) if one is None)

    @cached_property
    def offsets(self) -> list[int]:
        """Where the ranks of each column begin in an array of all, and its length."""
        return [0, *accumulate(len(one) for one in self.cuts)]


@dataclass(frozen=True, eq=False)
class NumericBlock:
    """Some rows, profiled. By column: how many values are finite, missing and non-finite; sums and squares about the pivot; extremes
    (NaN of none); `points` are of the sketches of `points_of` values (0: none), `small` the sketches of columns with few values."""

    layout: Layout
    rows: int
    finite: Integers
    missing: Integers
    non_finite: Integers
    sums: Floats
    squares: Floats
    minima: Floats
    maxima: Floats
    ranks: Integers
    points: Floats
    points_of: Integers
    small: dict[int, QuantileSketch]


@dataclass(frozen=True, eq=False)
class Shifted:
    """The values of a block about the columns' pivots, 0 for what is not finite; and their sums."""

    values: Floats
    sums: Floats


def shift(layout: Layout, matrix: Floats) -> Shifted:
    """A block about its pivots."""
    with np.errstate(over="ignore", invalid="ignore"):  # near the largest float sums and differences are infinite
        values = matrix - layout.pivots
        sums = values.sum(axis=1)
        for i in np.flatnonzero(~np.isfinite(sums)).tolist():
            values[i, ~np.isfinite(matrix[i])] = 0.0
            sums[i] = values[i].sum()
    return Shifted(values, sums)


def profile_block(
    layout: Layout, matrix: Floats, shifted: Shifted | None, *, sort: Sort, sketched: Collection[int], breathe: Breathe
) -> NumericBlock:
    """Profile a block, whose rows are overwritten on the way; `shifted` is the block about its pivots, where it was made already.

    Sketches are made of the columns `sketched`.
    """
    columns, rows = matrix.shape
    sums, squares = np.zeros(columns), np.zeros(columns)
    odd = set(np.flatnonzero(~np.isfinite(matrix).all(axis=1)).tolist())
    if shifted is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            sums, squares = shifted.sums, np.einsum("ij,ij->i", shifted.values, shifted.values)
    block = NumericBlock(
        layout,
        rows,
        finite=np.full(columns, rows),
        missing=np.zeros(columns, dtype=np.int64),
        non_finite=np.zeros(columns, dtype=np.int64),
        sums=sums,
        squares=squares,
        minima=np.full(columns, np.nan),
        maxima=np.full(columns, np.nan),
        ranks=np.zeros(layout.offsets[-1], dtype=np.int64),
        points=np.empty((columns if sketched else 0, BLOCK_POINTS)),
        points_of=np.zeros(columns, dtype=np.int64),
        small={},
    )
    for i, row in enumerate(matrix):
        values = _finite(block, i, row) if i in odd else row
        if len(values):
            sort(values)
            _note_sorted(block, i, values)
            if shifted is None:
                sums[i], squares[i] = _moments(values, layout.pivots[i, 0])
            if i in sketched:
                _note_sketch(block, i, values)
        breathe()
    return block


def _moments(values: Floats, pivot: float) -> tuple[float, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = values - pivot
        return float(shifted.sum()), float(np.dot(shifted, shifted))


def _finite(block: NumericBlock, i: int, row: Floats) -> Floats:
    values = row[np.isfinite(row)]
    block.finite[i], block.missing[i] = len(values), np.count_nonzero(np.isnan(row))
    block.non_finite[i] = len(row) - len(values) - block.missing[i]
    return values


def _note_sorted(block: NumericBlock, i: int, values: Floats) -> None:
    layout = block.layout
    block.minima[i], block.maxima[i] = values[0], values[-1]
    block.ranks[layout.offsets[i] : layout.offsets[i + 1]] = values.searchsorted(layout.cuts[i])


def _note_sketch(block: NumericBlock, i: int, values: Floats) -> None:
    sketch = sketch_sorted(values, BLOCK_POINTS)
    if len(sketch.points) < BLOCK_POINTS:
        block.small[i] = sketch
    else:
        block.points[i] = sketch.points
        block.points_of[i] = sketch.count
