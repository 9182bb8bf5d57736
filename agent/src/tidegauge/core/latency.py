"""Fixed log-linear buckets for durations: whole nanoseconds, 64 buckets to each doubling.

Bucket i < 128 holds i ns exactly; above, with e = i // 64 - 1, it holds [(i - 64e) * 2^e, (i - 64e + 1) * 2^e) ns. Its middle
is within 1/128 (0.8 %) of everything in it. Being fixed, the buckets of all agents add up exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_HALF_BITS = 6
_HALF = 1 << _HALF_BITS

RELATIVE_ERROR = 1 / (2 * _HALF)
"""Largest distance of a bucket's middle from a duration in it, relative to that duration."""


def bucket_indexes(durations_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The bucket of each duration; negative ones (a clock that stepped back) count as 0."""
    values = np.maximum(durations_ns, 0)
    exponent = np.maximum(np.frexp(values.astype(np.float64))[1] - 1 - _HALF_BITS, 0).astype(np.int64)
    shifted = values >> exponent
    exponent += shifted >> (_HALF_BITS + 1)  # float64 rounded a large value up to the next power of two, or not
    buckets: npt.NDArray[np.int64] = exponent * _HALF + (values >> exponent)
    return buckets


def bucket_bounds_s(indexes: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lower and upper bound of each bucket in seconds."""
    exponent = np.maximum(indexes // _HALF - 1, 0)
    mantissa = indexes - exponent * _HALF
    scale = np.exp2(exponent.astype(np.float64))
    return mantissa * scale / 1e9, (mantissa + 1) * scale / 1e9
