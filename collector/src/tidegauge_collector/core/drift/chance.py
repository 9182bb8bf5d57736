"""The chance test (`chi_square`): could a window and the baseline come from one distribution? And families of such tests.

A 2×k table of counts, pooled, without Yates' correction; two bins: Fisher's exact test. Decides no verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from tidegauge_collector.core.drift.counts import (
    CODES,
    NUMERIC_KINDS,
    BoolArray,
    FloatArray,
    KindCodes,
    kind_codes,
    paired,
    vector,
)
from tidegauge_collector.core.fisher import fisher_p_value

MIN_EXPECTED = 5  # below this expected count a bin is pooled (Cochran's rule)

_NUMERIC_CODES = [CODES[kind] for kind in NUMERIC_KINDS]
_ALWAYS_POOLED = [CODES["rest"], CODES["new"]]


@dataclass(frozen=True, slots=True)
class ChanceTest:
    """Outcome of the `chi_square` row: statistic, degrees of freedom and p-value, or all three None and a reason.

    `method` is `chi_square` or, where two bins are left, `fisher_exact` (the statistic stays Pearson's, df 1).
    `rows` are those of both samples, 0 where there is no statistic.
    """

    statistic: float | None
    df: int | None
    p_value: float | None
    reason: str | None
    method: str = "chi_square"
    rows: int = 0

    @property
    def cramers_v(self) -> float | None:
        """√(χ²/M), M the rows of both samples: the size of the difference, 0..1, without regard to chance."""
        if self.statistic is None or not self.rows:
            return None
        return min(1.0, float(np.sqrt(self.statistic / self.rows)))


@dataclass(frozen=True, slots=True)
class ChanceTests:
    """`chance_test` of many rows, as arrays: statistic and p-value are nan where fewer than two bins are left (`df` 0)."""

    statistic: FloatArray
    df: npt.NDArray[np.int64]
    p_value: FloatArray
    exact: BoolArray
    rows: FloatArray

    def __len__(self) -> int:
        return len(self.df)

    def __getitem__(self, i: int) -> ChanceTest:
        """One row's outcome."""
        if not self.df[i]:
            return ChanceTest(statistic=None, df=None, p_value=None, reason="too_few_bins")
        return ChanceTest(
            statistic=float(self.statistic[i]),
            df=int(self.df[i]),
            p_value=float(self.p_value[i]),
            reason=None,
            method="fisher_exact" if self.exact[i] else "chi_square",
            rows=round(float(self.rows[i])),
        )


def chance_test(window: npt.ArrayLike, baseline: npt.ArrayLike, kinds: Sequence[str]) -> ChanceTest:
    """Could both samples come from one distribution? The `chi_square` row of the statistics page (2×k, pooled, no Yates).

    >>> chance_test([30, 70, 0], [500, 500, 0], ["category", "category", "missing"]).method
    'fisher_exact'
    """
    return chance_tests(vector(window, "window")[None, :], baseline, kinds)[0]


def chance_rows(windows: npt.ArrayLike, baseline: npt.ArrayLike, kinds: Sequence[str] | KindCodes) -> list[ChanceTest]:
    """`chance_test` of each row of `windows[k, B]` against `baseline[B]` or `baseline[k, B]`."""
    found = chance_tests(windows, baseline, kinds)
    return [found[i] for i in range(len(found))]


def chance_tests(windows: npt.ArrayLike, baseline: npt.ArrayLike, kinds: Sequence[str] | KindCodes) -> ChanceTests:
    """`chance_rows` as arrays. `kinds` names the bins of all rows, or has codes [k, B] (`kind_codes`) where rows differ."""
    w, b = paired(windows, baseline)
    codes = np.broadcast_to(kind_codes(kinds, w.shape[1]), w.shape)
    rows = w.sum(axis=1) + b.sum(axis=1)
    numeric: BoolArray = np.logical_or.reduce(np.isin(codes, _NUMERIC_CODES), axis=1)
    if numeric.any():
        w, b = _join_tails(w, codes), _join_tails(b, codes)
    pooled = np.where(numeric[:, None], _rare_in_baseline(w, b), _rare_in_either(w, b) | np.isin(codes, _ALWAYS_POOLED))
    w, b = _pool(w, pooled), _pool(b, pooled)
    used = np.asarray(w + b > 0, dtype=np.bool_)
    bins = used.sum(axis=1)
    defined = bins >= 2
    statistic = np.where(defined, _pearson(w, b), np.nan)
    p_value = np.where(defined, chdtrc(np.maximum(bins - 1, 1), statistic), np.nan)
    exact = np.asarray(bins == 2, dtype=np.bool_)
    for i in np.flatnonzero(exact):
        p_value[i] = _fisher(w[i, used[i, :]], b[i, used[i, :]])
    return ChanceTests(statistic, np.where(defined, bins - 1, 0), p_value, exact, rows)


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """Adjusted p-values (Benjamini & Hochberg 1995) of one family; nan means undefined, stays nan and is not counted."""
    p = vector(p_values, "p_values", allow_nan=True)
    if np.any(p > 1):
        raise ValueError(f"p_values holds {np.nanmax(p)}: pass probabilities between 0 and 1, nan for undefined")
    adjusted = np.full(p.shape, np.nan)
    defined = np.flatnonzero(~np.isnan(p))
    order = defined[np.argsort(p[defined], kind="stable")]
    scaled = p[order] * order.size / np.arange(1, order.size + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def _join_tails(counts: FloatArray, codes: KindCodes) -> FloatArray:
    """`below` joins the first interval of its row and `above` the last; without any interval they stay bins of their own."""
    intervals = codes == CODES["interval"]
    rows = np.flatnonzero(intervals.any(axis=1))
    if not rows.size:
        return counts
    joined = counts.copy()
    first = intervals[rows].argmax(axis=1)
    last = codes.shape[1] - 1 - intervals[rows, ::-1].argmax(axis=1)
    for tail, nearest in (("below", first), ("above", last)):
        at = codes[rows] == CODES[tail]
        moved = np.where(at, joined[rows], 0.0)
        joined[rows] -= moved
        joined[rows, nearest] += moved.sum(axis=1)
    return joined


def _rare_in_baseline(w: FloatArray, b: FloatArray) -> BoolArray:
    """min(n, N)·q < 5, written without a division so that the limit itself is exact."""
    n, baseline_n = w.sum(axis=1, keepdims=True), b.sum(axis=1, keepdims=True)
    rare: BoolArray = np.minimum(n, baseline_n) * b < MIN_EXPECTED * baseline_n
    return rare


def _rare_in_either(w: FloatArray, b: FloatArray) -> BoolArray:
    """The 2×k table's expected count is < 5 in the smaller sample, hence in either."""
    n, baseline_n = w.sum(axis=1, keepdims=True), b.sum(axis=1, keepdims=True)
    rare: BoolArray = np.minimum(n, baseline_n) * (w + b) < MIN_EXPECTED * (n + baseline_n)
    return rare


def _pool(counts: FloatArray, pooled: BoolArray) -> FloatArray:
    pool = np.where(pooled, counts, 0.0).sum(axis=1, keepdims=True)
    return np.concatenate([np.where(pooled, 0.0, counts), pool], axis=1)


def _pearson(w: FloatArray, b: FloatArray) -> FloatArray:
    """χ² of each 2×k table: n·N·Σ (w/n − b/N)² / (w + b), which equals Σ (observed − expected)² / expected."""
    n, baseline_n = w.sum(axis=1, keepdims=True), b.sum(axis=1, keepdims=True)
    difference = w / np.maximum(n, 1.0) - b / np.maximum(baseline_n, 1.0)
    column = np.where(w + b > 0, w + b, 1.0)
    result: FloatArray = (n * baseline_n)[:, 0] * (difference**2 / column).sum(axis=1)
    return result


def _fisher(w: FloatArray, b: FloatArray) -> float:
    """Counts re-binned from sketches may be fractions: the exact test needs whole rows."""
    table = [round(float(value)) for value in (w[0], w[1], b[0], b[1])]
    return fisher_p_value(table[0], table[1], table[2], table[3])
