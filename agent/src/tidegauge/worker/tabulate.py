"""From whatever a model is fed to named columns: dict, list of dicts, lists, numpy (plain, structured), pandas.

Columns are numpy arrays, of numbers where all values are plain numbers, else of objects. Types are known by shape, not by import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import MAX_NAME_LENGTH
from tidegauge.errors import UsageError

Column = npt.NDArray[Any]
Columns = dict[str, Column]

_FLOATS = frozenset({float, type(None)})
_WHOLE = frozenset({int})


def tabulate(inputs: Any, feature_names: Sequence[str] = ()) -> tuple[Columns, int]:
    """Columns by name and the number of rows. UsageError for what is no table."""
    if isinstance(inputs, np.ndarray):
        return _from_array(inputs, feature_names)
    if hasattr(inputs, "iloc") and hasattr(inputs, "columns"):
        names = [column_name(name) for name in inputs.columns]
        return {name: _series(inputs.iloc[:, i]) for i, name in enumerate(names)}, len(inputs)
    if hasattr(inputs, "iloc") and hasattr(inputs, "items"):
        return _from_rows([dict(inputs.items())])
    if isinstance(inputs, Mapping):
        return _from_rows([inputs])
    if isinstance(inputs, (list, tuple)) and inputs:
        return _from_list(inputs, feature_names)
    if isinstance(inputs, (int, float, str, bool, np.generic)):
        return _from_matrix([[inputs]], feature_names)
    raise UsageError(
        f"a {type(inputs).__name__} is no table: give a dict, a list of dicts, a numpy array or a DataFrame"
    )


def column_name(name: object) -> str:
    """A column's name as text, cut at 128 characters, valid UTF-8."""
    return str(name)[:MAX_NAME_LENGTH].encode("utf-8", "backslashreplace").decode()


def as_column(values: Sequence[Any]) -> Column:
    """The values as an array: of numbers where all are plain numbers (None is NaN among floats), else of objects."""
    kinds = set(map(type, values))
    try:
        if kinds <= _WHOLE or kinds == {bool}:
            return np.array(values)
        if kinds <= _FLOATS and float in kinds:
            return np.array(values, dtype=np.float64)
    except OverflowError:
        pass  # integers beyond int64 stay objects
    column = np.empty(len(values), dtype=object)
    column[:] = values if not kinds & {list, tuple, np.ndarray} else None
    if kinds & {list, tuple, np.ndarray}:
        for i, value in enumerate(values):
            column[i] = value
    return column


def _from_list(rows: Sequence[Any], feature_names: Sequence[str]) -> tuple[Columns, int]:
    if isinstance(rows[0], Mapping):
        return _from_rows(rows)
    if isinstance(rows[0], np.ndarray):
        return _from_array(np.stack([np.atleast_1d(row) for row in rows]), feature_names)
    if isinstance(rows[0], (list, tuple)):
        return _from_matrix(rows, feature_names)
    return _from_matrix([rows], feature_names)


def _from_rows(rows: Sequence[Mapping[Any, Any]]) -> tuple[Columns, int]:
    names = list(rows[0]) if len(rows) == 1 else list(dict.fromkeys(chain.from_iterable(rows)))
    return {column_name(name): as_column([row.get(name) for row in rows]) for name in names}, len(rows)


def _from_matrix(rows: Sequence[Sequence[Any]], feature_names: Sequence[str]) -> tuple[Columns, int]:
    width = max(len(row) for row in rows)
    names = _names(width, feature_names)
    padded = [row if len(row) == width else [*row, *[None] * (width - len(row))] for row in rows]
    return {name: as_column([row[i] for row in padded]) for i, name in enumerate(names)}, len(rows)


def _from_array(values: npt.NDArray[Any], feature_names: Sequence[str]) -> tuple[Columns, int]:
    if values.dtype.names:
        table = np.atleast_1d(values)
        return {column_name(name): table[name] for name in values.dtype.names}, len(table)
    table = np.atleast_2d(values)
    table = table.reshape(len(table), -1)
    return {name: table[:, i] for i, name in enumerate(_names(table.shape[1], feature_names))}, len(table)


def _names(width: int, feature_names: Sequence[str]) -> Sequence[str]:
    return feature_names if len(feature_names) == width else [f"f{i}" for i in range(width)]


def _series(series: Any) -> Column:
    kind = getattr(series.dtype, "kind", "O")
    if kind in "biuf" and isinstance(series.dtype, np.dtype):
        return np.asarray(series)
    if kind == "M":
        return np.asarray(series.to_numpy(dtype="datetime64[us]"))
    return np.asarray(series.to_numpy(dtype=object))
