"""What a value is as a table: how many rows, about how many bytes, and some of its rows. Known by shape, not by import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

BYTES_A_VALUE = 40  # of a Python number or short text in a list
BULKY_BYTES = 2_048
BULKY_VALUES = 512  # more than of any name is kept


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for a value that cannot be copied safely (a generator, a tensor on a device); nothing of it is kept."""

    type_name: str
    rows: int


Packed = tuple[bytes, tuple[int, ...]]
"""A small array of float64: its bytes and its shape. Nothing else in a call is a tuple: private copies of tuples are lists."""


def unpacked(value: Any) -> Any:
    """The array of a packed one; anything else as it is."""
    return np.frombuffer(value[0]).reshape(value[1]) if type(value) is tuple else value


def size_bytes(value: Any) -> int:
    """About how many bytes a table or a list of rows takes; 0 for single rows and for what is no table."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, (list, tuple)):
        return BYTES_A_VALUE * len(value) * _width(value[0]) if len(value) else 0
    shape = getattr(value, "shape", None)
    return int(np.prod(shape, dtype=np.int64)) * 8 if isinstance(shape, tuple) else 0


def _width(row: Any) -> int:
    return max(1, len(row)) if isinstance(row, Sized) and not isinstance(row, (str, bytes)) else 1


def count_rows(value: Any) -> int:
    """How many rows an input holds, without converting it: a mapping or a plain vector is one."""
    kind = type(value)
    if kind is dict:
        return 1
    if kind is tuple and len(value) == 2 and type(value[0]) is bytes:
        return int(value[1][0]) if len(value[1]) >= 2 else 1
    shape = getattr(value, "shape", None)
    if shape is not None:
        is_table = len(shape) >= 2 or getattr(getattr(value, "dtype", None), "names", None)
        return int(shape[0]) if is_table and len(shape) else 1
    if isinstance(value, (list, tuple)):
        return len(value) if not value or _is_row(value[0]) else 1
    return value.rows if isinstance(value, Unread) else 1


def row_counts(inputs: Sequence[Any]) -> npt.NDArray[np.int64]:
    """`count_rows` of each input; at once where all are dicts or packed alike."""
    kinds = set(map(type, inputs))
    if kinds == {dict}:
        return np.ones(len(inputs), dtype=np.int64)
    if kinds == {tuple} and len(set(map(itemgetter(1), inputs))) == 1:
        return np.full(len(inputs), count_rows(inputs[0]), dtype=np.int64)
    return np.array([count_rows(one) for one in inputs], dtype=np.int64)


def lightened(row: dict[Any, Any]) -> dict[Any, Any]:
    """A row without the bulk that no profile looks into (images, embeddings, long texts): it may wait in memory for a while."""
    if not any(map(_is_bulky, row.values())):
        return row
    return {name: _lightened(value) if _is_bulky(value) else value for name, value in row.items()}


def _is_bulky(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.nbytes > BULKY_BYTES
    return isinstance(value, (list, tuple, dict, set, str, bytes)) and len(value) > BULKY_VALUES


def _lightened(value: Any) -> Any:
    return value[:BULKY_VALUES] if isinstance(value, (str, bytes)) else []  # empty, a container still


def _is_row(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple, np.ndarray)) or fields_of(value) is not None


def fields_of(value: Any) -> Mapping[str, Any] | None:
    """The fields of a dataclass or a pydantic model."""
    fields = getattr(type(value), "__dataclass_fields__", None) or getattr(type(value), "model_fields", None)
    return fields if isinstance(fields, Mapping) else None


def slice_rows(value: Any, rows: slice) -> Any:
    """Some consecutive rows of a table, of answers, ids or times; anything else as it is."""
    if hasattr(value, "iloc"):
        return value.iloc[rows]
    return value[rows] if isinstance(value, (list, tuple, np.ndarray)) else value
