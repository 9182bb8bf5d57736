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
from tidegauge.core.moments import add_products, serial_rows
from tidegauge.core.ordering import Sorting
from tidegauge.core.sketch import BLOCK_POINTS, QuantileSketch, middles, sketch_sorted

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Breathe = Callable[[], None]

_VALUES_AT_ONCE = 10_240
"""Values that are added up at once: 80 KiB, which malloc has at hand, and which stay in a processor's nearest caches."""
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
    (NaN of none); `points` are of the sketches of `points_of` values (0: none), `small` the sketches of columns with few values;
    `sorting` is how the points of many blocks are put into one order."""

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
    sorting: Sorting


@dataclass(frozen=True, eq=False)
class Sums:
    """Of a block about its columns' pivots, with 0 for what is not finite: sums, squares, and the products of all columns (C, C) where
    they were wanted. `odd` are the columns that have values that are not finite."""

    sums: Floats
    squares: Floats
    products: Floats | None
    odd: tuple[int, ...]


def add_up(layout: Layout, matrix: Floats, *, with_products: bool, breathe: Breathe) -> Sums:
    """The sums of a block, in parts that stay near the processor."""
    columns, rows = matrix.shape
    sums, squares, products = np.zeros(columns), np.zeros(columns), np.zeros((columns, columns))
    odd = np.zeros(columns, dtype=bool)
    step = min(serial_rows(columns), max(1, _VALUES_AT_ONCE // columns))
    with np.errstate(over="ignore", invalid="ignore"):  # near the largest float sums and differences are infinite
        for start in range(0, rows, step):
            part = matrix[:, start : start + step] - layout.pivots
            found = part.sum(axis=1)
            if not np.isfinite(
                found
            ).all():  # the sum tells of a missing value in a fraction of the time of a look at each
                unusable = ~np.isfinite(matrix[:, start : start + step])
                part[unusable] = 0.0
                found = part.sum(axis=1)
                odd |= unusable.any(axis=1)
            sums += found
            if with_products:
                add_products(part, products)
            else:
                squares += np.einsum("ij,ij->i", part, part)
            breathe()
    if with_products:
        return Sums(sums, products.diagonal(), products, tuple(np.flatnonzero(odd).tolist()))
    return Sums(sums, squares, None, tuple(np.flatnonzero(odd).tolist()))


def profile_block(
    layout: Layout,
    matrix: Floats,
    sums: Sums,
    *,
    sorting: Sorting,
    sketched: Collection[int],
    breathe: Breathe,
) -> NumericBlock:
    """Profile a block, which has these sums, and whose rows are overwritten on the way.

    Sketches are made of the columns `sketched`.
    """
    columns, rows = matrix.shape
    sorting.rows(matrix, breathe)
    has_points = len(sketched) == columns and rows > BLOCK_POINTS
    block = NumericBlock(
        layout,
        rows,
        finite=np.full(columns, rows),
        missing=np.zeros(columns, dtype=np.int64),
        non_finite=np.zeros(columns, dtype=np.int64),
        sums=sums.sums,
        squares=sums.squares,
        minima=matrix[:, 0].copy(),
        maxima=matrix[:, -1].copy(),
        ranks=np.zeros(layout.offsets[-1], dtype=np.int64),
        points=matrix.take(middles(rows, BLOCK_POINTS), axis=1)
        if has_points
        else np.empty((columns if sketched else 0, BLOCK_POINTS)),
        points_of=np.full(columns, rows if has_points else 0),
        small={},
        sorting=sorting,
    )
    breathe()
    values = list(matrix)
    for i in sums.odd:
        values[i] = _finite(block, i, matrix[i])
    for i in sums.odd if has_points else sketched:
        _note_sketch(block, i, values[i])
    starts, ranks = layout.offsets, block.ranks
    for i, cuts in enumerate(layout.cuts):
        if len(cuts):
            ranks[starts[i] : starts[i + 1]] = values[i].searchsorted(cuts)
    return block


def _finite(block: NumericBlock, i: int, row: Floats) -> Floats:
    """The finite values of a row in order, in which infinities lie at the ends and missing values last; and what they are noted as."""
    first, last, end = (int(row.searchsorted(*at)) for at in ((-np.inf, "right"), (np.inf, "left"), (np.inf, "right")))
    values = row[first:last]
    block.finite[i], block.missing[i], block.non_finite[i] = len(values), len(row) - end, end - len(values)
    block.minima[i], block.maxima[i] = (values[0], values[-1]) if len(values) else (np.nan, np.nan)
    return values


def _note_sketch(block: NumericBlock, i: int, values: Floats) -> None:
    sketch = sketch_sorted(values, BLOCK_POINTS)
    block.points_of[i] = 0
    if len(sketch.points) == BLOCK_POINTS:
        block.points[i] = sketch.points
        block.points_of[i] = sketch.count
    elif sketch.count:
        block.small[i] = sketch
