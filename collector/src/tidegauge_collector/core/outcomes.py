"""What a joined row says: was it positive, what was its score, was the label right. Pure; rows that cannot say are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text
from tidegauge.core.outcomes import Labels

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

TRUE_TEXTS = frozenset({"1", "true"})
_BOOLEANS = {"true": "1", "false": "0"}


@dataclass(frozen=True, slots=True)
class Binary:
    """Rows of a binary task: whether the actual is the positive class, and the score for it."""

    actual: Bools
    score: Floats
    used: Bools


def texts(labels: Labels) -> Objects:
    """The labels of rows as text, None where there is none."""
    names = np.array([*labels.names, None], dtype=object)
    return names[np.minimum(labels.codes, len(labels.names))] if len(labels.codes) else np.empty(0, dtype=object)


def actual_texts(values: Floats, labels: Objects) -> Objects:
    """Each row's actual as canonical text: its label, else its number."""
    out = labels.copy()
    for i in np.flatnonzero(~np.isnan(values)):
        if out[i] is None:
            out[i] = canonical_text(float(values[i]))
    return out


def binary(values: Floats, labels: Objects, score: Floats, positive_class: str | None) -> Binary:
    """Rows with a score and an actual. A number is positive where it is the positive class's; 1 and true are the same.

    Numbers say nothing where the positive class is a word.
    """
    positive = positive_class or "1"
    number = 1.0 if positive in TRUE_TEXTS else _number(positive)
    has_label = labels != None  # noqa: E711 - element by element
    named = np.isin(labels, list(TRUE_TEXTS)) if positive in TRUE_TEXTS else labels == positive
    has_number = ~np.isnan(values) if number is not None else np.zeros(len(values), dtype=bool)
    actual = np.where(has_label, named, values == number).astype(bool)
    used = (has_label | has_number) & ~np.isnan(score)
    return Binary(actual[used], score[used], used)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def encoded(values: Objects) -> npt.NDArray[np.int64]:
    """Numbers for texts, equal for equal (and for true and 1, false and 0: actuals keep booleans as numbers); -1 for None."""
    index: dict[str, int] = {}
    same = (_BOOLEANS.get(value, value) for value in values)
    return np.fromiter(
        (-1 if one is None else index.setdefault(one, len(index)) for one in same), dtype=np.int64, count=len(values)
    )
