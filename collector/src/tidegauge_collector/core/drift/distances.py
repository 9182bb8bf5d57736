"""Distances of distribution functions over finite values: Kolmogorov-Smirnov and the first Wasserstein distance.

A side is a quantile sketch and, where they are known, exact counts in reference bins. The sketch says how many values are up to x
within a rank error; the counts say exactly how many are up to the bounds of each bin. Both hold at once: F(x) is the sketch's answer,
clipped to what the counts allow, which can only bring it nearer to the truth. With no rank error (all values kept) the results are
those of scipy.stats.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import Bin
from tidegauge.core.sketch import QuantileSketch

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LEAST_DEVIATION = 1e-9  # times the largest absolute value: below it a baseline is constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One sample's finite values: `rows` of them between `minimum` and `maximum`.

    `rank_error` is that of the sketch, as a share of what it summarises, 0 where it holds every value. `bins` and `counts` are
    exact counts of the same values, empty where there are none.
    """

    rows: int
    minimum: float
    maximum: float
    sketch: QuantileSketch
    rank_error: float
    bins: Sequence[Bin] = ()
    counts: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Distance:
    """A distance and how far from it the true one can be at most; None of both where a side is empty."""

    value: float | None
    error_bound: float | None


@dataclass(frozen=True, slots=True)
class Distances:
    """Kolmogorov-Smirnov statistic (0..1) and Wasserstein distance (the feature's units)."""

    ks: Distance
    wasserstein: Distance


_NONE = Distances(Distance(None, None), Distance(None, None))


def distances(window: Side, baseline: Side) -> Distances:
    """sup|F−G| and ∫|F−G| over finite values.

    Both functions are read off one sorted run of everything where either can step: a sort of two runs that are in order and two
    running counts, where searching each place in each sketch takes several times as long.
    """
    if not window.rows or not baseline.rows:
        return _NONE
    low, high = min(window.minimum, baseline.minimum), max(window.maximum, baseline.maximum)
    first, second = _Outline.of(window), _Outline.of(baseline)
    bounds = np.clip(np.concatenate([first.places, second.places, [low, high]]), low, high)
    values = np.concatenate([window.sketch.points, baseline.sketch.points, bounds])
    order = values.argsort(kind="stable")
    grid = values[order]
    split = len(window.sketch.points)
    f, error_of_f = first.along(grid, order < split)
    g, error_of_g = second.along(grid, (order >= split) & (order < len(values) - len(bounds)))
    gap = np.abs(f - g)
    error = error_of_f + error_of_g
    with np.errstate(over="ignore", invalid="ignore"):  # values near the largest float
        area = float(np.dot(gap[:-1], np.diff(grid)))  # equal places lie no way apart
        span = high - low
    is_finite = math.isfinite(area) and math.isfinite(span)
    last_of_equals = np.append(grid[1:] != grid[:-1], True)
    ks = Distance(min(1.0, float(gap.max(where=last_of_equals, initial=0.0))), min(1.0, error))
    return Distances(ks, Distance(area, error * span) if is_finite else Distance(None, None))


def normalised(distance: Distance, *, deviation: float, minimum: float, maximum: float) -> Distance:
    """A Wasserstein distance in standard deviations of the baseline; None where the baseline is (nearly) constant."""
    constant = not deviation > LEAST_DEVIATION * max(abs(minimum), abs(maximum))
    if distance.value is None or distance.error_bound is None or constant or not math.isfinite(deviation):
        return Distance(None, None)
    return Distance(distance.value / deviation, distance.error_bound / deviation)


@dataclass(frozen=True, slots=True)
class _Outline:
    """What the counts say of a distribution function, and the places where that changes.

    `least` are the shares that are certainly up to x from each of `least_at` on (the ends of bins), `most` those that may be up to x
    from each of `most_at` on (their starts); both begin with what holds before the first.
    """

    side: Side
    places: FloatArray
    least_at: FloatArray
    least: FloatArray
    most_at: FloatArray
    most: FloatArray

    @classmethod
    def of(cls, side: Side) -> "_Outline":
        nowhere = np.empty(0)
        if not side.bins:
            return cls(side, np.array([side.minimum, side.maximum]), nowhere, np.zeros(1), nowhere, np.ones(1))
        starts, stops = _ends(tuple(side.bins))
        starts = np.where(np.isnan(starts), side.minimum, starts)
        stops = np.where(np.isnan(stops), side.maximum, stops)
        shares = np.asarray(side.counts, dtype=np.float64) / side.rows
        used = shares > 0
        places = np.concatenate([starts[used], stops[used], [side.minimum, side.maximum]])
        by_stop, by_start = stops.argsort(kind="stable"), starts.argsort(kind="stable")
        most = np.minimum(_running(shares[by_start]), 1.0)
        return cls(side, places, stops[by_stop], _running(shares[by_stop]), starts[by_start], most)

    def along(self, grid: FloatArray, own: BoolArray) -> tuple[FloatArray, float]:
        """The share of values up to each place of a sorted grid, and how far that can be off anywhere.

        `own` marks the points of the sketch, all of which are in the grid. Of equal places the last has the value.
        """
        side, size = self.side, len(self.side.sketch.points)
        values = np.zeros(len(grid))
        begin, end = grid.searchsorted([side.minimum, side.maximum]).tolist()
        values[end:] = 1.0
        least = _held(self.least, self.least_at, grid)[begin:end]
        most = _held(self.most, self.most_at, grid)[begin:end]
        share = np.cumsum(own)[begin:end] / size if size else (least + most) / 2
        values[begin:end] = np.minimum(np.maximum(share, least), most)
        unknown = float((most - least).max(initial=0.0))
        if not size:
            return values, unknown / 2
        seen = min(1.0, side.sketch.count / side.rows)
        return values, min(unknown, side.rank_error * seen + (1.0 - seen))


def _running(shares: FloatArray) -> FloatArray:
    sums = np.zeros(len(shares) + 1)
    np.cumsum(shares, out=sums[1:])
    return sums


def _held(levels: FloatArray, at: FloatArray, grid: FloatArray) -> FloatArray:
    """A step function along a sorted grid: `levels[i]` from `at[i - 1]` on."""
    changes = np.zeros(len(at) + 2, dtype=np.int64)
    changes[1:-1], changes[-1] = grid.searchsorted(at), len(grid)
    return np.repeat(levels, np.diff(changes))


@lru_cache(maxsize=4_096)  # the columns of a baseline are measured again and again
def _ends(bins: tuple[Bin, ...]) -> tuple[FloatArray, FloatArray]:
    """The least and the greatest value that each bin can hold, nan where it is open: to the side's own least or greatest."""
    points = {one.lower for one in bins if one.kind == "point"}
    ends = [(_start(one, points), _end(one, points)) for one in bins]
    starts, stops = np.array(ends, dtype=np.float64).reshape(-1, 2).T
    return starts, stops


def _start(one: Bin, points: Collection[float | None]) -> float:
    """A value that is a bin of its own is in no other."""
    if one.lower is None:
        return math.nan
    excluded = one.kind == "above" or (one.kind != "point" and one.lower in points)
    return math.nextafter(one.lower, math.inf) if excluded else one.lower


def _end(one: Bin, points: Collection[float | None]) -> float:
    if one.upper is None:
        return math.nan
    included = one.kind == "point" or (one.closed and one.upper not in points)
    return one.upper if included else math.nextafter(one.upper, -math.inf)
