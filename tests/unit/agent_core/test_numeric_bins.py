"""Reference bins of numbers, counted by hand."""

import math

import numpy as np
import pytest

from tidegauge.core.bins import BinKind, NumericBins, numeric_bins, stated_bins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.sketch import sketch_sorted


def labels(bins: NumericBins) -> list[str]:
    return [one.label for one in bins.labels]


def counts(bins: NumericBins, values: list[float]) -> list[int]:
    return bins.count_sorted(np.sort(np.array(values, dtype=np.float64))).tolist()


def test_deciles_of_one_to_twenty_are_every_second_number() -> None:
    bins = numeric_bins("x", np.arange(1.0, 21.0))

    assert bins.edges == (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0)
    assert bins.points == ()
    assert labels(bins) == [
        *["< 1", "[1, 2)", "[2, 4)", "[4, 6)", "[6, 8)", "[8, 10)", "[10, 12)", "[12, 14)"],
        *["[14, 16)", "[16, 18)", "[18, 20]", "> 20"],
    ]


def test_counts_of_one_to_twenty_with_two_outside_are_as_counted_by_hand() -> None:
    bins = numeric_bins("x", np.arange(1.0, 21.0))

    assert counts(bins, [0.5, *map(float, range(1, 21)), 20.5]) == [1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 1]


def test_deciles_use_the_ceiling_of_k_n_over_ten() -> None:
    bins = numeric_bins("x", np.arange(1.0, 8.0))  # n = 7: ranks 1, 2, 3, 3, 4, 5, 5, 6, 7

    assert bins.edges == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)


def test_values_that_hold_a_tenth_each_are_points_and_leave_no_empty_interval() -> None:
    bins = numeric_bins("x", np.arange(1.0, 11.0))

    assert bins.points == tuple(map(float, range(1, 11)))
    assert labels(bins)[:5] == ["< 1", "1", "[1, 2)", "2", "[2, 3)"]
    assert labels(bins)[-3:] == ["[9, 10]", "10", "> 10"]
    assert counts(bins, [1.0, 1.5, 2.0, 10.0, 11.0])[:4] == [0, 1, 1, 1]


def test_a_value_just_below_a_tenth_is_no_point() -> None:
    with_tenth = np.sort(np.concatenate([np.zeros(10), np.arange(1.0, 91.0)]))
    below_a_tenth = np.sort(np.concatenate([np.zeros(10), np.arange(1.0, 92.0)]))

    assert numeric_bins("x", with_tenth).points == (0.0,)
    assert numeric_bins("x", below_a_tenth).points == ()


def test_constant_column_has_three_bins() -> None:
    bins = numeric_bins("x", np.full(50, 7.0))

    assert labels(bins) == ["< 7", "7", "> 7"]
    assert counts(bins, [6.0, 7.0, 7.0, 8.0]) == [1, 2, 1]


def test_column_of_92_percent_zeros_keeps_its_tail_in_bins_of_its_own() -> None:
    values = np.sort(np.concatenate([np.zeros(92), np.arange(1.0, 9.0)]))

    bins = numeric_bins("delay", values)

    assert bins.edges == (0.0,)
    assert bins.points == (0.0,)
    assert labels(bins) == ["< 0", "0", "[0, 8]", "> 8"]
    assert counts(bins, [-1.0, 0.0, 0.0, 0.5, 8.0, 9.0]) == [1, 2, 2, 1]


def test_without_a_finite_baseline_value_every_finite_value_is_new() -> None:
    bins = numeric_bins("x", np.empty(0))

    assert [one.kind for one in bins.labels] == [BinKind.NEW]
    assert counts(bins, [1.0, 2.0]) == [2]
    assert counts(bins, []) == [0]


def test_stated_edges_are_half_open_from_minus_to_plus_infinity() -> None:
    bins = stated_bins("temp", [0.0, 10.0], np.array([5.0]))

    assert labels(bins) == ["< 0", "[0, 10)", ">= 10"]
    assert counts(bins, [-1.0, 0.0, 9.999, 10.0, 11.0]) == [1, 2, 2]


def test_stated_edges_without_any_baseline_value_still_count() -> None:
    assert counts(stated_bins("temp", [1.0], np.empty(0)), [0.0, 1.0, 2.0]) == [1, 2]


def test_stated_edges_keep_the_kind_of_a_date_column() -> None:
    assert stated_bins("when", [0.0], np.array([1.0]), kind=ColumnKind.DATETIME).kind is ColumnKind.DATETIME


def test_neighbouring_floats_leave_out_the_interval_that_holds_no_number() -> None:
    low, high = 1.0, math.nextafter(1.0, 2.0)

    bins = numeric_bins("x", np.array([low] * 5 + [high] * 5))

    assert [one.kind for one in bins.labels] == [BinKind.BELOW, BinKind.POINT, BinKind.POINT, BinKind.ABOVE]
    assert counts(bins, [low, high, high]) == [0, 1, 2, 0]


def test_minus_zero_and_zero_make_the_same_bins() -> None:
    one = numeric_bins("x", np.array([-0.0, 0.0, 1.0]))
    other = numeric_bins("x", np.array([0.0, -0.0, 1.0]))

    assert repr(one) == repr(other)


def test_values_near_the_largest_float_have_a_finite_pivot() -> None:
    bins = numeric_bins("x", np.array([1e308, 1.5e308, 1.7e308]))

    assert math.isfinite(bins.pivot)
    assert sum(counts(bins, [1e308, 1.6e308])) == 2


@pytest.mark.parametrize("size", [16, 256])
def test_counts_from_a_sketch_add_up_to_its_count_and_are_near(size: int) -> None:
    values = np.sort(np.random.default_rng(5).normal(size=5_000))
    bins = numeric_bins("x", values)

    approximate = bins.count_sketch(sketch_sorted(values, size))

    assert approximate.sum() == 5_000
    assert np.abs(approximate - bins.count_sorted(values)).max() <= 2 * 5_000 * 0.5 / size + 1


def test_counts_from_a_sketch_of_all_values_are_exact() -> None:
    values = np.sort(np.random.default_rng(6).integers(0, 30, 200).astype(float))
    bins = numeric_bins("x", values)

    assert bins.count_sketch(sketch_sorted(values, 256)).tolist() == bins.count_sorted(values).tolist()
