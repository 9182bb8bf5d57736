"""From whatever a model is fed to named columns: dict, list of dicts, lists, numpy (plain, structured), pandas.

Columns are numpy arrays, of numbers where all values are plain numbers, else of objects. Types are known by shape, not by import.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import MAX_NAME_LENGTH
from tidegauge.errors import UsageError
from tidegauge.worker.pacing import Breathe, no_pause
from tidegauge.worker.shapes import Unread

Column = npt.NDArray[Any]
Columns = dict[str, Column]

MAX_FEATURES = 2_000
SLICE_ROWS = 32
"""Rows that are read between two pauses, so that callers never wait long for the interpreter."""
_FLOATS = frozenset({float, type(None)})
_NUMBERS = frozenset({float, int, type(None), np.float64, np.float32, np.int64, np.int32})
_WHOLE = frozenset({int})
_CONTAINERS = frozenset({list, tuple, np.ndarray})


def tabulate(inputs: Any, feature_names: Sequence[str] = ()) -> tuple[Columns, int]:
    """Columns by name and the number of rows. UsageError for what is no table."""
    try:
        return _tabulate(inputs, feature_names)
    except (AttributeError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(
            f"this {type(inputs).__name__} is no table, its rows are of several shapes: {error}"
        ) from error


def _tabulate(inputs: Any, feature_names: Sequence[str]) -> tuple[Columns, int]:
    if isinstance(inputs, np.ndarray):
        return _from_array(inputs, feature_names)
    if hasattr(inputs, "iloc") and hasattr(inputs, "columns"):
        names = column_names(tuple(inputs.columns))
        return {name: _series(inputs.iloc[:, i]) for i, name in enumerate(names)}, len(inputs)
    if hasattr(inputs, "iloc") and hasattr(inputs, "items"):
        return columns_of_dicts([dict(inputs.items())]), 1
    if isinstance(inputs, Mapping):
        return columns_of_dicts([inputs]), 1
    if isinstance(inputs, (list, tuple)):
        return _from_list(inputs, feature_names)
    if isinstance(inputs, (int, float, str, bool, np.generic)):
        return _from_matrix([[inputs]], feature_names)
    kind = inputs.type_name if isinstance(inputs, Unread) else type(inputs).__name__
    raise UsageError(f"an input of type {kind} is no table: give a dict, a list of dicts, a numpy array or a DataFrame")


@lru_cache(maxsize=256)
def column_names(names: tuple[object, ...]) -> tuple[str, ...]:
    """Columns' names as text, cut at 128 characters, valid UTF-8; of equal ones the second is called `name.1`, and so on."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        text = str(name).encode("utf-8", "backslashreplace").decode()[:MAX_NAME_LENGTH]
        number = seen.get(text, 0)
        seen[text] = number + 1
        found.append(f"{text}.{number}" if number else text)
    return tuple(found)


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
    if kinds & _CONTAINERS:
        for i, value in enumerate(values):
            column[i] = value
    else:
        column[:] = values
    return column


def columns_of_dicts(
    rows: Sequence[Mapping[Any, Any]], numeric: Collection[str] = (), breathe: Breathe = no_pause
) -> Columns:
    """Columns of rows that are mappings; what a row does not have is None.

    The columns `numeric`, by the kinds known so far, are read many at once, where all rows have the same keys.
    """
    keys = tuple(rows[0])
    if len(rows) > 1 and numeric:
        chosen = tuple(key for key in keys if key in numeric)
        matrix = _numbers_of_dicts(rows, chosen, len(keys), breathe) if chosen else None
        if matrix is not None:
            read: Columns = dict(zip(chosen, matrix, strict=True))
            rest = _one_by_one(rows, [key for key in keys if key not in read], breathe)
            if not read.keys() & rest.keys():
                return read | rest
    if len(rows) > 1:
        keys = tuple(dict.fromkeys(chain.from_iterable(rows)))
    return _one_by_one(rows, keys, breathe)


