"""From whatever a model answers to scores and labels, row by row.

Regression: one value; binary: the score of the positive class; multiclass: a score for each class; any label that the model gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text, is_missing
from tidegauge.core.outcomes import Labels, encode_labels
from tidegauge.errors import UsageError
from tidegauge.worker.responses import EITHER, LABELS, SCORES, class_scores, find, is_pair, named_columns
from tidegauge.worker.shapes import SCALARS, Unread, unpacked
from tidegauge.worker.tables import kind_of
from tidegauge.worker.tables.columns import as_column_table
from tidegauge.worker.tabulate import Columns

Floats = npt.NDArray[np.float64]
ROUNDING = 0.01
"""By which probabilities may miss 1 in sum: some models answer in half precision, or round."""


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
    if isinstance(raw, (np.ndarray, list, tuple)) and _is_flat(raw):
        classes = tuple(canonical_text(value) or str(value) for value in np.asarray(raw).tolist())
    if not task and classes:
        task = "binary" if len(classes) == 2 else "multiclass"
    if not task and _is_regressor(model):
        task = "regression"
    if positive_class is None and task == "binary" and len(classes) == 2:
        positive_class = classes[1]
    return ModelFacts(task, classes, positive_class)


def _is_flat(classes: Any) -> bool:
    """Whether these are the classes of one output; a classifier with several has a list of arrays."""
    return classes.ndim == 1 if isinstance(classes, np.ndarray) else all(np.isscalar(one) for one in classes)


def _is_regressor(model: Any) -> bool:
    """Whether scikit-learn's conventions (of today, or before 1.6) say so."""
    if getattr(model, "_estimator_type", None) == "regressor":
        return True
    try:
        return bool(model.__sklearn_tags__().estimator_type == "regressor")
    except Exception:  # noqa: BLE001 - most models have no tags, and some of those that have fail to tell them
        return False


def is_one_answer(result: Any) -> bool:
    """Whether a copied result is the answer of one row, whatever the row looks like."""
    result = unpacked(result)
    if isinstance(result, np.ndarray):
        return result.ndim == 0 or len(result) == 1
    return type(result) in SCALARS - {type(None)} or (isinstance(result, list) and len(result) == 1)


def count_answers(result: Any, rows: int) -> int:
    """How many rows a result answers, of `rows` that were asked, without a look at the answers."""
    result = unpacked(result)
    if isinstance(result, (list, tuple)):
        return rows if _are_outputs(result, rows) or is_pair(result, rows) else len(result)
    if isinstance(result, Mapping):
        table = as_column_table(result)
        return table.rows if table is not None and rows != 1 else 1
    if type(result) in SCALARS or not hasattr(result, "__len__") or getattr(result, "shape", None) == ():
        return 1
    return len(result)


def read_answers(result: Any, rows: int, facts: ModelFacts, *, method: str = "") -> Answers:
    """Scores and labels of a result; UsageError where it cannot be told which row an answer is of, or what it means."""
    try:
        columns = named_columns(result, rows)
        if columns is not None:
            return _named(columns, rows, facts, method)
        if _are_outputs(result, rows):
            return Answers(rows, dict(_by_output(result)))
        return _read_values(result, rows, facts, method)
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"a {type(result).__name__} is no prediction that can be read: {error}") from error


def _read_values(result: Any, rows: int, facts: ModelFacts, method: str, names: Sequence[str] = ()) -> Answers:
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
        return _scored(values, facts, method, names)
    values = values.reshape(rows)
    if _are_labels(values, facts, method):
        return Answers(rows, labels=_labels(values))
    return Answers(rows, {"": _float64(values)})


def _labels(values: npt.NDArray[Any]) -> Labels:
    labels = encode_labels(values)
    if not labels.names and not all(map(is_missing, values.tolist())):
        raise UsageError(
            f"predictions of type {type(values[0]).__name__} are neither numbers nor labels: give extract="
        )
    return labels


def _named(columns: Columns, rows: int, facts: ModelFacts, method: str) -> Answers:
    """Answers by the names of their columns; see docs/your-own-model.md."""
    label, score, either = (find(columns, names) for names in (LABELS, SCORES, EITHER))
    if score is None and either is not None:
        score = either
    elif label is None:
        label = either
    if score is not None:
        answers = _values_of(columns[score], rows, facts, "" if score == either else "predict_proba")
        return answers if label is None else replace(answers, labels=_labels(columns[label]))
    if label is not None:
        return Answers(rows, labels=_labels(columns[label]))
    if len(columns) == 1:
        return _values_of(next(iter(columns.values())), rows, facts, method)
    numbers = [_numbers_where_all_are(values) for values in columns.values()]
    if any(values.dtype.kind not in "iuf" for values in numbers):
        raise UsageError(
            f"predictions with the fields {list(columns)[:10]}: name them label, score or prediction, or give extract="
        )
    return _scored(np.column_stack(numbers), facts, method, tuple(columns))


