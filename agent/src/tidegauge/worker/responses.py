"""Answers with names: dicts, frames, structured arrays, objects with fields, pairs (label, probability); as columns by name.

Which name means what is a guess by the words that people use; where it cannot be guessed nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.errors import UsageError
from tidegauge.worker.rowtypes import as_mapping
from tidegauge.worker.shapes import TupleCopy, Unread, unpacked
from tidegauge.worker.tables import kind_of
from tidegauge.worker.tables.columns import SCALARS, ColumnTable, as_column_table
from tidegauge.worker.tabulate import Columns, columns_of_dicts, tabulate

LABELS = ("label", "class", "predicted_class", "predicted_label", "category")
SCORES = ("score", "scores", "probability", "probabilities", "proba", "confidence")
EITHER = ("prediction", "predictions", "predicted", "output", "outputs", "result", "value", "y_pred", "y_hat")
"""Names of fields, without regard to case: of a label, of a score or of scores, of whichever of both there is."""

_LABEL_TYPES = (str, bytes, bool, int, np.bool_, np.integer)


def named_columns(result: Any, rows: int) -> Columns | None:
    """The columns of an answer with names, `rows` long each; None for an answer without. UsageError where they are not one a row."""
    table = _as_table(result, rows)
    if table is None:
        return None
    columns, count = table
    if count != rows:
        raise UsageError(f"{count} predictions for {rows} rows: give one for each")
    return columns


def _as_table(result: Any, rows: int) -> tuple[Columns, int] | None:
    if type(result) is np.ndarray:
        return tabulate(result) if result.dtype.names else None
    if isinstance(result, Mapping):
        table = as_column_table(result)
        return (
            tabulate(table)
            if table is not None and (table.rows == rows or rows > 1)
            else (columns_of_dicts([result]), 1)
        )
    if isinstance(result, ColumnTable):
        is_row = rows == 1 and result.rows != 1
        return (columns_of_dicts([result.columns]), 1) if is_row else tabulate(result)
    if isinstance(result, (list, tuple)):
        return _from_sequence(result, rows)
    if isinstance(result, Unread):
        return None
    kind = None if type(result) in SCALARS else kind_of(result)
    if kind is not None and (hasattr(result, "columns") or hasattr(result, "column_names")):
        return tabulate(result)
    fields = as_mapping(result) if kind is None else None
    return None if fields is None else (columns_of_dicts([fields]), 1)


def _from_sequence(values: Sequence[Any], rows: int) -> tuple[Columns, int] | None:
    if not len(values) or type(values[0]) is float:
        return None
    pair = _pair(values, rows)
    if pair is not None:
        return pair
    fields = as_mapping(values)
    if fields is not None:
        return columns_of_dicts([fields]), 1
    if isinstance(values[0], Mapping):
        return columns_of_dicts(values), len(values)
    if type(values[0]) not in SCALARS and as_mapping(values[0]) is not None:
        return tabulate(values)
    return None


def _pair(values: Sequence[Any], rows: int) -> tuple[Columns, int] | None:
    """A tuple (label, probability), a tuple of both columns, or a list of such tuples."""
    if isinstance(values, (tuple, TupleCopy)) and len(values) == 2:
        first, second = (unpacked(one) for one in values)
        if rows == 1 and _is_labelled(first, second):
            return columns_of_dicts([{"label": first, "probability": second}]), 1
        if is_pair(values, rows):
            return tabulate(ColumnTable({"label": first, "probability": second}, rows))
    if all(isinstance(one, tuple) and len(one) == 2 and _is_labelled(*one) for one in values):
        return columns_of_dicts([{"label": label, "probability": score} for label, score in values]), len(values)
    return None


def is_pair(values: Sequence[Any], rows: int) -> bool:
    """Whether a tuple holds the labels and the scores of all rows."""
    is_couple = isinstance(values, (tuple, TupleCopy)) and len(values) == 2
    return is_couple and _are_label_columns(unpacked(values[0]), unpacked(values[1]), rows)


def _is_labelled(label: Any, score: Any) -> bool:
    is_number = isinstance(score, (float, np.floating))
    return isinstance(label, _LABEL_TYPES) and (is_number or isinstance(score, (list, tuple, np.ndarray, Mapping)))


def _are_label_columns(labels: Any, scores: Any, rows: int) -> bool:
    if not all(isinstance(one, (list, np.ndarray)) and len(one) == rows for one in (labels, scores)) or not rows:
        return False
    values = np.asarray(scores)
    return isinstance(labels[0], _LABEL_TYPES) and values.dtype.kind == "f"


def find(columns: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of the columns that is called one of these names."""
    known = {name.strip().lower(): name for name in columns}
    return next((known[name] for name in names if name in known), None)


def class_scores(values: npt.NDArray[Any]) -> tuple[tuple[str, ...], npt.NDArray[Any]] | None:
    """Names (none where there are none) and scores by class of a column whose values are mappings or sequences; None for others."""
    first = values[0] if len(values) else None
    if isinstance(first, Mapping):
        columns = columns_of_dicts(values.tolist())
        return tuple(columns), np.column_stack([*columns.values()])
    if isinstance(first, (list, tuple, np.ndarray)):
        return (), np.array([np.asarray(value, dtype=np.float64) for value in values.tolist()])
    return None
