"""Private copies: the worker never looks at data that the caller may still change. Known by shape, not by import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tidegauge.worker.shapes import Unread, count_rows, fields_of, size_bytes

SMALL_BYTES = 2_048
SMALL_VALUES = SMALL_BYTES // 8
"""Inputs up to this size are bounded in the buffer by their number alone (16,384 x 2 KiB = 32 MiB)."""

FLOAT64 = np.dtype(np.float64)
SCALARS = frozenset({str, bytes, int, float, bool, type(None), np.float64, np.float32, np.int64, np.int32, np.bool_})


def private_copy(value: Any) -> tuple[Any, int]:
    """A copy that the caller cannot reach, and its size in bytes where that is more than a small call's (else 0).

    A small array of float64 is packed (see `shapes.unpacked`): that costs a third of a copy.
    """
    kind = type(value)
    if kind is dict:
        return value.copy(), 0
    if kind is np.ndarray:
        size = value.nbytes
        if size <= SMALL_BYTES:
            return ((value.tobytes(), value.shape) if value.dtype is FLOAT64 else value.copy()), 0
        return value.copy(), size
    if kind in SCALARS:
        return value, 0
    copied = _copy_other(value)
    size = size_bytes(copied)
    return copied, size if size > SMALL_BYTES else 0


def _copy_other(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        copied = np.array(value, dtype=object if isinstance(value, np.ma.MaskedArray) else None)
        if isinstance(value, np.ma.MaskedArray):
            copied[np.ma.getmaskarray(value)] = None
        return copied
    if isinstance(value, (list, tuple)):
        return [_copy_row(row) for row in value]
    if hasattr(value, "iloc") and hasattr(value, "copy"):  # pandas
        return value.copy()
    if isinstance(value, (str, bytes, int, float, np.generic)):
        return value
    return _copy_row(value)


def _copy_row(row: Any) -> Any:
    if type(row) in SCALARS:
        return row
    if isinstance(row, Mapping):
        return dict(row)
    if isinstance(row, (list, tuple, np.ndarray)):
        return row.copy() if hasattr(row, "copy") else row
    fields = fields_of(row)
    if fields is not None:
        return {name: getattr(row, name) for name in fields}
    return _as_array(row)


def _as_array(value: Any) -> Any:
    if hasattr(value, "__array__"):
        try:
            return np.array(value)
        except Exception:  # noqa: BLE001 - e.g. a tensor on a device; it is counted as unreadable
            return Unread(type(value).__name__, count_rows(value))
    return value if np.isscalar(value) else Unread(type(value).__name__, count_rows(value))


def texts_as_rows(inputs: Any) -> Any:
    """A list or vector of texts, which scikit-learn's text models take as one row each, as rows of one column."""
    is_vector = isinstance(inputs, np.ndarray) and inputs.ndim == 1 and inputs.dtype.kind in "UO"
    if is_vector or (hasattr(inputs, "iloc") and not hasattr(inputs, "columns")):
        inputs = inputs.tolist()
    if isinstance(inputs, (list, tuple)) and inputs and all(isinstance(text, str) for text in inputs):
        return [[text] for text in inputs]
    return inputs