def _one_by_one(rows: Sequence[Mapping[Any, Any]], keys: Sequence[Any], breathe: Breathe) -> Columns:
    columns = {}
    for name, key in zip(column_names(tuple(keys)), keys, strict=True):
        columns[name] = as_column([row.get(key) for row in rows])
        breathe()
    return columns


def _numbers_of_dicts(
    rows: Sequence[Mapping[Any, Any]], keys: tuple[str, ...], width: int, breathe: Breathe
) -> npt.NDArray[np.float64] | None:
    """One row of numbers for each key, NaN where missing; None where the rows have other keys or anything but plain numbers."""
    read = itemgetter(*keys) if len(keys) > 1 else None
    matrix = np.empty((len(keys), len(rows)), dtype=np.float64)
    for start in range(0, len(rows), SLICE_ROWS):
        part = rows[start : start + SLICE_ROWS]
        if set(map(len, part)) != {width}:
            return None
        try:
            values = list(chain.from_iterable(map(read, part)) if read else map(itemgetter(keys[0]), part))
            numbers = _numbers(values)
        except (KeyError, OverflowError, struct.error):
            return None
        if numbers is None:
            return None
        matrix[:, start : start + len(part)] = numbers.reshape(len(part), -1).T
        breathe()
    return matrix


def _numbers(values: list[Any]) -> npt.NDArray[np.float64] | None:
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS:
        return None
    if type(None) in kinds:
        return np.array(values, dtype=np.float64)
    return np.frombuffer(struct.pack(f"{len(values)}d", *values))  # half the time of np.array


def _from_list(rows: Sequence[Any], feature_names: Sequence[str]) -> tuple[Columns, int]:
    if not rows:
        return {}, 0
    if isinstance(rows[0], Mapping):
        return columns_of_dicts(rows), len(rows)
    if isinstance(rows[0], np.ndarray):
        return _from_array(np.stack([np.atleast_1d(row) for row in rows]), feature_names)
    if isinstance(rows[0], (list, tuple)):
        return _from_matrix(rows, feature_names)
    return _from_matrix([rows], feature_names)


def _from_matrix(rows: Sequence[Sequence[Any]], feature_names: Sequence[str]) -> tuple[Columns, int]:
    if not all(isinstance(row, (list, tuple, np.ndarray)) for row in rows):
        raise TypeError("rows are lists and something else")
    width = min(max(len(row) for row in rows), MAX_FEATURES + 1)  # one more: the worker counts that there were
    names = _names(width, feature_names)
    padded = [row if len(row) >= width else [*row, *[None] * (width - len(row))] for row in rows]
    return {name: as_column([row[i] for row in padded]) for i, name in enumerate(names)}, len(rows)


def _from_array(values: npt.NDArray[Any], feature_names: Sequence[str]) -> tuple[Columns, int]:
    if values.dtype.names:
        table = np.atleast_1d(values)
        return dict(
            zip(column_names(values.dtype.names), map(table.__getitem__, values.dtype.names), strict=True)
        ), len(table)
    table = np.atleast_2d(values)
    table = table.reshape(len(table), int(np.prod(table.shape[1:])))[:, : MAX_FEATURES + 1]
    names = _names(table.shape[1], feature_names)
    if table.dtype.kind == "f":
        return dict(zip(names, np.ascontiguousarray(table.T), strict=True)), len(table)
    return {name: table[:, i] for i, name in enumerate(names)}, len(table)


def _names(width: int, feature_names: Sequence[str]) -> Sequence[str]:
    return column_names(tuple(feature_names)) if len(feature_names) == width else [f"f{i}" for i in range(width)]


def _series(series: Any) -> Column:
    kind = getattr(series.dtype, "kind", "O")
    if kind in "biuf" and isinstance(series.dtype, np.dtype):
        return np.asarray(series)
    if kind == "M":
        return np.asarray(series.to_numpy(dtype="datetime64[us]"))
    return np.asarray(series.to_numpy(dtype=object))
