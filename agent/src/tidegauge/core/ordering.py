"""Sorting of numbers, in place, by whichever of two ways is faster on a machine: both end in the same order, missing values last.

numpy sorts rows of a few hundred numbers by networks of comparisons that processors are very good at, longer ones by quicksort, which
on some processors takes five times as long a number. `sort_by_digits` brings a row nearly into order by 65,536 equal steps between
its least and greatest value (a radix sort of 16-bit numbers), and then needs networks only. Where many different values share a step,
as in very long tails, that does not do, and the row is sorted by numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_BY_DIGITS = 1_024
"""Shorter rows are sorted by numpy in any case."""
_NETWORK = 256
_HALF = _NETWORK // 2
_STEPS = 65_535.0


@dataclass(frozen=True)
class Sorting:
    """A way of sorting: `rows` the rows of a matrix, with a breath wherever it may pause; `runs` rows that are some runs in order."""

    rows: Callable[[Floats, Callable[[], None]], None]
    runs: Callable[[Floats], None]


def _sort_rows(matrix: Floats, _breathe: Callable[[], None]) -> None:
    matrix.sort(axis=1)  # numpy lets the interpreter go while it sorts


def _sort_runs(matrix: Floats) -> None:
    matrix.sort(axis=1)


def _sort_rows_by_digits(matrix: Floats, breathe: Callable[[], None]) -> None:
    for row in matrix:
        sort_by_digits(row)
        breathe()


def _merge_runs(matrix: Floats) -> None:
    matrix.sort(axis=1, kind="stable")


BY_NUMPY = Sorting(_sort_rows, _sort_runs)
BY_DIGITS = Sorting(_sort_rows_by_digits, _merge_runs)


def sort_by_digits(row: Floats) -> bool:
    """Sort a contiguous row in place; False where the steps were of no use, and numpy has sorted it."""
    keys = _steps(row) if len(row) >= LEAST_BY_DIGITS else None
    if keys is None:
        row.sort()
        return False
    order = keys.argsort(kind="stable")
    keys = keys.take(order)
    if (keys[_HALF:] == keys[:-_HALF]).any():
        row.sort()
        return False
    row[:] = row.take(order)
    # Values of one step lie together, at most 128 of them: within a block of 256 that begins at a multiple of 256, or within one that
    # begins 128 later. What is in order stays so when a part of it is sorted.
    _sort_blocks(row)
    _sort_blocks(row[_HALF:])
    return True


def _steps(row: Floats) -> npt.NDArray[np.uint16] | None:
    least, greatest = float(row.min()), float(row.max())
    span = greatest - least
    if not 0 < span < math.inf or _STEPS / span == math.inf:
        return None
    shifted = row - least
    shifted *= _STEPS / span
    return shifted.astype(np.uint16)


def _sort_blocks(row: Floats) -> None:
    whole = len(row) // _NETWORK * _NETWORK
    row[:whole].reshape(-1, _NETWORK).sort(axis=1)
    row[whole:].sort()
