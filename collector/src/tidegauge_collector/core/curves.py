"""Curves of scores against the truth, thinned to what a drawing needs: ROC, calibration, lift, predicted against actual.

Rows are those of one task without missing values. Each is empty where it is undefined (one class only, no rows).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

POINTS = 200
BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows that lie together: how many, their mean score (or prediction) and mean truth."""

    n: int
    predicted: float
    actual: float


def roc(actual: Bools, score: Floats) -> list[tuple[float, float, float | None]]:
    """(false positive rate, true positive rate, threshold) from (0, 0) to (1, 1), at most POINTS + 2 of the exact curve's points.

    >>> roc(np.array([False, True]), np.array([0.1, 0.9]))
    [(0.0, 0.0, None), (0.0, 1.0, 0.9), (1.0, 1.0, 0.1)]
    """
    positives = int(actual.sum())
    negatives = len(actual) - positives
    if not positives or not negatives:
        return []
    order = np.argsort(-score, kind="stable")
    ranked, hits = score[order], np.cumsum(actual[order])
    ends = np.flatnonzero(np.append(np.diff(ranked) != 0, [True]))  # tied scores are decided together
    kept = ends[_thinned(len(ends))]
    found = [(int(at + 1 - hits[at]) / negatives, int(hits[at]) / positives, float(ranked[at])) for at in kept]
    return [(0.0, 0.0, None), *found]


def calibration(actual: Bools, score: Floats) -> list[Bin]:
    """Ten bins of equal width, as `ece` has them; bins without rows are left out. Empty where a score is outside 0 to 1."""
    if not len(score) or not ((score >= 0) & (score <= 1)).all():
        return []
    place = np.minimum(np.floor(BINS * score).astype(np.int64), BINS - 1)
    return _means(place, score, actual.astype(np.float64))


def lift(actual: Bools, score: Floats) -> list[Bin]:
    """Ten parts of (nearly) equal size, the highest scores first: mean score and share of positives of each."""
    n = len(score)
    if not n or not actual.any():
        return []
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(-score, kind="stable")] = np.arange(n) * min(BINS, n) // n
    return _means(place, score, actual.astype(np.float64))


def deciles(actual: Floats, predicted: Floats) -> list[Bin]:
    """Ten parts of (nearly) equal size by prediction, the lowest first: mean prediction and mean truth of each."""
    n = len(predicted)
    if not n:
        return []
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(predicted, kind="stable")] = np.arange(n) * min(BINS, n) // n
    return _means(place, predicted, actual)


def scattered(actual: Floats, predicted: Floats) -> list[tuple[float, float]]:
    """(predicted, actual) of at most POINTS rows, every k-th as they come."""
    kept = _thinned(len(actual))
    return list(zip(predicted[kept].tolist(), actual[kept].tolist(), strict=True))


def _thinned(n: int) -> npt.NDArray[np.int64]:
    """At most POINTS + 1 positions from first to last, evenly."""
    return np.unique(np.linspace(0, n - 1, min(n, POINTS + 1)).astype(np.int64)) if n else np.empty(0, dtype=np.int64)


def _means(place: npt.NDArray[np.int64], predicted: Floats, actual: Floats) -> list[Bin]:
    counts = np.bincount(place, minlength=BINS)
    sums = [np.bincount(place, weights=values, minlength=BINS) for values in (predicted, actual)]
    return [Bin(int(n), float(p / n), float(a / n)) for n, p, a in zip(counts, *sums, strict=True) if n]
