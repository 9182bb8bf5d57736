"""Service levels of one window from counts: the error rate, and latency quantiles from fixed buckets."""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class BucketQuantile:
    """A quantile known to lie in `[low, high]`; `value` is the middle, at most `relative_error` (a fraction) off.

    `value` is None with a reason where there are no rows (`no_rows`) or the bucket has no upper end (`above_range`: at least
    `low`). `relative_error` is None where no finite bound holds: the bucket starts at 0 or has no end.
    """

    value: float | None
    low: float | None
    high: float | None
    relative_error: float | None
    reason: str | None
    n: int


def error_rate(system_errors: int, requests: int) -> float | None:
    """System errors / requests, a fraction; errors that are the caller's fault are not counted. None without requests."""
    if not 0 <= system_errors <= requests:
        raise ValueError(
            f"system_errors is {system_errors} of {requests} requests: pass counts with 0 ≤ errors ≤ requests"
        )
    return system_errors / requests if requests else None


def bucket_quantile(
    lower_edges: npt.ArrayLike, upper_edges: npt.ArrayLike, counts: npt.ArrayLike, q: float | str | Decimal | Fraction
) -> BucketQuantile:
    """The ⌈q·n⌉-th smallest value (the smallest for q = 0), known to its bucket `[lower, upper)`; edges in ascending order.

    >>> bucket_quantile([1, 2, 4], [2, 4, 8], [90, 9, 1], 0.99).value  # the 99th of 100 values, not the 100th
    3.0
    """
    low, high = np.asarray(lower_edges, dtype=np.float64), np.asarray(upper_edges, dtype=np.float64)
    rows = _checked_counts(counts, low, high)
    n = int(rows.sum())
    if n == 0:
        return BucketQuantile(value=None, low=None, high=None, relative_error=None, reason="no_rows", n=0)
    bucket = int(np.searchsorted(np.cumsum(rows), _rank(q, n), side="left"))
    return _middle(float(low[bucket]), float(high[bucket]), n)


def _rank(q: float | str | Decimal | Fraction, n: int) -> int:
    """⌈q·n⌉ with q read as the decimal fraction that the user wrote: 0.07·100 is 7, not 8 as in binary floating point."""
    exact = Fraction(str(float(q))) if isinstance(q, float) else Fraction(q)
    if not 0 <= exact <= 1:
        raise ValueError(f"q is {q}: pass a quantile between 0 and 1")
    return max(1, math.ceil(exact * n))


def _middle(low: float, high: float, n: int) -> BucketQuantile:
    if math.isinf(high):
        return BucketQuantile(value=None, low=low, high=None, relative_error=None, reason="above_range", n=n)
    half = (high - low) / 2
    bound = half / low if low > 0 else (0.0 if half == 0 else None)
    return BucketQuantile(value=low + half, low=low, high=high, relative_error=bound, reason=None, n=n)


def _checked_counts(
    counts: npt.ArrayLike, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    rows = np.asarray(counts, dtype=np.int64)
    if not (rows.ndim == 1 and rows.shape == low.shape == high.shape):
        raise ValueError(
            f"edges {low.shape}, {high.shape} and counts {rows.shape} differ: pass one vector of each, of equal length"
        )
    if (rows < 0).any():
        raise ValueError(f"counts holds {rows.min()}: every bucket must hold at least 0 values")
    if not ((low >= 0).all() and (low <= high).all() and (low[:-1] <= low[1:]).all()):
        raise ValueError(
            "bucket edges are negative or out of order: pass buckets ascending, each with 0 ≤ lower ≤ upper"
        )
    return rows
