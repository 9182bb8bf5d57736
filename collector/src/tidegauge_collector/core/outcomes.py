"""What a joined row says: was it positive, what was its score, was the label right. Pure; rows that cannot say are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text
from tidegauge.core.outcomes import Labels

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
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


@dataclass(frozen=True, slots=True)
class Multiclass:
    """Rows of a multiclass task by numbers of `classes`; `scores` [n, classes] where every row has them.

    `invalid` rows have a truth that is none of the classes.
    """

    classes: tuple[str, ...]
    actual: Ints
    predicted: Ints
    scores: Floats | None
    invalid: int


def multiclass(
    truth: Objects, labels: Objects, class_scores: Mapping[str, Floats], classes: Sequence[str] | None
) -> Multiclass:
    """Rows with a truth and an answer: the label, else the class of the highest score. Without `classes` they are those seen."""
    known = list(dict.fromkeys(_plain(one) for one in classes)) if classes else _seen(truth, labels, class_scores)
    index = {name: place for place, name in enumerate(known)}
    actual, said = _places(truth, index), _places(labels, index)
    scores = np.zeros((len(truth), len(known)))
    for name, values in class_scores.items():
        if _plain(name) in index:
            scores[:, index[_plain(name)]] = values
    scored = np.zeros(len(truth), dtype=np.bool_)
    if class_scores and known:
        scored |= ~np.isnan(scores).any(axis=1)
    if known:
        said = np.where((said < 0) & scored, np.where(np.isnan(scores), -np.inf, scores).argmax(axis=1), said)
    used = (actual >= 0) & (said >= 0)
    has_scores = bool(used.any() and scored[used].all())
    invalid = int(np.count_nonzero(actual == _UNKNOWN))
    return Multiclass(tuple(known), actual[used], said[used], scores[used] if has_scores else None, invalid)


def regression(values: Floats, predicted: Floats) -> tuple[Floats, Floats]:
    """Actual and predicted numbers of the rows that have both."""
    used = ~np.isnan(values) & ~np.isnan(predicted)
    return values[used], predicted[used]


_UNKNOWN = -2


def _places(values: Objects, index: Mapping[str, int]) -> Ints:
    found = (-1 if one is None else index.get(_plain(one), _UNKNOWN) for one in values)
    return np.fromiter(found, dtype=np.int64, count=len(values))


def _seen(truth: Objects, labels: Objects, class_scores: Mapping[str, Floats]) -> list[str]:
    return sorted({_plain(one) for one in (*truth, *labels, *class_scores) if one is not None})


def _plain(text: str) -> str:
    return _BOOLEANS.get(text, text)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def encoded(values: Objects) -> npt.NDArray[np.int64]:
    """Numbers for texts, equal for equal (and for true and 1, false and 0: actuals keep booleans as numbers); -1 for None."""
    index: dict[str, int] = {}
    same = (None if value is None else _plain(value) for value in values)
    return np.fromiter(
        (-1 if one is None else index.setdefault(one, len(index)) for one in same), dtype=np.int64, count=len(values)
    )
