"""Merging what a fold brings of equal (series, window) into columns of numpy arrays, ready for bulk insertion.

Counts add up in 64-bit integers, sums in order of arrival. Sketches are kept one by one: they are compressed once, when their
window is compacted.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegauge.core.moments import SecondMoments
from tidegauge.core.profile import ColumnProfile
from tidegauge_collector.telemetry.store import Array, Table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CellKey = tuple[int, int, int]
"""Series number, window start in us, window length in s."""


def texts(values: Sequence[str]) -> Array:
    """A column of text."""
    return np.array(values, dtype=object)


def blobs(values: Sequence[bytes]) -> pa.BinaryArray:
    """A column of bytes; numpy has none that DuckDB takes quickly."""
    ends = np.cumsum([0, *map(len, values)], dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(values))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(values), buffers)


def _blobs_of_floats(parts: Sequence[Floats]) -> pa.BinaryArray:
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64) * 8
    values = np.concatenate(parts, dtype="<f8")
    return pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(parts), [None, pa.py_buffer(ends), pa.py_buffer(values)]
    )


def columns_of(rows: Sequence[Sequence[object]], kinds: Mapping[str, type]) -> Table:
    """Rows turned into columns of the given names and types; no columns where there are no rows."""
    if not rows:
        return {}
    turned = zip(kinds.items(), zip(*rows, strict=True), strict=True)
    return {name: np.array(values, dtype=object if kind is str else kind) for (name, kind), values in turned}


class CellBatch:
    """Cells of one fold."""

    def __init__(self) -> None:
        self._cells: dict[CellKey, int] = {}
        self._owners: list[int] = []
        self._counts: list[tuple[int, ...]] = []
        self._sums: list[tuple[float, ...]] = []
        self._binned: list[tuple[int, Ints]] = []
        self._buckets: list[tuple[int, int, int]] = []
        self._names: dict[tuple[int, str], int] = {}
        self._sketches: list[tuple[int, int, Floats, int]] = []
        self._moments: list[tuple[int, int, bytes, int]] = []

    def add(self, key: CellKey, profile: ColumnProfile, received_us: int) -> None:
        """Count a column's profile in its cell."""
        cell = self._cells.setdefault(key, len(self._cells))
        p = profile
        self._owners.append(cell)
        self._counts.append((p.rows, p.missing, p.non_finite, p.invalid, p.overflow, received_us))
        self._sums.append((p.sum, p.sum_squares, p.minimum, p.maximum))
        if p.bin_counts is not None:
            self._binned.append((cell, p.bin_counts))
        for bucket, count in p.buckets.items():
            self._buckets.append((cell, bucket, count))
        for name, count in p.names.items():
            self._names[cell, name] = self._names.get((cell, name), 0) + count
        if p.sketch.count:
            self._sketches.append((cell, p.sketch.count, p.sketch.points, received_us))

    def add_moments(self, key: CellKey, moments: SecondMoments, received_us: int) -> None:
        """Keep second moments, in a cell that counts their rows."""
        cell = self._cells.setdefault(key, len(self._cells))
        self._owners.append(cell)
        self._counts.append((moments.rows, 0, 0, 0, 0, received_us))
        self._sums.append((0.0, 0.0, math.nan, math.nan))
        state = moments.sums.tobytes() + moments.products.tobytes()
        self._moments.append((cell, moments.rows, state, received_us))

    def tables(self) -> dict[str, Table]:
        """The tables `cells`, `sketches`, `bins`, `names` and `second_moments`, those that have rows."""
        if not self._cells:
            return {}
        keys = np.array(list(self._cells), dtype=np.int64)
        tables = {
            "cells": _where(keys) | self._cell_columns(),
            "bins": self._bin_columns(keys),
            "names": self._name_columns(keys),
            "sketches": self._sketch_columns(keys),
            "second_moments": self._moment_columns(keys),
        }
        return {name: table for name, table in tables.items() if len(table["series_id"])}

    def _cell_columns(self) -> dict[str, Array]:
        owners, n = np.array(self._owners), len(self._cells)
        counts, sums = np.array(self._counts, dtype=np.int64), np.array(self._sums, dtype=np.float64)
        columns: dict[str, Array] = {}
        for i, name in enumerate(("rows", "missing", "non_finite", "invalid", "overflow")):
            columns[name] = _add_up(owners, counts[:, i], n)
        columns["received_us"] = np.full(n, np.iinfo(np.int64).min)
        np.maximum.at(columns["received_us"], owners, counts[:, 5])
        for i, name in enumerate(("total", "total_squares")):
            columns[name] = np.zeros(n)
            np.add.at(columns[name], owners, np.where(np.isnan(sums[:, i]), np.inf, sums[:, i]))
            columns[name][np.isnan(columns[name])] = np.inf  # a NaN would be stored as NULL, and SUM passes over that
        columns["minimum"], columns["maximum"] = np.full(n, np.nan), np.full(n, np.nan)
        np.fmin.at(columns["minimum"], owners, sums[:, 2])
        np.fmax.at(columns["maximum"], owners, sums[:, 3])
        return columns

    def _bin_columns(self, keys: Ints) -> dict[str, Array]:
        buckets = np.array(self._buckets, dtype=np.int64).reshape(-1, 3)
        sizes = np.array([len(counts) for _, counts in self._binned], dtype=np.int64)
        cells = np.repeat(np.array([cell for cell, _ in self._binned], dtype=np.int64), sizes)
        positions = np.arange(len(cells)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        counts = np.concatenate([np.empty(0, dtype=np.int64), *(counts for _, counts in self._binned)])
        used = counts > 0
        cells = np.concatenate([cells[used], buckets[:, 0]])
        positions = np.concatenate([positions[used], buckets[:, 1]])
        counts = np.concatenate([counts[used], buckets[:, 2]])
        spots, owners = np.unique((cells << 32) | positions, return_inverse=True)
        columns = _where(keys[spots >> 32])
        return columns | {"bin": spots & 0xFFFFFFFF, "count": _add_up(owners, counts, len(spots))}

    def _name_columns(self, keys: Ints) -> dict[str, Array]:
        owners = np.array([cell for cell, _ in self._names], dtype=np.int64)
        columns = _where(keys[owners])
        columns["name"] = texts([name for _, name in self._names])
        columns["count"] = np.array(list(self._names.values()), dtype=np.int64)
        return columns

    def _sketch_columns(self, keys: Ints) -> dict[str, Array]:
        if not self._sketches:
            return {"series_id": np.empty(0, dtype=np.int32)}
        cells, counts, points, received = zip(*self._sketches, strict=True)
        return _where(keys[list(cells)]) | {
            "sketch_count": np.array(counts, dtype=np.int64),
            "sketch": _blobs_of_floats(points),
            "received_us": np.array(received, dtype=np.int64),
        }

    def _moment_columns(self, keys: Ints) -> dict[str, Array]:
        if not self._moments:
            return {"series_id": np.empty(0, dtype=np.int32)}
        cells, rows, states, received = zip(*self._moments, strict=True)
        return _where(keys[list(cells)]) | {
            "rows": np.array(rows, dtype=np.int64),
            "state": blobs(states),
            "received_us": np.array(received, dtype=np.int64),
        }


def _where(keys: Ints) -> dict[str, Array]:
    return {
        "series_id": keys[:, 0].astype(np.int32),
        "window_start_us": np.ascontiguousarray(keys[:, 1]),
        "window_length_s": keys[:, 2].astype(np.int32),
    }


def _add_up(owners: Ints, counts: Ints, n: int) -> Ints:
    totals = np.zeros(n, dtype=np.int64)
    np.add.at(totals, owners, counts)
    return totals
