"""The chance test (`chi_square`): could a window and the baseline come from one distribution? And families of such tests.

A 2×k table of counts, pooled, without Yates' correction; two bins: Fisher's exact test. Decides no verdict.
"""

from collections.abc import Iterator, Sequence
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

_NUMERIC = np.array([kind in NUMERIC_KINDS for kind in CODES])  # by code
_ALWAYS_POOLED = np.array([kind in {"rest", "new"} for kind in CODES])


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


_TOO_FEW_BINS = ChanceTest(statistic=None, df=None, p_value=None, reason="too_few_bins")


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

    @property
    def cramers_v(self) -> FloatArray:
        """`ChanceTest.cramers_v` of every row, nan where there is none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: FloatArray = np.where(
                self.rows > 0, np.minimum(1.0, np.sqrt(self.statistic / np.round(self.rows))), np.nan
            )
        return found

    def __iter__(self) -> Iterator[ChanceTest]:
        """Every row's outcome, in order."""
        fields = (self.statistic, self.df, self.p_value, self.exact, self.rows)
        for statistic, df, p_value, exact, rows in zip(*(one.tolist() for one in fields), strict=True):
            if df:
                method = "fisher_exact" if exact else "chi_square"
                yield ChanceTest(statistic, df, p_value, None, method, round(rows))
            else:
                yield _TOO_FEW_BINS

    def __getitem__(self, i: int) -> ChanceTest:
        """One row's outcome."""
        if not self.df[i]:
            return _TOO_FEW_BINS
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
    return list(chance_tests(windows, baseline, kinds))


def chance_tests(windows: npt.ArrayLike, baseline: npt.ArrayLike, kinds: Sequence[str] | KindCodes) -> ChanceTests:
    """`chance_rows` as arrays. `kinds` names the bins of all rows, or has codes [k, B] (`kind_codes`) where rows differ."""
    w, b = paired(windows, baseline)
    return tests_of(w, b, np.broadcast_to(kind_codes(kinds, w.shape[1]), w.shape))


def tests_of(w: FloatArray, b: FloatArray, codes: KindCodes) -> ChanceTests:
    """`chance_tests` of counts that are known to be counts, all [k, B]."""
    n, baseline_n = w.sum(axis=1, keepdims=True), b.sum(axis=1, keepdims=True)
    numeric = np.asarray(_NUMERIC[codes].any(axis=1), dtype=np.bool_)
    if numeric.any():
        w, b = _join_tails(w, b, codes)
    kept = ~_pooled(w, b, codes, numeric)
    kept_w, kept_b = w * kept, b * kept
    pool_w, pool_b = (w - kept_w).sum(axis=1), (b - kept_b).sum(axis=1)
    both = kept_w + kept_b
    used, has_pool = both > 0, pool_w + pool_b > 0
    bins = used.sum(axis=1) + has_pool
    defined = bins >= 2
    # χ² of each 2×k table: n·N·Σ (w/n − b/N)² / (w + b), which equals Σ (observed − expected)² / expected
    share, baseline_share = 1.0 / np.maximum(n, 1.0), 1.0 / np.maximum(baseline_n, 1.0)
    terms = np.square(kept_w * share - kept_b * baseline_share)
    of_pool = np.square(pool_w * share[:, 0] - pool_b * baseline_share[:, 0])
    sums = np.divide(terms, both, out=terms, where=used).sum(axis=1)
    sums += np.divide(of_pool, pool_w + pool_b, out=of_pool, where=has_pool)
    statistic = np.where(defined, (n * baseline_n)[:, 0] * sums, np.nan)
    p_value = np.where(defined, chdtrc(np.maximum(bins - 1, 1), statistic), np.nan)
    exact = bins == 2
    for i in np.flatnonzero(exact):
        p_value[i] = _fisher(np.append(kept_w[i, used[i]], pool_w[i]), np.append(kept_b[i, used[i]], pool_b[i]))
    return ChanceTests(statistic, np.where(defined, bins - 1, 0), p_value, exact, (n + baseline_n)[:, 0])


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


def _join_tails(w: FloatArray, b: FloatArray, codes: KindCodes) -> tuple[FloatArray, FloatArray]:
    """`below` joins the first interval of its row and `above` the last; without any interval they stay bins of their own."""
    intervals = codes == CODES["interval"]
    has_interval = intervals.any(axis=1)
    w, b = w.copy(), b.copy()
    last = codes.shape[1] - 1 - intervals[:, ::-1].argmax(axis=1)
    for tail, nearest in (("below", intervals.argmax(axis=1)), ("above", last)):
        rows, at = np.nonzero((codes == CODES[tail]) & has_interval[:, None])
        for counts in (w, b):
            counts[rows, nearest[rows]] += counts[rows, at]
            counts[rows, at] = 0.0
    return w, b


def _pooled(w: FloatArray, b: FloatArray, codes: KindCodes, numeric: BoolArray) -> BoolArray:
    """Which bins are pooled, written without a division so that the limit itself is exact.

    Numeric: min(n, N)·q < 5. Else: `rest`, `new`, and where the 2×k table's expected count is < 5 in the smaller sample, hence in either.
    """
    n, baseline_n = w.sum(axis=1, keepdims=True), b.sum(axis=1, keepdims=True)
    fewer = np.minimum(n, baseline_n)
    rare: BoolArray = fewer * b < MIN_EXPECTED * baseline_n
    if not numeric.all():
        in_either = (fewer * (w + b) < MIN_EXPECTED * (n + baseline_n)) | _ALWAYS_POOLED[codes]
        rare = np.where(numeric[:, None], rare, in_either)
    return rare


def _fisher(w: FloatArray, b: FloatArray) -> float:
    """Of the two columns of which either holds a row. Counts re-binned from sketches may be fractions: the exact test needs whole rows."""
    used = w + b > 0
    table = [round(float(value)) for value in (*w[used], *b[used])]
    return fisher_p_value(table[0], table[1], table[2], table[3])