def _values_of(values: npt.NDArray[Any], rows: int, facts: ModelFacts, method: str) -> Answers:
    found = class_scores(values)
    if found is None:
        return _read_values(values, rows, facts, method)
    names, scores = found
    if method == "predict_proba" and not names and not _are_class_scores(scores, facts, ""):
        raise UsageError("several scores a row that are no probabilities: say the classes by name, or give extract=")
    return _read_values(scores, rows, facts, method, names)


def _are_outputs(result: Any, rows: int) -> bool:
    """Whether a list holds the scores of several outputs, each a table of all rows (scikit-learn's multi-output classifiers)."""
    return isinstance(result, list) and all(
        isinstance(one, np.ndarray) and one.ndim == 2 and len(one) == rows and one.dtype.kind == "f" for one in result
    )


def _by_output(result: Sequence[npt.NDArray[Any]]) -> Iterator[tuple[str, Floats]]:
    """`output` for one with two classes (the score of the second), else `output.class`, both by position."""
    for number, scores in enumerate(result):
        if scores.shape[1] == 2:
            yield str(number), scores[:, 1].astype(np.float64)
        else:
            for i in range(scores.shape[1]):
                yield f"{number}.{i}", scores[:, i].astype(np.float64)


def _as_array(result: Any) -> npt.NDArray[Any] | None:
    if isinstance(result, np.ndarray):
        pass
    elif type(result) in SCALARS or isinstance(result, (str, bytes, bool, int, float, Decimal, np.generic)):
        result = _of_list([result]).reshape(())
    elif isinstance(result, (list, tuple)):
        result = _of_list(result if SCALARS.issuperset(map(type, result)) else [_plain(one) for one in result])
    elif hasattr(result, "to_numpy"):
        result = np.asarray(result.to_numpy())
    else:
        kind = kind_of(result)
        result = kind.read(result) if kind is not None else None
    if not isinstance(result, np.ndarray):
        return None
    return _numbers_where_all_are(result) if result.dtype.kind == "O" else result


def _plain(value: Any) -> Any:
    """A value of a list, out of its packing: a tensor of one row, or of no dimension, among others."""
    if type(value) in SCALARS or isinstance(value, (list, tuple, np.ndarray)):
        return value
    kind = kind_of(value)
    return kind.read(value) if kind is not None and hasattr(value, "__array__") else value


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


def _scored(values: npt.NDArray[Any], facts: ModelFacts, method: str, names: Sequence[str] = ()) -> Answers:
    """Several numbers a row: scores of classes, or the values of several outputs."""
    rows, width = values.shape
    if values.dtype.kind not in "iuf" or not width:
        raise UsageError(f"predictions of shape {values.shape} and type {values.dtype}: class scores must be numbers")
    scores = _float64(values)
    names = names or (facts.classes if len(facts.classes) == width else tuple(map(str, range(width))))
    if not _are_class_scores(scores, facts, method):
        return Answers(rows, _by_name(scores, names))
    if width == 2 and facts.task in {"", "binary"}:
        positive = names.index(facts.positive_class) if facts.positive_class in names else facts.positive_index
        return Answers(rows, {"": np.ascontiguousarray(scores[:, positive])})
    best = Labels(tuple(names), scores.argmax(axis=1).astype(np.uint32))
    return Answers(rows, _by_name(scores, names), best)


def _float64(values: npt.NDArray[Any]) -> Floats:
    with np.errstate(over="ignore"):  # a wider float beyond float64 becomes an infinity
        return values.astype(np.float64)


def _by_name(scores: Floats, names: Sequence[str]) -> dict[str, Floats]:
    return {name: np.ascontiguousarray(scores[:, i]) for i, name in enumerate(names)}


def _are_class_scores(scores: Floats, facts: ModelFacts, method: str) -> bool:
    """Whether the numbers of a row belong to classes: by what is known of the model, else where they are probabilities."""
    if facts.task == "regression":
        return False
    if facts.task or facts.classes or method in {"predict_proba", "decision_function"}:
        return True
    with np.errstate(invalid="ignore", over="ignore"):
        usable = scores[np.isfinite(scores).all(axis=1)]
        return bool(((usable >= 0) & (usable <= 1)).all() and (np.abs(usable.sum(axis=1) - 1) < ROUNDING).all())
