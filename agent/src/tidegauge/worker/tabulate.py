"""From whatever a model is fed to named columns: mappings, lists, objects, numpy, and the containers that `tables` knows.

Columns are numpy arrays of one dimension, of numbers where all values are plain numbers, else of objects (or `SparseColumn`, which is
an array to whoever asks for one). Types are known by shape, not by import.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import MAX_NAME_LENGTH, is_reserved
from tidegauge.errors import UsageError
from tidegauge.worker.floats import floats_of_rows
from tidegauge.worker.pacing import Breathe, no_pause
from tidegauge.worker.rowtypes import as_mapping
from tidegauge.worker.shapes import TupleCopy
from tidegauge.worker.tables import Unread, kind_of
from tidegauge.worker.tables.columns import SCALARS, ColumnTable, as_column_table
from tidegauge.worker.tables.kind import REASONS, WideRows, rows_as_objects
from tidegauge.worker.tables.pandas import column as series_values
from tidegauge.worker.tables.sparse import MAX_COLUMNS, SparseRows

Column = npt.NDArray[Any]
Columns = dict[str, Column]

MAX_FEATURES = 2_000
SLICE_ROWS = 48
"""Rows that are read between two pauses, so that callers never wait long for the interpreter."""
_FLOATS = frozenset({float, type(None)})
_NUMBERS = frozenset({float, int, type(None), np.float64, np.float32, np.int64, np.int32})
_WHOLE = frozenset({int})
_CONTAINERS = frozenset({list, tuple, np.ndarray, TupleCopy})


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
    if isinstance(inputs, Mapping):
        inputs = as_column_table(inputs) or inputs
        return (columns_of_dicts([inputs]), 1) if isinstance(inputs, Mapping) else _from_columns(inputs)
    if isinstance(inputs, ColumnTable):
        return _from_columns(inputs)
    if isinstance(inputs, SparseRows):
        return _from_sparse(inputs, feature_names)
    if isinstance(inputs, Unread):
        raise UsageError(f"an input of type {inputs.type_name} is no table: {REASONS[inputs.reason]}")
    fields = as_mapping(inputs)
    if fields is not None:
        return columns_of_dicts([fields]), 1
    if isinstance(inputs, (list, tuple)):
        return _from_list(inputs, feature_names)
    if isinstance(inputs, np.void) and inputs.dtype.names:
        return _from_array(np.array([inputs]), feature_names)
    if isinstance(inputs, (int, float, str, bytes, bool, np.generic)):
        return _from_matrix([[inputs]], feature_names)
    return _from_container(inputs, feature_names)


def _from_container(inputs: Any, feature_names: Sequence[str]) -> tuple[Columns, int]:
    kind = kind_of(inputs)
    if kind is None:
        raise UsageError(f"an input of type {type(inputs).__name__} is no table: {REASONS['object']}")
    found = kind.read(inputs)
    if not isinstance(found, list):
        return _tabulate(found, feature_names)
    names = column_names(tuple(name for name, _ in found))
    columns = {name: _one_dimension(values) for name, (_, values) in zip(names, found, strict=True)}
    return columns, kind.count(inputs)


def _from_columns(table: ColumnTable) -> tuple[Columns, int]:
    names = column_names(tuple(table.columns))
    return {name: _column(values) for name, values in zip(names, table.columns.values(), strict=True)}, table.rows


def _column(values: Any) -> Column:
    """The values of one column in whatever container."""
    if isinstance(values, np.ndarray):
        return _one_dimension(values)
    if isinstance(values, (list, tuple)):
        return as_column(values)
    if hasattr(values, "iloc") and not hasattr(values, "columns"):
        return series_values(values)
    kind = kind_of(values)
    found = kind.read(values) if kind is not None else None
    if isinstance(found, list) and len(found) == 1:
        return _one_dimension(found[0][1])
    if not isinstance(found, np.ndarray):
        raise TypeError(f"a {type(values).__name__} among columns")
    return _one_dimension(found)


def _one_dimension(values: Column) -> Column:
    return values if values.ndim == 1 else rows_as_objects(values)


def _from_sparse(rows: SparseRows, feature_names: Sequence[str]) -> tuple[Columns, int]:
    names = matrix_names(rows.width, feature_names)
    return dict(zip(names, rows.columns(), strict=True)), rows.rows


@lru_cache(maxsize=256)
def column_names(names: tuple[object, ...]) -> tuple[str, ...]:
    """Columns' names as `plain_name` makes them; of equal ones the second is called `name.1`, and so on."""
    used: dict[str, int] = {}
    for name in names:
        text = found = plain_name(str(name))
        while found in used:
            used[text] += 1
            found = f"{text}.{used[text]}"
        used[found] = 0
    return tuple(used)


def plain_name(name: str) -> str:
    """A column's name in valid UTF-8, cut at 128 characters; `_latency` and others that are ours become `feature_latency`."""
    text = name.encode("utf-8", "backslashreplace").decode()[:MAX_NAME_LENGTH]
    return f"feature{text}"[:MAX_NAME_LENGTH] if is_reserved(text) else text


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
    rows: Sequence[Mapping[Any, Any]] | Column, numeric: Collection[str] = (), breathe: Breathe = no_pause
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


def _one_by_one(rows: Sequence[Mapping[Any, Any]] | Column, keys: Sequence[Any], breathe: Breathe) -> Columns:
    columns = {}
    for name, key in zip(column_names(tuple(keys)), keys, strict=True):
        columns[name] = as_column([row.get(key) for row in rows])
        breathe()
    return columns


