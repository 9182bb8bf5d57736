"""What a value is as a table: how many rows, about how many bytes, and some of its rows. Known by shape, not by import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.worker.rowtypes import fields_of
from tidegauge.worker.tables import Unread, kind_of
from tidegauge.worker.tables.columns import SCALARS, ColumnTable, as_column_table
from tidegauge.worker.tables.sparse import SparseRows, by_rows

__all__ = [
    "SCALARS",
    "Packed",
    "TupleCopy",
    "Unread",
    "by_rows",
    "count_rows",
    "fields_of",
    "is_packed",
    "row_counts",
    "size_bytes",
    "slice_rows",
    "unpacked",
]

BYTES_A_VALUE = 40  # of a Python number or short text in a list
_SMALL = SCALARS - {str, bytes}
FIELD_BYTES = 50  # of a place in a dict, besides

Packed = tuple[bytes, tuple[int, ...]]
"""A small array of float64: its bytes and its shape. Nothing else in a call is a tuple: private copies of tuples are lists."""


class TupleCopy(list[Any]):
    """A private copy of a tuple: a list that remembers it, for a pair (label, probability) is no list of two answers."""

    __slots__ = ()


def is_packed(value: Any) -> bool:
    """Whether a value is a packed array, not a tuple of the host's."""
    return type(value) is tuple and len(value) == 2 and type(value[0]) is bytes and type(value[1]) is tuple


def unpacked(value: Any) -> Any:
    """The array of a packed one; anything else as it is."""
    return np.frombuffer(value[0]).reshape(value[1]) if is_packed(value) else value


def size_bytes(value: Any) -> int:
    """About how many bytes a table or a list of rows takes; 0 for single rows and for what is no table."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, (list, tuple)):
        return len(value) * _bytes_of_row(value[0]) if len(value) else 0
    if type(value) in SCALARS:
        return 0
    if isinstance(value, Mapping):
        value = as_column_table(value)
    if isinstance(value, ColumnTable):
        return sum(map(size_bytes, value.columns.values()))
    if isinstance(value, SparseRows):
        return value.size_bytes
    kind = kind_of(value)
    return kind.size_bytes(value) if kind is not None else 0


def _bytes_of_row(row: Any) -> int:
    if type(row) in SCALARS:
        return BYTES_A_VALUE + _bulk(row)
    values = row if isinstance(row, (list, tuple)) else row.values() if isinstance(row, Mapping) else (row,)
    each = BYTES_A_VALUE if isinstance(row, (list, tuple)) else BYTES_A_VALUE + FIELD_BYTES
    is_small = _SMALL.issuperset(map(type, values))
    return max(1, len(values)) * each + (0 if is_small else sum(map(_bulk, values)))


def _bulk(value: Any) -> int:
    """What a value takes beyond that of a number."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, (str, bytes)):
        return len(value) if len(value) > BYTES_A_VALUE else 0
    return BYTES_A_VALUE * len(value) if isinstance(value, Sized) and not isinstance(value, Mapping) else 0


def is_immutable(value: Any) -> bool:
    """Whether nobody can change a table: it may be looked at later as it is."""
    kind = kind_of(value)
    return kind is not None and kind.is_immutable


def count_rows(value: Any) -> int:
    """How many rows an input holds, without converting it: a mapping is one unless it is of columns, and so is a plain vector."""
    if type(value) is dict:
        table = as_column_table(value)
        return 1 if table is None else table.rows
    if is_packed(value):
        return int(value[1][0]) if len(value[1]) >= 2 else 1
    if isinstance(value, np.ndarray):
        is_table = value.ndim >= 2 or value.dtype.names or _holds_rows(value)
        return len(value) if is_table and value.ndim else 1
    if isinstance(value, (list, tuple)):
        is_one = len(value) and (
            not _is_row(value[0]) or (type(value) not in {list, tuple} and fields_of(value) is not None)
        )
        return 1 if is_one else len(value)
    if isinstance(value, (ColumnTable, SparseRows, Unread)):
        return value.rows
    if isinstance(value, Mapping):
        table = as_column_table(value)
        return 1 if table is None else table.rows
    kind = kind_of(value)
    return kind.count(value) if kind is not None else 1


def _holds_rows(vector: npt.NDArray[Any]) -> bool:
    if vector.dtype.kind != "O" or vector.ndim != 1 or not len(vector):
        return False
    return _is_row(vector[0]) and not isinstance(vector[0], Unread)  # values that cannot be read are those of one row


def row_counts(inputs: Sequence[Any]) -> npt.NDArray[np.int64]:
    """`count_rows` of each copied input, among which a dict is one row; at once where all are dicts or packed alike."""
    kinds = set(map(type, inputs))
    if kinds == {dict}:
        return np.ones(len(inputs), dtype=np.int64)
    if kinds == {tuple} and are_equal(list(map(itemgetter(1), inputs))):
        return np.full(len(inputs), count_rows(inputs[0]), dtype=np.int64)
    return np.array([1 if type(one) is dict else count_rows(one) for one in inputs], dtype=np.int64)


def are_equal(values: list[Any]) -> bool:
    """Whether all of some values, at least one, are equal to the first; several times faster than a set of them."""
    return values.count(values[0]) == len(values)


def _is_row(value: Any) -> bool:
    if type(value) in SCALARS:
        return False
    return isinstance(value, (list, tuple, dict, np.ndarray, Mapping)) or _is_other_row(value)


def _is_other_row(value: Any) -> bool:
    kind = kind_of(value)
    return fields_of(value) is not None or (kind is not None and getattr(value, "ndim", 1) != 0)


def slice_rows(value: Any, rows: slice) -> Any:
    """Some consecutive rows of a table, of answers, ids or times; anything else as it is."""
    if isinstance(value, np.ndarray):
        return value[rows] if value.ndim else value
    if isinstance(value, (list, tuple)):
        make = TupleCopy if isinstance(value, (tuple, TupleCopy)) else list
        return make(slice_rows(one, rows) for one in value) if _holds_columns(value) else make(value[rows])
    if isinstance(value, Mapping):
        value = as_column_table(value) or value
    if isinstance(value, ColumnTable):
        return value.part(rows)
    kind = kind_of(value)
    return kind.part(value, rows) if kind is not None else value


def _holds_columns(values: Sequence[Any]) -> bool:
    """Whether a list holds whole columns of answers: scores by output, or a pair of labels and probabilities."""
    if not len(values) or not all(
        isinstance(one, list) or (isinstance(one, np.ndarray) and one.ndim) for one in values
    ):
        return False
    lengths = {len(one) for one in values}
    if len(lengths) != 1 or lengths.pop() <= len(values):
        return False
    is_pair = isinstance(values, (tuple, TupleCopy)) and len(values) == 2 and not isinstance(values[0][0], float)
    return is_pair or all(isinstance(one, np.ndarray) and one.ndim == 2 for one in values)
