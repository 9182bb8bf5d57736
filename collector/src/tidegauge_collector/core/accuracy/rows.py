"""Labels and scores of a binary task, checked."""

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.accuracy.estimate import BoolArray, FloatArray, check_lengths


def binary_rows(actual: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[BoolArray, FloatArray]:
    """Whether each row is of the positive class, and its score. Raises ValueError for labels of more than two kinds."""
    labels, s = np.asarray(actual), np.asarray(scores, dtype=np.float64)
    check_lengths(labels, s, "scores")
    if labels.dtype != np.bool_:
        if labels.size and not np.isin(labels, (0, 1)).all():
            raise ValueError(f"actual holds {labels.dtype} values other than 0 and 1: pass `labels == positive_class`")
        labels = labels.astype(np.bool_)
    return labels, s


def undefined(scores: FloatArray) -> str | None:
    """Why scores say nothing: there are none, or one is not finite."""
    if not scores.size:
        return "no_rows"
    return None if np.isfinite(scores).all() else "out_of_domain"


def not_probabilities(scores: FloatArray) -> str | None:
    """`undefined`, or a score lies outside 0..1."""
    reason = undefined(scores)
    if reason is None and (scores.min() < 0 or scores.max() > 1):
        return "out_of_domain"
    return reason