def _numbers_of_dicts(
    rows: Sequence[Mapping[Any, Any]] | Column, keys: tuple[str, ...], width: int, breathe: Breathe
) -> npt.NDArray[np.float64] | None:
    """One row of numbers for each key, NaN where missing; None where the rows have other keys or anything but plain numbers."""
    read = _picked(keys)
    matrix = np.empty((len(keys), len(rows)), dtype=np.float64)
    for start in range(0, len(rows), SLICE_ROWS):
        part = list(rows[start : start + SLICE_ROWS])
        if set(map(len, part)) != {width}:
            return None
        try:
            values = read(part)
            numbers = floats_of_rows(values, len(keys))
            numbers = _numbers(values, len(keys)) if numbers is None else numbers
        except (KeyError, OverflowError, struct.error):
            return None
        if numbers is None:
            return None
        matrix[:, start : start + len(part)] = numbers.T
        breathe()
    return matrix


_Values = list[tuple[Any, ...]]


def _picked(keys: tuple[str, ...]) -> Callable[[Sequence[Mapping[Any, Any]]], _Values]:
    """What reads the values of these keys from each row, whatever order they lie in. KeyError where one is not there."""
    read = itemgetter(*keys)
    if len(keys) == 1:
        return lambda rows: [(read(row),) for row in rows]
    return lambda rows: list(map(read, rows))


def _numbers(rows: _Values, width: int) -> npt.NDArray[np.float64] | None:
    values = list(chain.from_iterable(rows))
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS:
        return None
    if type(None) in kinds:
        return np.array(values, dtype=np.float64).reshape(len(rows), width)
    return np.frombuffer(struct.pack(f"{len(values)}d", *values)).reshape(len(rows), width)  # half the time of np.array


def _from_list(rows: Sequence[Any], feature_names: Sequence[str]) -> tuple[Columns, int]:
    if not len(rows):
        return {}, 0
    first = rows[0]
    if isinstance(first, Mapping):
        return columns_of_dicts(rows), len(rows)
    if isinstance(first, np.ndarray):
        return _from_array(np.stack([np.atleast_1d(row) for row in rows]), feature_names)
    if type(first) not in SCALARS:
        if as_mapping(first) is not None:
            return columns_of_dicts(list(map(_fields_of_row, rows))), len(rows)
        if kind_of(first) is not None and not isinstance(first, (list, tuple)):
            return _from_list([_row_of(row) for row in rows], feature_names)
    if isinstance(first, (list, tuple)):
        return _from_matrix(rows, feature_names)
    return _from_matrix([rows], feature_names)


def _fields_of_row(row: Any) -> Mapping[str, Any]:
    fields = as_mapping(row)
    if fields is None:
        raise TypeError(f"a {type(row).__name__} among rows with fields")
    return fields


def _row_of(row: Any) -> Any:
    """One row in a container of another library: its values by name, or an array of them."""
    kind = kind_of(row)
    found = kind.read(row) if kind is not None else row
    return {name: values[0] for name, values in found} if isinstance(found, list) else np.asarray(found)


def _from_matrix(rows: Sequence[Sequence[Any]], feature_names: Sequence[str]) -> tuple[Columns, int]:
    if not all(isinstance(row, (list, tuple, np.ndarray)) for row in rows):
        raise TypeError("rows are lists and something else")
    full = max(len(row) for row in rows)
    width = min(full, MAX_COLUMNS)
    names = matrix_names(full, feature_names)
    padded = [row if len(row) >= width else [*row, *[None] * (width - len(row))] for row in rows]
    return {name: as_column([row[i] for row in padded]) for i, name in enumerate(names)}, len(rows)


def _from_array(values: npt.NDArray[Any], feature_names: Sequence[str]) -> tuple[Columns, int]:
    if values.dtype.names:
        return _from_records(np.atleast_1d(values).reshape(-1))
    if values.dtype.kind == "O" and values.ndim == 1 and _holds_rows(values):
        return _from_list(values.tolist(), feature_names)
    if values.ndim > 2 or isinstance(values, WideRows):  # images, embeddings: a vector a row
        return {matrix_names(1, feature_names)[0]: rows_as_objects(values)}, len(values)
    table = np.atleast_2d(np.asarray(values))
    names = matrix_names(table.shape[1], feature_names)
    table = table[:, :MAX_COLUMNS]
    return {name: table[:, i] for i, name in enumerate(names)}, len(table)


def _holds_rows(vector: npt.NDArray[Any]) -> bool:
    return len(vector) > 0 and isinstance(vector[0], (Mapping, list, tuple, np.ndarray))


def _from_records(table: npt.NDArray[Any]) -> tuple[Columns, int]:
    """The fields of a structured array; those of a field with fields are named `outer.inner`."""
    return dict(
        zip(column_names(tuple(name for name, _ in _fields(table))), (v for _, v in _fields(table)), strict=True)
    ), len(table)


def _fields(table: npt.NDArray[Any], prefix: str = "") -> Iterator[tuple[str, Column]]:
    for name in table.dtype.names or ():
        values = table[name]
        if values.dtype.names:
            yield from _fields(values, f"{prefix}{name}.")
        else:
            yield prefix + name, _one_dimension(values)


def matrix_names(width: int, feature_names: Sequence[str]) -> Sequence[str]:
    """Names of a bare matrix's columns: those stated where there are as many, and no more than are read."""
    if len(feature_names) == width:
        return column_names(tuple(feature_names))[:MAX_COLUMNS]
    return [f"f{i}" for i in range(min(width, MAX_COLUMNS))]
