"""Private copies: the worker never looks at data that the caller may still change. Known by shape, not by import."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import numpy as np

SMALL_BYTES = 2_048
"""Inputs up to this size are bounded in the buffer by their number alone (16,384 x 2 KiB = 32 MiB)."""

_SCALARS = (str, bytes, int, float, bool, type(None))


def private_copy(value: Any) -> tuple[Any, int]:
    """A copy that the caller cannot reach, and its size in bytes where that is more than a small call's (else 0)."""
    kind = type(value)
    if kind is dict:
        return value.copy(), 0
    if kind is np.ndarray:
        size = value.nbytes
        return value.copy(), size if size > SMALL_BYTES else 0
    if isinstance(value, _SCALARS):
        return value, 0
    return _copy_other(value)


def _copy_other(value: Any) -> tuple[Any, int]:
    if isinstance(value, np.ndarray):
        return np.array(value), int(value.nbytes)
    if isinstance(value, (list, tuple)):
        rows = [row.copy() if hasattr(row, "copy") else row for row in value]
        return rows, 100 * len(rows) * _width(value[0] if len(value) else None)
    if hasattr(value, "iloc") and hasattr(value, "copy"):  # pandas
        return value.copy(), _pandas_bytes(value)
    if isinstance(value, dict):
        return dict(value), 0
    return value, 0


def _width(row: Any) -> int:
    return max(1, len(row)) if isinstance(row, Sized) and not isinstance(row, (str, bytes)) else 1


def _pandas_bytes(value: Any) -> int:
    usage = value.memory_usage()
    return int(usage.sum() if hasattr(usage, "sum") else usage)


def count_rows(value: Any) -> int:
    """How many rows an input holds, without converting it: a mapping or a plain vector is one."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) >= 2 else 1
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], (dict, list, tuple, np.ndarray)):
        return len(value)
    return 1
