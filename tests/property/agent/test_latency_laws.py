"""Latency buckets: within one percent of everything in them, and in order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.latency import RELATIVE_ERROR, bucket_bounds_s, bucket_indexes

DURATIONS = st.one_of(
    st.integers(0, 1_000),
    st.integers(0, 2**62),
    st.integers(0, 60).map(lambda e: 2**e),
    st.integers(1, 62).map(lambda e: 2**e - 1),
)


@given(st.lists(DURATIONS, min_size=1, max_size=50))
def test_a_duration_lies_in_its_bucket_and_within_one_percent_of_its_middle(durations: list[int]) -> None:
    values = np.array(durations, dtype=np.int64)
    indexes = bucket_indexes(values)

    exponents = np.maximum(indexes // 64 - 1, 0)
    lower = [(int(i) - 64 * int(e)) << int(e) for i, e in zip(indexes, exponents, strict=True)]
    upper = [(int(i) - 64 * int(e) + 1) << int(e) for i, e in zip(indexes, exponents, strict=True)]

    assert all(a <= v < b for a, v, b in zip(lower, durations, upper, strict=True))
    assert RELATIVE_ERROR <= 0.01
    assert all(abs((a + b - 1) / 2 - v) <= 0.01 * v for a, v, b in zip(lower, durations, upper, strict=True))


@given(st.lists(DURATIONS, min_size=2, max_size=50))
def test_longer_durations_never_lie_in_lower_buckets(durations: list[int]) -> None:
    assert (np.diff(bucket_indexes(np.array(sorted(durations), dtype=np.int64))) >= 0).all()


def test_bounds_of_buckets_touch_in_seconds() -> None:
    lower, upper = bucket_bounds_s(np.arange(2_000))

    assert lower[0] == 0.0
    assert np.allclose(upper[:-1], lower[1:], rtol=1e-15)
    assert (upper[1:] / lower[1:] <= 1.02 + 1 / np.maximum(np.arange(1, 2_000), 1)).all()


def test_a_clock_that_stepped_back_counts_as_zero() -> None:
    assert bucket_indexes(np.array([-5], dtype=np.int64)).tolist() == [0]
