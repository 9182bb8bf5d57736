"""Accuracy of several classes: from the table of actual and predicted classes, and from a score for each class.

Classes are numbered; a table has the actual ones as rows. Macro averages are over classes that are present in the actuals; one of these
that is never predicted has precision 0. Scores of a row are renormalised to add up to 1.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.accuracy.binary import LOG_LOSS_CLIP, auc
from tidegauge_collector.core.accuracy.decisions import Cells
from tidegauge_collector.core.accuracy.estimate import (
    NOT_NEGATIVE,
    SHARE,
    Estimate,
    FloatArray,
    IntArray,
    by_cells,
    by_influence,
    mean,
    no_value,
    proportion,
)

TOP = 3
ROUNDING = 1e-9
AVERAGES = ("macro", "micro", "weighted")
PARTS = ("precision", "recall", "f1")


def confusion(actual: IntArray, predicted: IntArray, classes: int) -> IntArray:
    """Rows by actual class (down) and predicted class (across).

    >>> confusion(np.array([0, 1, 1]), np.array([0, 1, 0]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    return np.bincount(actual * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def one_against_rest(table: IntArray, place: int) -> Cells:
    """One class's cells."""
    tp, positive, said = int(table[place, place]), int(table[place].sum()), int(table[:, place].sum())
    return Cells(tp=tp, fp=said - tp, fn=positive - tp, tn=int(table.sum()) - positive - said + tp)


def right(table: IntArray) -> Estimate:
    """`accuracy`: share of rows on the diagonal; Wilson band."""
    n = int(table.sum())
    return proportion(int(np.trace(table)), n) if n else no_value("wilson", "no_rows", 0)


def balanced(table: IntArray) -> Estimate:
    """`balanced_accuracy`: mean recall of the classes that are present; needs two."""
    n, present = int(table.sum()), int(np.count_nonzero(table.sum(axis=1)))
    if present < 2:
        return no_value("delta", "one_class" if n else "no_rows", n)
    return averaged(table, "recall", "macro")


def averaged(table: IntArray, part: str, average: str) -> Estimate:
    """Precision, recall or f1 over all classes: `macro`, `micro` or `weighted` by how often each is actual; delta method."""
    n = int(table.sum())
    if not n:
        return no_value("delta", "no_rows", 0)
    if average == "micro":
        return right(table)  # every wrong row is one false positive and one false negative
    shares = table / n
    truth = shares.sum(axis=1)
    present = truth > 0
    weights = present / present.sum() if average == "macro" else truth
    values, slopes = _PARTS[part](shares, weights)
    if average == "weighted":
        slopes = slopes + values[:, None]  # the weights are shares of cells themselves
    return by_cells(float(weights @ values), table, slopes, bounds=SHARE)


def _recalls(shares: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The value of each class, and the derivatives of their weighted sum by the shares of the table's cells."""
    totals = shares.sum(axis=1)
    values = _ratio(np.diagonal(shares), totals)
    slopes = _ratio(weights, totals)[:, None] * (np.eye(len(shares)) - values[:, None])
    return values, slopes


def _precisions(shares: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    values, slopes = _recalls(shares.T, weights)
    return values, slopes.T


def _f1s(shares: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    totals = shares.sum(axis=0) + shares.sum(axis=1)
    values = _ratio(2 * np.diagonal(shares), totals)
    each = _ratio(weights, totals)
    slopes = 2 * np.diag(each) - (each * values)[:, None] - (each * values)[None, :]
    return values, slopes


_PARTS: dict[str, Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]] = {
    "precision": _precisions,
    "recall": _recalls,
    "f1": _f1s,
}


def _ratio(above: npt.NDArray[np.float64], below: FloatArray) -> FloatArray:
    """0 where there is nothing below: a present class that is never predicted has precision 0."""
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)


def normalised_scores(scores: FloatArray) -> tuple[FloatArray, str | None]:
    """Rows that add up to 1, or why that cannot be: no rows, or a score that is negative, not finite, or all are 0."""
    if not scores.size:
        return scores, "no_rows"
    totals = scores.sum(axis=1)
    if not np.isfinite(totals).all() or scores.min() < 0 or not totals.all():
        return scores, "out_of_domain"
    is_one = np.abs(totals - 1.0) <= ROUNDING  # dividing these would part scores that tie
    return scores / np.where(is_one, 1.0, totals)[:, None], None


def log_loss(actual: IntArray, scores: FloatArray) -> Estimate:
    """Mean −ln of the probability given to the actual class, in nats, clipped by the float64 epsilon."""
    shares, reason = normalised_scores(scores)
    if reason is not None:
        return no_value("normal", reason, len(actual))
    chosen = shares[np.arange(len(actual)), actual]
    return mean(-np.log(np.clip(chosen, LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP)), bounds=NOT_NEGATIVE)


def auc_ovr_macro(actual: IntArray, scores: FloatArray) -> Estimate:
    """Mean AUC of each present class against the rest; error by the placements of DeLong (1988), averaged over classes."""
    shares, reason = normalised_scores(scores)
    present = np.unique(actual)
    if reason is None and present.size < 2:
        reason = "one_class"
    if reason is not None:
        return no_value("delong", reason, len(actual))
    values, influence = [], np.zeros(len(actual))
    for c in present:
        labels = actual == c
        value = auc(labels, shares[:, c]).value or 0.0
        values.append(value)
        influence += _placements(labels, shares[:, c], value) / present.size
    return by_influence(float(np.mean(values)), influence, bounds=SHARE, method="delong")


def _placements(labels: npt.NDArray[np.bool_], scores: FloatArray, value: float) -> FloatArray:
    """What each row adds to an AUC: how much of the other class it is on the right side of, centred, by its class's share."""
    positive, negative = np.sort(scores[labels]), np.sort(scores[~labels])
    out = np.empty(len(scores))
    for mine, others, sign in ((labels, negative, 1.0), (~labels, positive, -1.0)):
        below = np.searchsorted(others, scores[mine], "left") + np.searchsorted(others, scores[mine], "right")
        placed = below / (2 * others.size)
        out[mine] = ((placed if sign > 0 else 1.0 - placed) - value) * (len(scores) / np.count_nonzero(mine))
    return out


def top_k_accuracy(actual: IntArray, scores: FloatArray, k: int = TOP) -> Estimate:
    """Share of rows of whose classes fewer than k score strictly higher than the actual one; Wilson band."""
    if not scores.size:
        return no_value("wilson", "no_rows", 0)
    if not np.isfinite(scores).all():
        return no_value("wilson", "out_of_domain", len(actual))
    chosen = scores[np.arange(len(actual)), actual]
    higher = (scores > chosen[:, None]).sum(axis=1)
    return proportion(int(np.count_nonzero(higher < k)), len(actual))
