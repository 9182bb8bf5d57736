"""Service levels: the rank is exact, the bound holds, and nothing undefined becomes a number."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from tidegauge_collector.core.service import bucket_quantile, error_rate

EACH_ITS_BUCKET = (np.arange(1, 101), np.arange(2, 102), np.ones(100, dtype=int))


def test_error_rate_is_a_fraction_of_all_requests():
    assert error_rate(3, 200) == 0.015


def test_error_rate_without_requests_is_undefined():
    assert error_rate(0, 0) is None


@pytest.mark.parametrize(("errors", "requests"), [(3, 2), (-1, 2)])
def test_impossible_error_counts_are_refused(errors, requests):
    with pytest.raises(ValueError, match=f"system_errors is {errors} of {requests}"):
        error_rate(errors, requests)


@pytest.mark.parametrize(
    ("q", "rank"),
    [(0.07, 7), (0.14, 14), (0.29, 29), (0.55, 55), (0.99, 99), (0.991, 100), (0.5, 50), (0, 1), (1, 100)],
)
def test_the_rank_is_computed_from_the_decimal_fraction(q, rank):
    assert bucket_quantile(*EACH_ITS_BUCKET, q).low == rank


@pytest.mark.parametrize("q", ["0.07", Decimal("0.07"), Fraction(7, 100), np.float64(0.07)])
def test_q_may_be_written_as_text_decimal_or_fraction(q):
    assert bucket_quantile(*EACH_ITS_BUCKET, q).low == 7


def test_the_middle_is_off_by_at_most_the_stated_fraction_of_any_value_in_the_bucket():
    quantile = bucket_quantile([1.0, 1.02, 1.04], [1.02, 1.04, 1.06], [0, 3, 0], 0.5)

    assert quantile.value == pytest.approx(1.03)
    assert quantile.relative_error == pytest.approx(0.01 / 1.02)
    assert abs(quantile.value - quantile.low) / quantile.low <= quantile.relative_error + 1e-15


def test_empty_buckets_are_never_the_answer():
    assert bucket_quantile([0, 1, 2, 3], [1, 2, 3, 4], [0, 5, 0, 5], 0.5).low == 1
    assert bucket_quantile([0, 1, 2, 3], [1, 2, 3, 4], [0, 5, 0, 5], 0).low == 1


def test_a_bucket_from_zero_has_no_relative_bound():
    quantile = bucket_quantile([0.0, 1.0], [1.0, 2.0], [1, 0], 0.5)

    assert (quantile.value, quantile.relative_error) == (0.5, None)


def test_a_bucket_without_an_end_gives_no_value_but_its_lower_edge():
    quantile = bucket_quantile([0.0, 60.0], [60.0, np.inf], [1, 9], 0.5)

    assert (quantile.value, quantile.low, quantile.reason) == (None, 60.0, "above_range")


def test_no_rows_is_undefined_with_its_reason():
    quantile = bucket_quantile([0.0], [1.0], [0], 0.5)

    assert (quantile.value, quantile.reason, quantile.n) == (None, "no_rows", 0)


@pytest.mark.parametrize("q", [-0.1, 1.1])
def test_q_outside_zero_to_one_is_refused(q):
    with pytest.raises(ValueError, match=f"q is {q}"):
        bucket_quantile([0.0], [1.0], [1], q)


@pytest.mark.parametrize(
    ("lower", "upper", "counts", "complaint"),
    [
        ([0, 1], [1, 2], [1], "differ"),
        ([0, 1], [1, 2], [1, -1], "holds -1"),
        ([1, 0], [2, 1], [1, 1], "out of order"),
        ([2], [1], [1], "out of order"),
    ],
)
def test_buckets_that_cannot_be_are_refused(lower, upper, counts, complaint):
    with pytest.raises(ValueError, match=complaint):
        bucket_quantile(lower, upper, counts, 0.5)
