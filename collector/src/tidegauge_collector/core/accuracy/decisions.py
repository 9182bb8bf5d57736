"""How often decisions were right: rates of the four cells of actual and decided, for one class against the rest.

A decision is a score at or above a threshold, or a label. Undefined with a reason where a denominator is zero: `no_positive`,
`no_predicted_positive`, `one_class` (no negative, or for the MCC decisions of one class), `no_rows`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.accuracy.estimate import (
    SHARE,
    Estimate,
    by_cells,
    check_lengths,
    no_value,
    proportion,
    with_error,
)
from tidegauge_collector.core.accuracy.rows import binary_rows, undefined


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows by truth and decision."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def n(self) -> int:
        return self.tp + self.fp + self.fn + self.tn


def cells(actual: npt.ArrayLike, decided: npt.ArrayLike) -> Cells:
    """Count rows of two vectors of booleans."""
    truth, answer = np.asarray(actual, dtype=np.bool_), np.asarray(decided, dtype=np.bool_)
    check_lengths(truth, answer, "decided")
    tp, positive, said = (int(np.count_nonzero(one)) for one in (truth & answer, truth, answer))
    return Cells(tp=tp, fp=said - tp, fn=positive - tp, tn=truth.size - positive - said + tp)


def accuracy(actual: npt.ArrayLike, scores: npt.ArrayLike, *, threshold: float = 0.5) -> Estimate:
    """Share of rows on the right side of the threshold (score ≥ threshold is positive); Wilson (1927) band."""
    labels, s = binary_rows(actual, scores)
    reason = undefined(s)
    if reason is not None:
        return no_value("wilson", reason, labels.size)
    return proportion(int(((s >= threshold) == labels).sum()), labels.size)


def accuracy_from_labels(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Share of rows whose predicted label equals the actual one, for labels of any kind; Wilson band."""
    truth, answer = np.asarray(actual), np.asarray(predicted)
    check_lengths(truth, answer, "predicted")
    if not truth.size:
        return no_value("wilson", "no_rows", 0)
    return proportion(int(np.count_nonzero(truth == answer)), truth.size)


def balanced_accuracy(c: Cells) -> Estimate:
    """Mean of recall and specificity; needs rows of both classes."""
    found, rejected = recall(c), specificity(c)
    if found.value is None or rejected.value is None:
        return no_value("delta", "one_class" if c.n else "no_rows", c.n)
    error = math.hypot(found.standard_error or 0.0, rejected.standard_error or 0.0) / 2
    return with_error((found.value + rejected.value) / 2, error, method="delta", n=c.n, bounds=SHARE)


def precision(c: Cells) -> Estimate:
    """tp / (tp + fp): how much of what was called positive is."""
    return _share(c, c.tp, c.tp + c.fp, "no_predicted_positive")


def recall(c: Cells) -> Estimate:
    """tp / (tp + fn): how much of what is positive was found."""
    return _share(c, c.tp, c.tp + c.fn, "no_positive")


def fnr(c: Cells) -> Estimate:
    """fn / (tp + fn) = 1 − recall."""
    return _share(c, c.fn, c.tp + c.fn, "no_positive")


def specificity(c: Cells) -> Estimate:
    """tn / (tn + fp): how much of what is negative was left alone."""
    return _share(c, c.tn, c.tn + c.fp, "one_class")


def fpr(c: Cells) -> Estimate:
    """fp / (tn + fp) = 1 − specificity."""
    return _share(c, c.fp, c.tn + c.fp, "one_class")


def f1(c: Cells) -> Estimate:
    """2tp / (2tp + fp + fn), the harmonic mean of precision and recall; error by the delta method."""
    total = 2 * c.tp + c.fp + c.fn
    if not total:
        return no_value("delta", "no_positive" if c.n else "no_rows", c.n)
    value = 2 * c.tp / total
    slopes = np.array([2 - 2 * value, -value, -value, 0.0]) * (c.n / total)
    return by_cells(value, np.array([c.tp, c.fp, c.fn, c.tn]), slopes, bounds=SHARE)


def mcc(c: Cells) -> Estimate:
    """Matthews' (1975) correlation of truth and decision, −1..1; error by the delta method. Both must vary."""
    return matthews(np.array([[c.tn, c.fp], [c.fn, c.tp]]))


def matthews(table: npt.NDArray[np.int64]) -> Estimate:
    """The MCC of a table of any classes (Gorodkin 2004): rows are the actual ones, columns the predicted."""
    n = int(table.sum())
    if not n:
        return no_value("delta", "no_rows", 0)
    shares = table / n
    truth, said = shares.sum(axis=1), shares.sum(axis=0)
    if np.count_nonzero(truth) < 2 or np.count_nonzero(said) < 2:
        return no_value("delta", "one_class", n)
    u, v = 1.0 - float((said**2).sum()), 1.0 - float((truth**2).sum())
    value = (float(np.trace(shares)) - float(truth @ said)) / math.sqrt(u * v)
    slopes = (np.eye(len(table)) - truth[None, :] - said[:, None]) / math.sqrt(u * v)
    slopes = slopes + value * (said[None, :] / u + truth[:, None] / v)
    return by_cells(min(1.0, max(-1.0, value)), table, slopes, bounds=(-1.0, 1.0))


DECISIONS: dict[str, Callable[[Cells], Estimate]] = {
    "balanced_accuracy": balanced_accuracy,
    "precision": precision,
    "recall": recall,
    "specificity": specificity,
    "fpr": fpr,
    "fnr": fnr,
    "f1": f1,
    "mcc": mcc,
}


def _share(c: Cells, hits: int, n: int, reason: str) -> Estimate:
    if not n:
        return no_value("wilson", reason if c.n else "no_rows", c.n)
    return proportion(hits, n)
