"""Private copies: the worker never looks at data that the caller may still change. Known by shape, not by import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tidegauge.worker.rowtypes import as_mapping
from tidegauge.worker.shapes import SCALARS, TupleCopy, Unread, count_rows, size_bytes
from tidegauge.worker.tables import kind_of
from tidegauge.worker.tables.columns import ColumnTable, as_column_table

__all__ = ["FLOAT64", "SCALARS", "SMALL_VALUES", "private_copy", "texts_as_rows"]

SMALL_BYTES = 2_048
SMALL_VALUES = SMALL_BYTES // 8
"""Inputs up to this size are bounded in the buffer by their number alone (16,384 x 2 KiB = 32 MiB)."""

FLOAT64 = np.dtype(np.float64)


def private_copy(value: Any) -> tuple[Any, int]:
    """A copy that the caller cannot reach, and its size in bytes where that is more than a small call's (else 0).

    A small array of float64 is packed (see `shapes.unpacked`): that costs a third of a copy.
    """
    kind = type(value)
    if kind is dict and _is_flat(value.values()):
        return value.copy(), 0
    if kind is np.ndarray and value.dtype.kind != "O":
        size = value.nbytes
        if size <= SMALL_BYTES:
            return ((value.tobytes(), value.shape) if value.dtype is FLOAT64 else value.copy()), 0
        return value.copy(), size
    if kind in SCALARS:
        return value, 0
    copied = _copy(value)
    size = size_bytes(copied)
    return copied, size if size > SMALL_BYTES else 0


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _copy_array(value)
    if isinstance(value, (list, tuple)):
        fields = None if type(value) in {list, tuple} else as_mapping(value)
        make = TupleCopy if isinstance(value, tuple) else list
        if fields is not None:
            return _copy_mapping(fields)
        return make(value) if _is_flat(value[:1]) and _is_flat(value) else make(map(_copier(value), value))
    if isinstance(value, (str, bytes, int, float, np.generic)):
        return value
    if isinstance(value, Mapping):
        table = as_column_table(value)
        return _copy_mapping(value) if table is None else ColumnTable(_copy_mapping(table.columns), table.rows)
    return _copy_row(value)


def _copy_array(array: np.ndarray[Any, Any]) -> Any:
    """A plain array; what is masked is missing."""
    if isinstance(array, np.ma.MaskedArray):
        if array.dtype.names:
            fields = {name: _copy_array(np.ma.atleast_1d(array[name])) for name in array.dtype.names}
            return ColumnTable(fields, array.size)
        copied = np.array(array, dtype=object)
        copied[np.ma.getmaskarray(array)] = None
        return copied
    copied = np.array(array)
    if (
        copied.dtype.kind == "O"
        and copied.ndim
        and copied.size
        and not _is_flat(copied[0] if copied.ndim > 1 else copied[:1])
    ):
        for index, item in np.ndenumerate(copied):
            copied[index] = _copy_value(item)
    return copied


def _copier(rows: Sequence[Any]) -> Callable[[Any], Any]:
    """How to copy rows of which the first has only plain values: without a look at each value of the others."""
    first = rows[0] if len(rows) else None
    if (type(first) is list and _is_flat(first)) or (type(first) is dict and _is_flat(first.values())):
        return _copy_flat_row
    return _copy_row


def _is_flat(values: Iterable[Any]) -> bool:
    return SCALARS.issuperset(map(type, values))


def _copy_flat_row(row: Any) -> Any:
    return row.copy() if type(row) in {list, dict} else _copy_row(row)


def _copy_mapping(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: _copy_value(value) for name, value in mapping.items()}


def _copy_value(value: Any) -> Any:
    """A value of a row: containers are copied, what is no data stays what it is."""
    if type(value) in SCALARS:
        return value
    if isinstance(value, np.ndarray):
        return _copy_array(value)
    if isinstance(value, (list, tuple)):
        return list(value) if _is_flat(value) else list(map(_copy_value, value))
    if isinstance(value, Mapping):
        return dict(value)
    kind = kind_of(value)
    return value if kind is None else kind.copy(value)


def _copy_row(row: Any) -> Any:
    if type(row) in SCALARS:
        return row
    if isinstance(row, Mapping):
        return _copy_mapping(row)
    fields = as_mapping(row)
    if fields is not None:
        return _copy_mapping(fields)
    if isinstance(row, tuple):
        return tuple(map(_copy_value, row))
    if isinstance(row, (list, np.ndarray)):
        return _copy_value(row)
    kind = kind_of(row)
    if kind is None:
        return row if np.isscalar(row) else Unread(type(row).__name__, count_rows(row))
    try:
        return kind.copy(row)
    except Exception:  # noqa: BLE001 - e.g. a closed file behind it; it is counted as unreadable
        return Unread(type(row).__name__, kind.count(row))


def texts_as_rows(inputs: Any) -> Any:
    """A list or vector of texts, which scikit-learn's text models take as one row each, as rows of one column."""
    texts = inputs
    is_vector = isinstance(inputs, np.ndarray) and inputs.ndim == 1 and inputs.dtype.kind in "UO"
    if is_vector or (hasattr(inputs, "iloc") and not hasattr(inputs, "columns") and hasattr(inputs, "tolist")):
        texts = inputs.tolist()
    if isinstance(texts, (list, tuple)) and texts and all(isinstance(text, str) for text in texts):
        return [[text] for text in texts]
    return inputs
