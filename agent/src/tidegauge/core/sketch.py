"""A quantile sketch: sorted points of equal weight.

A sketch of n values is m <= size points; point i stands for the ranks (i*n/m, (i+1)*n/m] and is the value at their middle. While
n <= size the points are the values themselves and nothing is lost.

The error of a rank is at most the sum of 1/(2m) over the compressions on its way, m the points that each left, whatever the values
(a compression rounds the distribution to steps of 1/m) and whatever the order and sizes of what is merged (the error of a pool is a
mean of those of its parts). So sketches are pooled many at a time and compressed once, not one after another:

    block of 4,096 rows -> 512 points                                             0.098 %
    eight of a level -> 1,024 points; from the third level on 2,048               0.049 % twice, then 0.024 % a level
    what an agent seals -> 256 points                                             0.195 %
    the union of a window's deltas, and each roll-up of windows -> 2,048 points   0.024 %

The union of a window's deltas is within 0.5 % (0.49 % after 10^9 rows in one window of one process, 0.42 % up to 2 million), and a
roll-up adds 0.024 %. What a full spool merges (tidegauge.wire.merging) is compressed to 256 points once more: 0.195 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BLOCK_POINTS = 512
"""Points of a block of rows, while its window is open."""
DELTA_POINTS = 256
"""Points of what an agent seals: 2 KiB."""
WINDOW_POINTS = 2048
"""Points of what a collector keeps of a closed window."""
PARTS = 8
"""Sketches that are pooled before they are compressed."""
_LEVEL_POINTS = (1_024, 1_024)


@dataclass(frozen=True, slots=True)
class QuantileSketch:
    """`count` finite values, summarised by `points` (float64, ascending) of equal weight."""

    count: int
    points: Floats

    @property
    def rank_error(self) -> float:
        """Largest error of a rank, as a share of `count`, made by this compression alone."""
        return 0.0 if self.count <= len(self.points) else 0.5 / len(self.points)

    def quantile(self, q: float) -> float | None:
        """The ceil(q*n)-th smallest value (q as a decimal fraction), or None of nothing."""
        if not len(self.points):
            return None
        rank = max(1, rank_of(q, self.count))
        index = min(len(self.points) - 1, (rank - 1) * len(self.points) // self.count)
        return float(self.points[index])

    def counts_below(self, values: Floats, *, inclusive: bool = False) -> Floats:
        """For each value, how many of the summarised ones are smaller (or equal, where `inclusive`): float64, not whole numbers."""
        positions = np.searchsorted(self.points, values, side="right" if inclusive else "left")
        weight = self.count / len(self.points) if len(self.points) else 0.0
        return positions.astype(np.float64) * weight


EMPTY = QuantileSketch(0, np.empty(0, dtype=np.float64))


def rank_of(q: float, n: int) -> int:
    """ceil(q*n) with q read as the decimal fraction that it prints as, so that 0.99 of 100 is 99."""
    exact = Fraction(repr(float(q))) * n
    return -(-exact.numerator // exact.denominator)


def sketch_sorted(values: Floats, size: int = DELTA_POINTS) -> QuantileSketch:
    """The sketch of sorted finite values."""
    n = len(values)
    if n <= size:
        return QuantileSketch(n, values.astype(np.float64, copy=True))
    return QuantileSketch(n, values.take(middles(n, size)))


@lru_cache(maxsize=64)
def middles(n: int, size: int) -> npt.NDArray[np.int64]:
    """Where among n sorted values the points of a sketch are. Not to be changed."""
    return (2 * np.arange(size, dtype=np.int64) + 1) * n // (2 * size)


def merge_sketches(sketches: Sequence[QuantileSketch], size: int = WINDOW_POINTS) -> QuantileSketch:
    """One sketch of all that the given ones summarise, compressed once."""
    kept = [sketch for sketch in sketches if sketch.count]
    if not kept:
        return EMPTY
    points = np.concatenate([sketch.points for sketch in kept])
    count = sum(sketch.count for sketch in kept)
    per_point = [sketch.count / len(sketch.points) for sketch in kept]
    if max(per_point) == min(per_point):
        points.sort(kind="stable")  # runs that are in order already
        return QuantileSketch(count, sketch_sorted(points, size).points)
    order = np.argsort(points, kind="stable")
    points = points[order]
    upper_ranks = np.cumsum(np.repeat(per_point, [len(sketch.points) for sketch in kept])[order])
    size = min(size, count - 1)  # never as many points as values: that would say that nothing was lost
    targets = (np.arange(size) + 0.5) * (count / size)
    index = np.minimum(np.searchsorted(upper_ranks, targets, side="left"), len(points) - 1)
    return QuantileSketch(count, points[index])


def level_points(level: int) -> int:
    """Points that eight sketches of a level are compressed to."""
    return _LEVEL_POINTS[level] if level < len(_LEVEL_POINTS) else WINDOW_POINTS


class SketchStack:
    """Sketches waiting to be one: eight of a level become one of the next, so that errors add up once a level, not once a merge."""

    def __init__(self) -> None:
        self._levels: list[list[QuantileSketch]] = [[]]
        self._pooled: list[QuantileSketch] = []

    def __bool__(self) -> bool:
        return any(self._levels) or bool(self._pooled)

    @property
    def size_bytes(self) -> int:
        return sum(sketch.points.nbytes for level in (*self._levels, self._pooled) for sketch in level)

    def add(self, sketch: QuantileSketch) -> None:
        """Take in one more."""
        for number, level in enumerate(self._levels):
            level.append(sketch)
            if len(level) < PARTS:
                return
            sketch = merge_sketches(level, level_points(number))
            level.clear()
        self._levels.append([sketch])

    def put(self, parts: Sequence[QuantileSketch]) -> None:
        """Take in what a stack of another form has pooled already: it is merged with the rest when all is taken."""
        self._pooled += parts

    def take_parts(self) -> list[QuantileSketch]:
        """All, pooled as far as it is."""
        parts = [*self._pooled, *(sketch for level in self._levels for sketch in level)]
        self._levels, self._pooled = [[]], []
        return parts

    def take(self) -> QuantileSketch:
        """All as one, as it is sealed."""
        return merge_sketches(self.take_parts(), DELTA_POINTS)
