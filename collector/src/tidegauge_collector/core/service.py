"""Service levels of one window from counts: rates, latency quantiles and slow calls from fixed buckets, load by the minute."""

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


@dataclass(frozen=True, slots=True)
class Load:
    """Requests per minute: the ⌈minutes/2⌉-th smallest, and the greatest; None without a minute."""

    median: int | None
    peak: int | None
    minutes: int
    silent_minutes: int


def error_rate(system_errors: int, requests: int) -> float | None:
    """System errors / requests, a fraction; errors that are the caller's fault are not counted. None without requests."""
    if not 0 <= system_errors <= requests:
        raise ValueError(
            f"system_errors is {system_errors} of {requests} requests: pass counts with 0 ≤ errors ≤ requests"
        )
    return system_errors / requests if requests else None


def availability(system_errors: int, user_errors: int, requests: int) -> float | None:
    """Share of the requests that were not the caller's fault and did not fail; None without such requests.

    >>> availability(1, 10, 110)
    0.99
    """
    counted = requests - user_errors
    return (counted - system_errors) / counted if counted > 0 else None


def slow_calls(
    lower_s: npt.ArrayLike, upper_s: npt.ArrayLike, counts: npt.ArrayLike, limit_s: float
) -> tuple[int, int]:
    """Calls that took longer than a limit: those in buckets that begin there or above, and how many more there may be, in the bucket
    that holds the limit.

    >>> slow_calls([1, 2, 4], [2, 4, 8], [90, 9, 1], 3.0)
    (1, 9)
    """
    low, high, rows = np.asarray(lower_s), np.asarray(upper_s), np.asarray(counts, dtype=np.int64)
    return int(rows[low >= limit_s].sum()), int(rows[(low < limit_s) & (high > limit_s)].sum())


def load_per_minute(requests: npt.ArrayLike, minutes: int) -> Load:
    """From the requests of the minutes in which any came; in all others of the `minutes` none did.

    >>> load_per_minute([5, 7], 3)
    Load(median=5, peak=7, minutes=3, silent_minutes=1)
    """
    busy = np.sort(np.asarray(requests, dtype=np.int64))
    if minutes <= 0:
        return Load(median=None, peak=None, minutes=0, silent_minutes=0)
    silent = minutes - len(busy)
    rank = -(-minutes // 2)
    return Load(
        median=int(busy[rank - silent - 1]) if rank > silent else 0,
        peak=int(busy[-1]) if len(busy) else 0,
        minutes=minutes,
        silent_minutes=silent,
    )


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
