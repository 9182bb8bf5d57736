"""Distances of distribution functions over finite values: Kolmogorov-Smirnov and the first Wasserstein distance.

A side is a quantile sketch and, where they are known, exact counts in reference bins. The sketch says how many values are up to x
within a rank error; the counts say exactly how many are up to the bounds of each bin. Both hold at once: F(x) is the sketch's answer,
clipped to what the counts allow, which can only bring it nearer to the truth. With no rank error (all values kept) the results are
those of scipy.stats.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import Bin
from tidegauge.core.sketch import QuantileSketch

FloatArray = npt.NDArray[np.float64]

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
    """sup|F−G| and ∫|F−G| over finite values."""
    if not window.rows or not baseline.rows:
        return _NONE
    low, high = min(window.minimum, baseline.minimum), max(window.maximum, baseline.maximum)
    first, second = _Steps.of(window), _Steps.of(baseline)
    grid = np.unique(np.concatenate([first.places, second.places, [low, high]]))
    gap = np.abs(first.at(grid) - second.at(grid))
    error = first.error + second.error
    with np.errstate(over="ignore", invalid="ignore"):  # values near the largest float
        area = float(np.dot(gap[:-1], np.diff(grid)))
        span = high - low
    is_finite = math.isfinite(area) and math.isfinite(span)
    ks = Distance(min(1.0, float(gap.max())), min(1.0, error))
    return Distances(ks, Distance(area, error * span) if is_finite else Distance(None, None))


def normalised(distance: Distance, *, deviation: float, minimum: float, maximum: float) -> Distance:
    """A Wasserstein distance in standard deviations of the baseline; None where the baseline is (nearly) constant."""
    constant = not deviation > LEAST_DEVIATION * max(abs(minimum), abs(maximum))
    if distance.value is None or distance.error_bound is None or constant or not math.isfinite(deviation):
        return Distance(None, None)
    return Distance(distance.value / deviation, distance.error_bound / deviation)


@dataclass(frozen=True, slots=True)
class _Steps:
    """A distribution function: where it can step, and what its value can be between.

    `least_*` are the ends of bins with the shares that are certainly up to there, `most_*` the starts of bins with the shares that
    may be up to there.
    """

    side: Side
    places: FloatArray
    least_at: FloatArray
    least: FloatArray
    most_at: FloatArray
    most: FloatArray

    @classmethod
    def of(cls, side: Side) -> "_Steps":
        points = {one.lower for one in side.bins if one.kind == "point"}
        ends = [(_start(one, side, points), _end(one, side, points)) for one in side.bins]
        starts, stops = np.array(ends, dtype=np.float64).reshape(-1, 2).T
        shares = np.asarray(side.counts, dtype=np.float64) / side.rows
        by_stop, by_start = np.argsort(stops, kind="stable"), np.argsort(starts, kind="stable")
        used = shares > 0
        places = np.concatenate([side.sketch.points, starts[used], stops[used], [side.minimum, side.maximum]])
        return cls(
            side,
            places[(places >= side.minimum) & (places <= side.maximum)],
            stops[by_stop],
            np.append(0.0, np.cumsum(shares[by_stop])),
            starts[by_start],
            np.append(0.0, np.cumsum(shares[by_start])),
        )

    def at(self, x: FloatArray) -> FloatArray:
        """The share of values up to x."""
        least, most = self._bounds(x)
        sketch = self.side.sketch
        share = sketch.counts_below(x, inclusive=True) / sketch.count if sketch.count else (least + most) / 2
        return np.clip(share, least, most)

    @property
    def error(self) -> float:
        """How far `at` can be off, anywhere."""
        least, most = self._bounds(self.places)
        unknown = float((most - least).max(initial=0.0))
        if not self.side.sketch.count:
            return unknown / 2
        seen = min(1.0, self.side.sketch.count / self.side.rows)
        return min(unknown, self.side.rank_error * seen + (1.0 - seen))

    def _bounds(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        inside = (x >= self.side.minimum) & (x < self.side.maximum)
        edge = np.where(x >= self.side.maximum, 1.0, 0.0)
        if not len(self.least_at):
            return edge, np.where(inside, 1.0, edge)
        least = self.least[np.searchsorted(self.least_at, x, side="right")]
        most = self.most[np.searchsorted(self.most_at, x, side="right")]
        return np.where(inside, least, edge), np.where(inside, np.minimum(most, 1.0), edge)


def _start(one: Bin, side: Side, points: Collection[float | None]) -> float:
    """The least value that a bin can hold; a value that is a bin of its own is in no other."""
    if one.lower is None:
        return side.minimum
    excluded = one.kind == "above" or (one.kind != "point" and one.lower in points)
    return math.nextafter(one.lower, math.inf) if excluded else one.lower


def _end(one: Bin, side: Side, points: Collection[float | None]) -> float:
    """The greatest value that a bin can hold."""
    if one.upper is None:
        return side.maximum
    included = one.kind == "point" or (one.closed and one.upper not in points)
    return one.upper if included else math.nextafter(one.upper, -math.inf)
