"""Many columns at once: the statistics of bins, in blocks of rows that fit the processor's cache.

Columns have bins of their own, in number and kind. A block is as wide as its widest column; shorter ones are padded with zeros, which
count nowhere.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.drift.chance import ChanceTests, tests_of
from tidegauge_collector.core.drift.counts import CODES, FloatArray, KindCodes, counts, kind_codes
from tidegauge_collector.core.drift.divergences import DIVERGENCES, divergences_of

BLOCK_ROWS = 500
CountArray = npt.NDArray[np.int64]


class Binned(Protocol):
    """A column's counts in `k` windows [k, B] and in the baseline [B], in bins of these kinds."""

    @property
    def windows(self) -> CountArray: ...
    @property
    def baseline(self) -> CountArray: ...
    @property
    def kinds(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class BinnedColumn:
    """Nothing but what is `Binned`."""

    windows: npt.NDArray[np.int64]
    baseline: npt.NDArray[np.int64]
    kinds: Sequence[str]


@dataclass(frozen=True, slots=True)
class BlockDrift:
    """Statistics by name, [columns, k] with nan where undefined; the chance tests are in order of columns, then windows.

    `rows` and `missing` [columns, k] are of the windows, `baseline_rows` and `baseline_missing` [columns] of the baseline.
    """

    values: dict[str, FloatArray]
    chance: ChanceTests
    rows: CountArray
    missing: CountArray
    baseline_rows: CountArray
    baseline_missing: CountArray


def drift_of_columns(columns: Sequence[Binned], names: Collection[str]) -> BlockDrift:
    """Those of DIVERGENCES asked for, and the chance test, of every column in every window; all have as many windows."""
    k = len(columns[0].windows) if columns else 0
    rows_of = np.arange(len(columns) * k).reshape(len(columns), k)
    divergences = [name for name in names if name in DIVERGENCES]
    values = {name: np.full(rows_of.size, np.nan) for name in divergences}
    tests = _no_tests(rows_of.size)
    counted = np.zeros((4, rows_of.size), dtype=np.int64)
    kinds = [tuple(one.kinds) for one in columns]
    widths = [len(one) for one in kinds]
    order = sorted(range(len(columns)), key=widths.__getitem__)  # alike in width, so that little is padded
    at_once = max(1, BLOCK_ROWS // max(k, 1))
    for start in range(0, len(order), at_once):
        chosen = order[start : start + at_once]
        rows = rows_of[chosen].ravel()
        windows, baseline, codes = _block([columns[i] for i in chosen], [kinds[i] for i in chosen], k)
        for name, found in divergences_of(windows, baseline, divergences).items():
            values[name][rows] = found
        _put(tests, rows, tests_of(windows, baseline, codes))
        is_missing = codes == CODES["missing"]
        for place, side in ((0, windows), (2, baseline)):
            counted[place, rows] = side.sum(axis=1)
            counted[place + 1, rows] = (side * is_missing).sum(axis=1)
    shape = (len(columns), k)
    return BlockDrift(
        {name: found.reshape(shape) for name, found in values.items()},
        tests,
        rows=counted[0].reshape(shape),
        missing=counted[1].reshape(shape),
        baseline_rows=counted[2].reshape(shape)[:, :1].sum(axis=1),
        baseline_missing=counted[3].reshape(shape)[:, :1].sum(axis=1),
    )


def _block(
    columns: Sequence[Binned], kinds: Sequence[tuple[str, ...]], k: int
) -> tuple[FloatArray, FloatArray, KindCodes]:
    """Windows, baselines and codes of kinds, all [columns * k, width]; padding holds no rows. The widest column is the last.

    Raises ValueError for what are no counts.
    """
    width = len(kinds[-1])
    windows = np.zeros((len(columns), k, width))
    baseline = np.zeros((len(columns), 1, width))
    codes = np.empty((len(columns), 1, width), dtype=np.int8)
    start = 0
    for own, alike in groupby(map(len, kinds)):
        end = start + len(list(alike))
        group, rows = columns[start:end], slice(start, end)
        windows[rows, :, :own] = np.concatenate([one.windows for one in group]).reshape(len(group), k, own)
        baseline[rows, 0, :own] = np.concatenate([one.baseline for one in group]).reshape(len(group), own)
        start = end
    codes[:, 0] = [_codes(one, width) for one in kinds]
    for name, found in (("windows", windows), ("baseline", baseline)):
        if not 0 <= found.min(initial=0.0) <= found.max(initial=0.0) < math.inf:
            counts(found, name)
    return (
        windows.reshape(len(columns) * k, width),
        np.repeat(baseline[:, 0], k, axis=0),
        np.repeat(codes[:, 0], k, axis=0),
    )


@lru_cache(maxsize=4_096)  # columns of a baseline are judged again and again
def _codes(kinds: tuple[str, ...], width: int) -> KindCodes:
    """Padded with a kind that joins and pools nothing."""
    found = np.full(width, CODES["invalid"], dtype=np.int8)
    found[: len(kinds)] = kind_codes(kinds, len(kinds))[0]
    return found


def _no_tests(rows: int) -> ChanceTests:
    return ChanceTests(
        np.full(rows, np.nan),
        np.zeros(rows, dtype=np.int64),
        np.full(rows, np.nan),
        np.zeros(rows, dtype=np.bool_),
        np.zeros(rows),
    )


def _put(tests: ChanceTests, rows: npt.NDArray[np.int64], found: ChanceTests) -> None:
    for name in ("statistic", "df", "p_value", "exact", "rows"):
        getattr(tests, name)[rows] = getattr(found, name)
