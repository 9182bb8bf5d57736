"""Columns of one window over several frames: as many in each as there is room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tidegauge.core.profile import ColumnProfile, limit_names
from tidegauge.wire.codec import MAX_BODY_BYTES


def columns_that_fit(columns: Sequence[ColumnProfile], *, reserved: int = 0) -> Iterator[list[ColumnProfile]]:
    """Columns that fit a frame together; in the first, so many bytes are `reserved`."""
    part: list[ColumnProfile] = []
    size = reserved
    for column in map(_with_names_that_fit, columns):
        weight = _bytes(column)
        if size and size + weight > MAX_BODY_BYTES:
            yield part
            part, size = [], 0
        part.append(column)
        size += weight
    yield part


def _with_names_that_fit(column: ColumnProfile) -> ColumnProfile:
    """The column with only as many of its most frequent names as a frame has room for; the others are overflow."""
    while column.names and _bytes(column) > MAX_BODY_BYTES:
        column = limit_names(column, len(column.names) // 2)
    return column


def _bytes(column: ColumnProfile) -> int:
    """An upper bound of a column's encoded size."""
    bins = 0 if column.bin_counts is None else 8 * len(column.bin_counts)
    names = sum(len(name.encode()) + 12 for name in column.names)
    return (
        200
        + len(column.name.encode())
        + bins
        + names
        + 12 * len(column.buckets)
        + int(np.size(column.sketch.points)) * 8
    )
