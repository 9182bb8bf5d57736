"""How well scores of a positive class order and price the rows: AUC, average precision, log loss, Brier, calibration, lift.

Rows that are not of the task (missing or invalid labels and scores) are left out and counted by the caller. Where a metric is
undefined its value is None with a reason: `no_rows`, `one_class`, `no_positive`, or `out_of_domain` (a score outside what the metric
allows; NaN and infinity always are). Where it is defined it equals scikit-learn's to 1e-9.
"""

import math

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.accuracy.estimate import (
    NOT_NEGATIVE,
    SHARE,
    BoolArray,
    Estimate,
    FloatArray,
    by_influence,
    mean,
    no_value,
    proportion,
    scaled,
    variance_of_mean,
    with_error,
)
from tidegauge_collector.core.accuracy.rows import binary_rows, not_probabilities, undefined

LOG_LOSS_CLIP = float(np.finfo(np.float64).eps)
BINS = 10


def auc(actual: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """Area under the ROC curve, ties count half; error by DeLong, DeLong & Clarke-Pearson (1988).

    `actual` is True where the row is of the positive class. Needs two rows of each class for an error.

    >>> auc([False, False, True, True], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    labels, s = binary_rows(actual, scores)
    reason = undefined(s) or _one_class(labels)
    if reason is not None:
        return no_value("delong", reason, labels.size)
    positive, negative = np.sort(s[labels]), np.sort(s[~labels])
    wins = _wins(positive, negative)  # twice the rows of the other class that each row beats, a tie counting one
    losses = _wins(negative, positive)
    value = int(wins.sum()) / (2 * positive.size * negative.size)
    variance = variance_of_mean(wins / (2 * negative.size)) + variance_of_mean(losses / (2 * positive.size))
    error = None if math.isnan(variance) else math.sqrt(variance)
    return with_error(value, error, method="delong", n=labels.size, bounds=SHARE)


def gini(actual: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """2·AUC − 1: 0 for a coin, 1 for a perfect order; error as that of the AUC (DeLong 1988)."""
    return scaled(auc(actual, scores), 2.0, -1.0)


def average_precision(actual: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """Mean precision at each positive row, by steps (no interpolation); error by its influence function (Efron 1982)."""
    labels, s = binary_rows(actual, scores)
    reason = undefined(s) or _no_positive(labels)
    if reason is not None:
        return no_value("influence", reason, labels.size)
    curve = _Curve(labels, s)
    precision = curve.hits / curve.seen
    value = float(np.dot(precision, curve.hits_here)) / curve.positives
    # of a row: its own precision, and what it does to the precision at every threshold that it is above
    n = labels.size
    by_hit, by_any = (curve.hits_here / curve.seen, curve.hits_here * curve.hits / curve.seen**2)
    above = [np.cumsum(one[::-1])[::-1] for one in (by_hit, by_any)]
    own = np.where(labels, precision[curve.place] - value + above[0][curve.place], 0.0) - above[1][curve.place]
    return by_influence(value, own * (n / curve.positives), bounds=SHARE)


def log_loss(actual: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """Mean −ln of the probability given to what happened, in nats; scores in 0..1, clipped by the float64 epsilon."""
    labels, s = binary_rows(actual, scores)
    reason = not_probabilities(s)
    return no_value("normal", reason, labels.size) if reason else mean(_losses(labels, s), bounds=NOT_NEGATIVE)


def brier(actual: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """Mean squared difference of score and truth (Brier 1950); scores in 0..1."""
    labels, s = binary_rows(actual, scores)
    reason = not_probabilities(s)
    return no_value("normal", reason, labels.size) if reason else mean((s - labels) ** 2, bounds=SHARE)


def ks_score(actual: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """Largest true positive rate minus false positive rate over all thresholds; error of both rates at that threshold."""
    labels, s = binary_rows(actual, scores)
    reason = undefined(s) or _one_class(labels)
    if reason is not None:
        return no_value("binomial_at_maximum", reason, labels.size)
    curve = _Curve(labels, s)
    negatives = labels.size - curve.positives
    tpr, fpr = curve.hits / curve.positives, (curve.seen - curve.hits) / negatives
    best = int((tpr - fpr).argmax())
    t, f = float(tpr[best]), float(fpr[best])
    error = math.sqrt(t * (1 - t) / curve.positives + f * (1 - f) / negatives)
    return with_error(max(0.0, t - f), error, method="binomial_at_maximum", n=labels.size, bounds=SHARE)


def rate_at_top(actual: npt.ArrayLike, scores: npt.ArrayLike, *, percent: int) -> Estimate:
    """Share of positives among the ⌈percent·n/100⌉ highest scores, ties at the cut shared in proportion; Wilson band."""
    labels, s = binary_rows(actual, scores)
    reason = undefined(s)
    if reason is not None:
        return no_value("wilson", reason, labels.size)
    top = _top(labels.size, percent)
    return proportion(_hits_at_top(labels, s, top), top)


def lift_at_top(actual: npt.ArrayLike, scores: npt.ArrayLike, *, percent: int) -> Estimate:
    """`rate_at_top` divided by the share of positives of all rows; error by the delta method."""
    labels, s = binary_rows(actual, scores)
    reason = undefined(s) or _no_positive(labels)
    if reason is not None:
        return no_value("delta", reason, labels.size)
    n, top = labels.size, _top(labels.size, percent)
    hits = _hits_at_top(labels, s, top)
    positives = float(np.count_nonzero(labels))
    value = (hits / top) / (positives / n)
    by_hit, by_other = (n / (top * positives**2) * x for x in (positives - hits, -hits))
    variance = by_hit**2 * _binomial_variance(hits, top) + by_other**2 * _binomial_variance(positives - hits, n - top)
    return with_error(value, math.sqrt(variance), method="delta", n=n, bounds=NOT_NEGATIVE)


def ece(actual: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """Expected calibration error: mean gap of score and share of positives, over ten bins of equal width, weighted by rows.

    Error by the delta method, which takes the sign of each bin's gap as given: the value itself is biased upwards in small samples.
    """
    labels, s = binary_rows(actual, scores)
    reason = not_probabilities(s)
    if reason is not None:
        return no_value("delta", reason, labels.size)
    bins = np.minimum(np.floor(BINS * s).astype(np.int64), BINS - 1)
    gaps = labels - s
    by_bin = np.bincount(bins, weights=gaps, minlength=BINS)
    value = float(np.abs(by_bin).sum()) / labels.size
    return by_influence(value, np.sign(by_bin)[bins] * gaps, bounds=SHARE, method="delta")


def fve_binomial(actual: npt.ArrayLike, scores: npt.ArrayLike) -> Estimate:
    """Fraction of deviance explained: 1 − log loss / log loss of the window's own prevalence; error by its influence function."""
    labels, s = binary_rows(actual, scores)
    reason = not_probabilities(s) or _one_class(labels)
    if reason is not None:
        return no_value("influence", reason, labels.size)
    losses, p = _losses(labels, s), float(labels.mean())
    null = -(p * math.log(p) + (1 - p) * math.log1p(-p))
    loss = float(losses.mean())
    slope = math.log((1 - p) / p)
    influence = -(losses - loss) / null + loss / null**2 * slope * (labels - p)
    return by_influence(1.0 - loss / null, influence, bounds=(-math.inf, 1.0))


class _Curve:
    """Rows from the highest score down, one entry for each different score: positives and rows up to there."""

    def __init__(self, labels: BoolArray, scores: FloatArray) -> None:
        values, inverse, counts = np.unique(-scores, return_inverse=True, return_counts=True)
        self.place = inverse
        self.hits_here = np.bincount(inverse, weights=labels, minlength=values.size)
        self.hits = np.cumsum(self.hits_here)
        self.seen = np.cumsum(counts).astype(np.float64)
        self.positives = int(np.count_nonzero(labels))


def _losses(labels: BoolArray, s: FloatArray) -> FloatArray:
    losses: FloatArray = -np.log(np.clip(np.where(labels, s, 1.0 - s), LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP))
    return losses


def _wins(rows: FloatArray, others: FloatArray) -> npt.NDArray[np.int64]:
    """Both sorted: searching in order keeps the cache warm, three times faster than ranking the whole."""
    return np.searchsorted(others, rows, side="left") + np.searchsorted(others, rows, side="right")


def _top(n: int, percent: int) -> int:
    return -(-percent * n // 100)


def _hits_at_top(labels: BoolArray, s: FloatArray, top: int) -> float:
    cut = np.partition(s, s.size - top)[s.size - top]
    above, tied = s > cut, s == cut
    room = top - int(np.count_nonzero(above))
    shared = room * np.count_nonzero(labels & tied) / np.count_nonzero(tied)
    return float(np.count_nonzero(labels & above) + shared)


def _binomial_variance(hits: float, n: int) -> float:
    return hits * (n - hits) / n if n else 0.0


def _one_class(labels: BoolArray) -> str | None:
    return "one_class" if labels.all() or not labels.any() else None


def _no_positive(labels: BoolArray) -> str | None:
    return None if labels.any() else "no_positive"
