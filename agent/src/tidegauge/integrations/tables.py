"""Several named arrays, of which each holds one item a row, as one table that the worker reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_WIDTH = 512
"""Wider rows (images, embeddings, sequences of them) are no columns that anybody would look at: they are summed up."""

_FLOATS = (np.float32, np.float64)

Array = npt.NDArray[Any]


def as_table(arrays: Mapping[str, Array]) -> Array | None:
    """The arrays side by side: a lone matrix as it is, else a structured array; None where there is no row in common.

    A matrix `x` of several columns gives `x.0`, `x.1`, …; one of more than two dimensions, or wider than 512, gives `x.mean`,
    `x.norm` and `x.dimensions`.
    """
    if not arrays:
        return None
    if len(arrays) == 1 and not is_wide(next(iter(arrays.values()))):
        return next(iter(arrays.values()))
    lengths = {len(array) if array.ndim else 1 for array in arrays.values()}
    if len(lengths) != 1:
        return None
    rows = lengths.pop()
    columns = [column for name, array in arrays.items() for column in _columns(name, array, rows)]
    if not columns:
        return without_columns(rows)
    table = np.empty(rows, dtype=[(name, values.dtype) for name, values in columns])
    for name, values in columns:
        table[name] = values
    return table


def is_wide(array: Array) -> bool:
    """Whether each row is a picture, a sequence or an embedding rather than some features."""
    return array.ndim > 2 or (array.ndim == 2 and array.shape[1] > MAX_WIDTH)


def without_columns(rows: int) -> Array:
    """So many rows of which nothing is known: their predictions are recorded all the same."""
    return np.empty((rows, 0))


def _columns(name: str, array: Array, rows: int) -> Iterator[tuple[str, Array]]:
    if is_wide(array):
        yield from _summed_up(name, array)
    elif array.ndim < 2:
        yield name, array.reshape(rows)
    elif array.shape[1] == 1:
        yield name, array[:, 0]
    else:
        yield from ((f"{name}.{i}", array[:, i]) for i in range(array.shape[1]))


def _summed_up(name: str, array: Array) -> Iterator[tuple[str, Array]]:
    """A row at a time, so that no second array of this size is ever there."""
    if array.dtype.kind in "biuf" and array.size:
        rows = [row.reshape(-1) for row in array]
        yield f"{name}.mean", np.array([_mean(row) for row in rows])
        yield f"{name}.norm", np.array([_norm(row) for row in rows])
    width = int(np.prod(array.shape[1:], dtype=np.int64))
    yield f"{name}.dimensions", np.full(len(array), width, dtype=np.int64)


def _mean(row: Array) -> float:
    with np.errstate(all="ignore"):  # the host must not be warned of its own infinities by us
        return float(row.mean(dtype=np.float32 if row.dtype == np.float32 else np.float64))


def _norm(row: Array) -> float:
    """Euclidean length, without a copy where the row is of floats and none of its squares is beyond them."""
    with np.errstate(all="ignore"):
        square = float(np.dot(row, row)) if row.dtype in _FLOATS else math.inf
        return math.sqrt(square) if math.isfinite(square) else float(np.linalg.norm(row.astype(np.float64)))
