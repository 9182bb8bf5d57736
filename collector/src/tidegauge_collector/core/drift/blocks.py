"""Many columns at once: the statistics of bins, in blocks of rows that fit the processor's cache.

Columns have bins of their own, in number and kind. A block is as wide as its widest column; shorter ones are padded with zeros, which
count nowhere.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.drift.chance import ChanceTests, chance_tests
from tidegauge_collector.core.drift.counts import CODES, FloatArray, KindCodes, kind_codes
from tidegauge_collector.core.drift.divergences import DIVERGENCES, divergence_rows

BLOCK_ROWS = 250


@dataclass(frozen=True, slots=True)
class BinnedColumn:
    """A column's counts in `k` windows [k, B] and in the baseline [B], in bins of these kinds."""

    windows: npt.NDArray[np.int64]
    baseline: npt.NDArray[np.int64]
    kinds: Sequence[str]


@dataclass(frozen=True, slots=True)
class BlockDrift:
    """Statistics by name, [columns, k] with nan where undefined; the chance tests are in order of columns, then windows."""

    values: dict[str, FloatArray]
    chance: ChanceTests | None


def drift_of_columns(columns: Sequence[BinnedColumn], names: Collection[str], *, chance: bool = True) -> BlockDrift:
    """Those of DIVERGENCES asked for, and the chance test, of every column in every window; all have as many windows."""
    k = len(columns[0].windows) if columns else 0
    widths = np.repeat([len(one.kinds) for one in columns], k)
    order = np.argsort(widths, kind="stable")
    divergences = [name for name in names if name in DIVERGENCES]
    values = {name: np.full(len(order), np.nan) for name in divergences}
    tests = _no_tests(len(order)) if chance else None
    for start in range(0, len(order), BLOCK_ROWS):
        rows = order[start : start + BLOCK_ROWS]
        windows, baseline, codes = _block(columns, rows, k, int(widths[rows[-1]]))
        for name, found in divergence_rows(windows, baseline, divergences).items():
            values[name][rows] = found
        if tests is not None:
            _put(tests, rows, chance_tests(windows, baseline, codes))
    return BlockDrift({name: found.reshape(len(columns), k) for name, found in values.items()}, tests)


def _block(
    columns: Sequence[BinnedColumn], rows: npt.NDArray[np.int64], k: int, width: int
) -> tuple[FloatArray, FloatArray, KindCodes]:
    windows, baseline = np.zeros((len(rows), width)), np.zeros((len(rows), width))
    codes = np.full((len(rows), width), CODES["invalid"], dtype=np.int8)
    for i, (column, window) in enumerate(zip(*divmod(rows, k), strict=True)):
        one = columns[column]
        here = slice(len(one.kinds))
        windows[i, here], baseline[i, here] = one.windows[window], one.baseline
        codes[i, here] = kind_codes(one.kinds, len(one.kinds))[0]
    return windows, baseline, codes


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
