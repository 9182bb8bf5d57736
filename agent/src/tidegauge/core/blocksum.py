"""Profiled blocks of many numeric columns, added up, and their sketches as one stack for all columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from tidegauge.core.numbers import Floats, Integers, Layout, NumericBlock
from tidegauge.core.ordering import Sorting
from tidegauge.core.profile import ColumnProfile
from tidegauge.core.sketch import PARTS, QuantileSketch, SketchStack, level_points, merge_sketches, middles


class BlockSum:
    """Blocks of one layout, added up; the sketches as one stack for all columns, of a few values in one for each."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._stack = PointStack()
        self._small: dict[int, SketchStack] = {}
        self._clear()

    def _clear(self) -> None:
        n = len(self.layout.names)
        self.rows = 0
        self._finite, self._missing, self._non_finite = (np.zeros(n, dtype=np.int64) for _ in range(3))
        self._sums, self._squares = np.zeros(n), np.zeros(n)
        self._minima, self._maxima = np.full(n, np.nan), np.full(n, np.nan)
        self._ranks = np.zeros(self.layout.offsets[-1], dtype=np.int64)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        small = sum(one.size_bytes for one in self._small.values())
        return 8 * (7 * len(self.layout.names) + len(self._ranks)) + self._stack.size_bytes + small

    def add(self, block: NumericBlock) -> None:
        """Take in one more block."""
        self.rows += block.rows
        self._finite += block.finite
        self._missing += block.missing
        self._non_finite += block.non_finite
        with np.errstate(over="ignore", invalid="ignore"):
            self._sums += block.sums
            self._squares += block.squares
        np.fmin(self._minima, block.minima, out=self._minima)
        np.fmax(self._maxima, block.maxima, out=self._maxima)
        self._ranks += block.ranks
        small = list(block.small.items())
        if block.points_of.any():
            small += self._stack.add(block.points_of.copy(), block.points, block.sorting)
        for i, sketch in small:
            self._small.setdefault(i, SketchStack()).add(sketch)

    def take(self) -> list[ColumnProfile]:
        """The profiles of what came since the last take, without sketches."""
        if not self.rows:
            return []
        found = [self._profile(i) for i in range(len(self.layout.names))]
        self._clear()
        return found

    def _profile(self, i: int) -> ColumnProfile:
        layout, finite = self.layout, int(self._finite[i])
        bins, ranks = layout.bins[i], self._ranks[layout.offsets[i] : layout.offsets[i + 1]]
        return ColumnProfile(
            layout.names[i],
            layout.kinds[i],
            self.rows,
            int(self._missing[i]),
            int(self._non_finite[i]),
            pivot=float(layout.pivots[i, 0]),
            sum=float(self._sums[i]),
            sum_squares=float(self._squares[i]),
            minimum=float(self._minima[i]),
            maximum=float(self._maxima[i]),
            bin_counts=bins.counts_of_ranks(ranks, finite) if bins else None,
        )

    def take_sketches(self, columns: Collection[int]) -> Iterator[tuple[str, list[QuantileSketch]]]:
        """The sketches of some columns (by their place), in parts that are yet to be merged."""
        pooled = self._stack.take(columns)
        for i in columns:
            small = self._small.pop(i).take_parts() if i in self._small else []
            if pooled[i] or small:
                yield self.layout.names[i], [*pooled[i], *small]


class PointStack:
    """A `SketchStack` for many columns at once: eight levels' worth of points become one of the next, for all columns together."""

    def __init__(self) -> None:
        self._levels: list[list[tuple[Integers, Floats]]] = [[]]

    @property
    def size_bytes(self) -> int:
        return sum(points.nbytes for level in self._levels for _, points in level)

    def add(self, counts: Integers, points: Floats, sorting: Sorting) -> list[tuple[int, QuantileSketch]]:
        """Take in sketches of `counts` values (0: none) by their points, as many of each column; what does not fit in is returned."""
        spilt: list[tuple[int, QuantileSketch]] = []
        for number, level in enumerate(self._levels):
            level.append((counts, points))
            if len(level) < PARTS:
                return spilt
            counts, points, odd = _merged(level, level_points(number), sorting)
            spilt += odd
            level.clear()
        self._levels.append([(counts, points)])
        return spilt

    def take(self, columns: Collection[int]) -> dict[int, list[QuantileSketch]]:
        """The sketches of some columns, in parts; the stack has none of them any more."""
        found: dict[int, list[QuantileSketch]] = {i: [] for i in columns}
        for counts, points in (one for level in self._levels for one in level):
            for i in columns:
                if counts[i]:
                    found[i].append(QuantileSketch(int(counts[i]), points[i].copy()))
                    counts[i] = 0
        if not any(counts.any() for level in self._levels for counts, _ in level):
            self._levels = [[]]
        return found


def _merged(
    parts: Sequence[tuple[Integers, Floats]], size: int, sorting: Sorting
) -> tuple[Integers, Floats, list[tuple[int, QuantileSketch]]]:
    """Points of all columns' sketches, compressed once; and the sketches of columns that are too small for that."""
    counts = np.stack([one for one, _ in parts])
    pooled = np.concatenate([points for _, points in parts], axis=1)
    total = counts.sum(axis=0)
    alike = (counts == counts[0]).all(axis=0) & (counts[0] > 0)
    merged = np.zeros((len(total), size))
    if alike.any():
        own = pooled if alike.all() else pooled[alike]
        sorting.runs(own)
        merged[alike] = own.take(middles(own.shape[1], size), axis=1)
    spilt = []
    for i in np.flatnonzero(~alike & (total > 0)).tolist():
        kept = [QuantileSketch(int(count[i]), points[i]) for count, points in parts if count[i]]
        sketch = merge_sketches(kept, size)
        if len(sketch.points) == size:
            merged[i] = sketch.points
        else:
            spilt.append((i, sketch))
            total[i] = 0
    return total, merged, spilt
