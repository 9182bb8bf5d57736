"""Drift of one column: how far a window's counts lie from the baseline's, and whether chance explains it.

A column's count vector is its reference bins in axis order followed by `missing, non_finite, invalid`; `kinds` names the kind
of every entry. Several windows or columns of the same kinds are judged in one call (`psi_rows`, `chance_rows`); a bin that is
empty on both sides counts nowhere, so shorter columns may be padded with zeros. Does not bin values and decides no verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from tidegauge_collector.core.fisher import fisher_p_value

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

BIN_KINDS = frozenset(
    {"below", "interval", "point", "above", "category", "rest", "new", "missing", "non_finite", "invalid"}
)
NUMERIC_KINDS = frozenset({"below", "interval", "point", "above"})
SHARE_FLOOR = 1e-4  # psi and kl raise every share to this
MIN_EXPECTED = 5  # below this expected count a bin is pooled (Cochran's rule)


@dataclass(frozen=True, slots=True)
class ChanceTest:
    """Outcome of the `chi_square` row: statistic, degrees of freedom and p-value, or all three None and a reason.

    `method` is `chi_square` or, where two bins are left, `fisher_exact` (the statistic stays Pearson's, df 1).
    """

    statistic: float | None
    df: int | None
    p_value: float | None
    reason: str | None
    method: str = "chi_square"


def psi(window: npt.ArrayLike, baseline: npt.ArrayLike) -> float | None:
    """Population stability index in nats: Σ (p−q)·ln(p/q) with floored, renormalised shares; None when a side has no rows.

    >>> round(psi([20, 80], [50, 50]), 6)
    0.415888
    """
    value = float(psi_rows(_vector(window, "window")[None, :], baseline)[0])
    return None if np.isnan(value) else value


def psi_rows(windows: npt.ArrayLike, baseline: npt.ArrayLike) -> FloatArray:
    """PSI of each row of `windows[k, B]` against `baseline[B]` (or row by row against `baseline[k, B]`); nan where undefined."""
    w, b = _paired(windows, baseline)
    used = (w > 0) | (b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = _floored_shares(w, used)
        q = _floored_shares(b, used)
        terms = (p - q) * np.log(p / q)
    values = np.where(used, terms, 0.0).sum(axis=1)
    return np.where((w.sum(axis=1) > 0) & (b.sum(axis=1) > 0), values, np.nan)


def chance_test(window: npt.ArrayLike, baseline: npt.ArrayLike, kinds: Sequence[str]) -> ChanceTest:
    """Could both samples come from one distribution? The `chi_square` row of the statistics page (2×k, pooled, no Yates).

    >>> chance_test([30, 70, 0], [500, 500, 0], ["category", "category", "missing"]).method
    'fisher_exact'
    """
    return chance_rows(_vector(window, "window")[None, :], baseline, kinds)[0]


def chance_rows(windows: npt.ArrayLike, baseline: npt.ArrayLike, kinds: Sequence[str]) -> list[ChanceTest]:
    """`chance_test` of each row of `windows[k, B]` against `baseline[B]` or `baseline[k, B]`, all rows of the same `kinds`."""
    w, b = _paired(windows, baseline)
    _check_kinds(kinds, w.shape[1])
    if NUMERIC_KINDS.intersection(kinds):
        w, b = _join_tails(w, kinds), _join_tails(b, kinds)
        pooled = _rare_in_baseline(w, b)
    else:
        pooled = _rare_in_either(w, b) | np.isin(np.asarray(kinds), ("rest", "new"))
    w, b = _pool(w, pooled), _pool(b, pooled)
    bins = ((w > 0) | (b > 0)).sum(axis=1)
    statistics = _pearson(w, b)
    p_values = chdtrc(np.maximum(bins - 1, 1), statistics)
    return [
        _outcome(w[i], b[i], int(bins[i]), statistic=float(statistics[i]), p_value=float(p_values[i]))
        for i in range(len(w))
    ]


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """Adjusted p-values (Benjamini & Hochberg 1995) of one family; nan means undefined, stays nan and is not counted."""
    p = _vector(p_values, "p_values", allow_nan=True)
    if np.any(p > 1):
        raise ValueError(f"p_values holds {np.nanmax(p)}: pass probabilities between 0 and 1, nan for undefined")
    adjusted = np.full(p.shape, np.nan)
    defined = np.flatnonzero(~np.isnan(p))
    order = defined[np.argsort(p[defined], kind="stable")]
    scaled = p[order] * order.size / np.arange(1, order.size + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def missing_rate(counts: npt.ArrayLike, kinds: Sequence[str]) -> float | None:
    """Share of the column's rows that are missing (None, NaN, NaT), over all rows of the window; None when it has none."""
    vector = _vector(counts, "counts")
    _check_kinds(kinds, vector.size)
    total = vector.sum()
    return float(vector[np.asarray(kinds) == "missing"].sum() / total) if total > 0 else None


def _floored_shares(counts: FloatArray, used: BoolArray) -> FloatArray:
    shares = np.maximum(counts / counts.sum(axis=1, keepdims=True), SHARE_FLOOR)
    result: FloatArray = shares / np.where(used, shares, 0.0).sum(axis=1, keepdims=True)
    return result


def _join_tails(counts: FloatArray, kinds: Sequence[str]) -> FloatArray:
    """`below` joins the first interval and `above` the last; without any interval they stay bins of their own."""
    names = np.asarray(kinds)
    intervals = np.flatnonzero(names == "interval")
    if not intervals.size:
        return counts
    joined = counts.copy()
    for tail, nearest in (("below", intervals[0]), ("above", intervals[-1])):
        joined[:, nearest] += counts[:, names == tail].sum(axis=1)
        joined[:, names == tail] = 0.0
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


def _outcome(w: FloatArray, b: FloatArray, bins: int, *, statistic: float, p_value: float) -> ChanceTest:
    if bins < 2:
        return ChanceTest(statistic=None, df=None, p_value=None, reason="too_few_bins")
    if bins > 2:
        return ChanceTest(statistic=statistic, df=bins - 1, p_value=p_value, reason=None)
    first, second = np.flatnonzero((w > 0) | (b > 0))
    # counts re-binned from sketches may be fractions: the exact test needs whole rows
    table = [round(float(value)) for value in (w[first], w[second], b[first], b[second])]
    exact = fisher_p_value(table[0], table[1], table[2], table[3])
    return ChanceTest(statistic=statistic, df=1, p_value=exact, reason=None, method="fisher_exact")


def _paired(windows: npt.ArrayLike, baseline: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    w = _counts(windows, "windows")
    b = _counts(baseline, "baseline")
    if w.ndim != 2 or b.shape not in (w.shape, w.shape[1:]):
        raise ValueError(
            f"windows has shape {w.shape} and baseline {b.shape}: pass windows[k, B] with baseline[B] or baseline[k, B]"
            " counted in the same reference bins"
        )
    return w, np.broadcast_to(b, w.shape)


def _vector(values: npt.ArrayLike, name: str, *, allow_nan: bool = False) -> FloatArray:
    vector = _counts(values, name, allow_nan=allow_nan)
    if vector.ndim != 1:
        raise ValueError(f"{name} has shape {vector.shape}: pass one vector")
    return vector


def _counts(values: npt.ArrayLike, name: str, *, allow_nan: bool = False) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    wrong = array < 0 if allow_nan else ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        raise ValueError(f"{name} holds {array[wrong].flat[0]}: every entry must be finite and at least 0")
    return array


def _check_kinds(kinds: Sequence[str], width: int) -> None:
    if len(kinds) != width:
        raise ValueError(f"kinds names {len(kinds)} bins for {width} counts: name every entry of the count vector")
    unknown = sorted(set(kinds) - BIN_KINDS)
    if unknown:
        raise ValueError(f"kinds holds {unknown[0]!r}: use one of {', '.join(sorted(BIN_KINDS))}")
