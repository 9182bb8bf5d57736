"""A quantile sketch: sorted points of equal weight.

A sketch of n values is m <= size points; point i stands for the ranks (i*n/m, (i+1)*n/m] and is the value at their middle, so
the rank error is at most 1/(2m) of n. While n <= size the points are the values themselves and nothing is lost.
Sketches merge by pooling their weighted points and picking points of equal weight again, all at once (doing it one after
another would add up the errors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DELTA_POINTS = 256
"""Points of what an agent seals: 2 KiB, rank error <= 0.2 %."""
WINDOW_POINTS = 2048
"""Points of what a collector keeps of a closed window: rank error <= 0.025 % more."""


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
    middles = (2 * np.arange(size, dtype=np.int64) + 1) * n // (2 * size)
    return QuantileSketch(n, values[middles])


def merge_sketches(sketches: Sequence[QuantileSketch], size: int = WINDOW_POINTS) -> QuantileSketch:
    """One sketch of all that the given ones summarise, compressed once."""
    kept = [sketch for sketch in sketches if sketch.count]
    if not kept:
        return EMPTY
    points = np.concatenate([sketch.points for sketch in kept])
    count = sum(sketch.count for sketch in kept)
    order = np.argsort(points, kind="stable")
    points = points[order]
    if count == len(points):  # every part is exact
        return sketch_sorted(points, size)
    weights = np.repeat([sketch.count / len(sketch.points) for sketch in kept], [len(sketch.points) for sketch in kept])
    upper_ranks = np.cumsum(weights[order])
    size = min(size, count - 1)  # never as many points as values: that would say that nothing was lost
    targets = (np.arange(size) + 0.5) * (count / size)
    index = np.minimum(np.searchsorted(upper_ranks, targets, side="left"), len(points) - 1)
    return QuantileSketch(count, points[index])
