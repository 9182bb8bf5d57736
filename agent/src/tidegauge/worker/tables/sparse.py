"""scipy's sparse matrices and arrays, never made dense as a whole: each column becomes dense when it is profiled.

A private copy keeps row, column and value of what is stored, of the columns that are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.errors import UsageError
from tidegauge.worker.tables.kind import TableKind, has_all

Indexes = npt.NDArray[np.int64]
MAX_COLUMNS = 2_001  # one more than are profiled: the worker counts that there were
_BYTES_STORED = 24


@dataclass(frozen=True, slots=True, eq=False)
class SparseColumn:
    """A column of float64 of which most values are 0: an array to whoever asks for one."""

    indexes: Indexes
    values: npt.NDArray[np.float64]
    rows: int

    @property
    def dtype(self) -> np.dtype[np.float64]:
        return np.dtype(np.float64)

    @property
    def ndim(self) -> int:
        return 1

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[float]:
        return iter(self.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        dense = np.bincount(self.indexes, weights=self.values, minlength=self.rows)  # what is stored twice is added up
        return dense if dtype is None else dense.astype(dtype)

    def __getitem__(self, chosen: Any) -> Any:
        """Some rows: those of a slice, or at ascending indexes."""
        if isinstance(chosen, slice) and chosen.step in {None, 1}:
            start, stop, _ = chosen.indices(self.rows)
            inside = (self.indexes >= start) & (self.indexes < stop)
            return SparseColumn(self.indexes[inside] - start, self.values[inside], max(0, stop - start))
        rows = np.asarray(chosen)
        rows = np.flatnonzero(rows) if rows.dtype.kind == "b" else rows
        if rows.ndim != 1 or (rows[1:] <= rows[:-1]).any():
            return np.asarray(self)[chosen]
        at = np.searchsorted(rows, self.indexes)
        inside = at < len(rows)
        inside[inside] = rows[at[inside]] == self.indexes[inside]
        return SparseColumn(at[inside], self.values[inside], len(rows))

    def tolist(self) -> list[float]:
        """The values as a list, zeros too."""
        return [float(value) for value in np.asarray(self)]


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """A private copy of some sparse rows: where something is stored, and what; `width` is that of the whole table."""

    rows: int
    width: int
    row: Indexes
    column: Indexes
    values: npt.NDArray[np.float64]

    @property
    def size_bytes(self) -> int:
        return _BYTES_STORED * len(self.values)

    def columns(self) -> list[Any]:
        """The columns that are read, in their order."""
        order = np.argsort(self.column, kind="stable")
        bounds = np.searchsorted(self.column[order], np.arange(min(self.width, MAX_COLUMNS) + 1)).tolist()
        row, values = self.row[order], self.values[order]
        return [SparseColumn(row[start:stop], values[start:stop], self.rows) for start, stop in pairwise(bounds)]


def read_sparse(matrix: Any) -> SparseRows:
    """What a sparse matrix stores; a vector is one row. UsageError where it stores anything but real numbers."""
    if matrix.dtype.kind not in "biuf":
        raise UsageError(f"a sparse matrix of {matrix.dtype} is no table: give one of real numbers")
    if matrix.ndim == 1:
        matrix = matrix.reshape(1, -1)
    rows, width = (int(n) for n in matrix.shape)
    row, column, stored = _places(matrix)
    if width > MAX_COLUMNS:
        read = column < MAX_COLUMNS
        row, column, stored = row[read], column[read], stored[read]
    return SparseRows(rows, width, row.astype(np.int64), column.astype(np.int64), stored.astype(np.float64))


def _places(matrix: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Rows, columns and values of what is stored; of csr without scipy's help, which takes ten times as long."""
    if matrix.format == "csr":
        return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices, matrix.data
    coordinates = matrix.tocoo()
    return coordinates.row, coordinates.col, coordinates.data


def join_sparse(parts: list[SparseRows]) -> SparseRows:
    """The rows of several copies of one width, one after another."""
    starts = np.cumsum([0, *(part.rows for part in parts[:-1])])
    return SparseRows(
        sum(part.rows for part in parts),
        parts[0].width,
        np.concatenate([part.row + start for part, start in zip(parts, starts.tolist(), strict=True)]),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def by_rows(value: Any) -> Any:
    """A sparse matrix in the form whose rows are sliced quickly; anything else as it is."""
    is_sparse = _is_sparse(type(value)) and getattr(value, "ndim", 1) == 2
    return value.tocsr() if is_sparse else value


_is_sparse = has_all("tocsr", "tocoo", "nnz")


def _count(matrix: Any) -> int:
    return int(matrix.shape[0]) if len(matrix.shape) > 1 else 1


def _size_bytes(matrix: Any) -> int:
    stored = getattr(matrix, "data", None)
    return _BYTES_STORED * (stored.size if isinstance(stored, np.ndarray) else int(matrix.nnz))


KINDS = (
    TableKind(
        _is_sparse,
        count=_count,
        size_bytes=_size_bytes,
        copy=read_sparse,
        part=lambda matrix, rows: matrix.tocsr()[rows],
        read=read_sparse,
    ),
)
