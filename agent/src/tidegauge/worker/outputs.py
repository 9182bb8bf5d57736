"""From whatever a model answers to scores and labels, row by row.

Regression: one value; binary: the score of the positive class; multiclass: a score for each class; any label that the model gives.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text, is_missing
from tidegauge.core.outcomes import Labels, encode_labels
from tidegauge.errors import UsageError
from tidegauge.worker.shapes import Unread

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model's answers: its task ("" = not known), classes in the order of its scores, and which one is positive."""

    task: str = ""
    classes: tuple[str, ...] = ()
    positive_class: str | None = None

    @property
    def positive_index(self) -> int:
        """Column of the positive class among two scores; the last one where nobody said."""
        return self.classes.index(self.positive_class) if self.positive_class in self.classes else 1


@dataclass(frozen=True)
class Answers:
    """A model's answers: `scores` as on the wire ("" = value or positive score, else class), `labels` or None; `rows` long each."""

    rows: int
    scores: Mapping[str, Floats] = field(default_factory=dict)
    labels: Labels | None = None

    def part(self, chosen: slice) -> Answers:
        """Those of some consecutive rows."""
        scores = {name: values[chosen] for name, values in self.scores.items()}
        labels = None if self.labels is None else Labels(self.labels.names, self.labels.codes[chosen])
        return Answers(len(range(self.rows)[chosen]), scores, labels)


def facts_of(model: Any, task: str = "", positive_class: str | None = None) -> ModelFacts:
    """Task and classes of a model, from what the user stated and the model's `classes_` (scikit-learn's convention)."""
    raw = getattr(model, "classes_", None)
    classes: tuple[str, ...] = ()
    if isinstance(raw, (np.ndarray, list, tuple)) and np.ndim(raw) == 1:
        classes = tuple(canonical_text(value) or str(value) for value in np.asarray(raw).tolist())
    if not task and classes:
        task = "binary" if len(classes) == 2 else "multiclass"
    if not task and _is_regressor(model):
        task = "regression"
    if positive_class is None and task == "binary" and len(classes) == 2:
        positive_class = classes[1]
    return ModelFacts(task, classes, positive_class)


def _is_regressor(model: Any) -> bool:
    """Whether scikit-learn's conventions (of today, or before 1.6) say so."""
    if getattr(model, "_estimator_type", None) == "regressor":
        return True
    try:
        return bool(model.__sklearn_tags__().estimator_type == "regressor")
    except Exception:  # noqa: BLE001 - most models have no tags, and some of those that have fail to tell them
        return False


def read_answers(result: Any, rows: int, facts: ModelFacts, *, method: str = "") -> Answers:
    """Scores and labels of a result; UsageError where it cannot be told which row an answer is of."""
    values = _as_array(result)
    if values is None:
        kind = result.type_name if isinstance(result, Unread) else type(result).__name__
        raise UsageError(f"a {kind} is no prediction that can be read: give an array, a list or a Series")
    if values.ndim == 0:
        values = values.reshape(1)
    if values.shape[0] != rows:
        if rows == 1 and values.ndim == 1:
            values = values.reshape(1, -1)
        else:
            raise UsageError(f"{values.shape[0]} predictions for {rows} rows: give one for each")
    if values.ndim > 2:
        raise UsageError(f"predictions of shape {values.shape}: give one value or one score for each class a row")
    if values.ndim == 2 and values.shape[1] != 1:
        return _scored(values, rows, facts)
    values = values.reshape(rows)
    if _are_labels(values, facts, method):
        return Answers(rows, labels=encode_labels(values))
    return Answers(rows, {"": values.astype(np.float64)})


def _as_array(result: Any) -> npt.NDArray[Any] | None:
    if hasattr(result, "to_numpy"):
        result = np.asarray(result.to_numpy())
    elif isinstance(result, (str, bool, int, float, np.generic)):
        result = _of_list([result]).reshape(())
    elif isinstance(result, (list, tuple)):
        result = _of_list(result)
    if not isinstance(result, np.ndarray):
        return None
    return _numbers_where_all_are(result) if result.dtype.kind == "O" else result


_OBJECTS = frozenset({bool, type(None)})


def _of_list(values: Sequence[Any]) -> npt.NDArray[Any]:
    kinds = set(map(type, values))
    if kinds == {float}:
        return np.fromiter(values, np.float64, len(values))
    try:
        return np.array(values, dtype=object if kinds & _OBJECTS or any(issubclass(k, str) for k in kinds) else None)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"predictions of several shapes or sizes: {error}") from error


def _numbers_where_all_are(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Objects as float64 where they are numbers or missing, and there is a number."""
    rows = values.reshape(-1).tolist()
    if any(isinstance(v, (dict, list, tuple, set, np.ndarray)) for v in rows):
        raise UsageError("predictions are containers: give one value, or one score for each class, a row")
    numbers = [isinstance(v, (int, float, Decimal, np.integer, np.floating)) and not isinstance(v, bool) for v in rows]
    if not any(numbers) or not all(known or is_missing(v) for known, v in zip(numbers, rows, strict=True)):
        return values
    return np.array([math.nan if is_missing(v) else _number(v) for v in rows]).reshape(values.shape)


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _are_labels(values: npt.NDArray[Any], facts: ModelFacts, method: str) -> bool:
    if values.dtype.kind not in "iuf":
        return True
    if method in {"predict_proba", "decision_function"}:
        return False
    if facts.task == "multiclass" or (method == "predict" and facts.classes):
        return True
    return facts.task == "binary" and values.dtype.kind in "iu"


def _scored(values: npt.NDArray[Any], rows: int, facts: ModelFacts) -> Answers:
    if values.dtype.kind not in "iuf" or not values.shape[1]:
        raise UsageError(f"predictions of shape {values.shape} and type {values.dtype}: class scores must be numbers")
    scores = values.astype(np.float64)
    if scores.shape[1] == 2 and facts.task in {"", "binary"}:
        return Answers(rows, {"": np.ascontiguousarray(scores[:, facts.positive_index])})
    known = len(facts.classes) == scores.shape[1]
    names: Sequence[str] = facts.classes if known else [str(i) for i in range(scores.shape[1])]
    best = Labels(tuple(names), scores.argmax(axis=1).astype(np.uint32)) if facts.task != "regression" else None
    return Answers(rows, {name: np.ascontiguousarray(scores[:, i]) for i, name in enumerate(names)}, best)
