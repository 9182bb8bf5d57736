"""Drift statistics: values computed by hand, the pooling rules one by one, and SciPy as the independent witness."""

import math

import numpy as np
import pytest
from scipy.stats import chi2_contingency, fisher_exact

from tidegauge_collector.core.drift import (
    ChanceTest,
    benjamini_hochberg,
    chance_rows,
    chance_test,
    missing_rate,
    psi,
    psi_rows,
)

TAIL = ["missing", "non_finite", "invalid"]
NUMERIC = ["below", "interval", "interval", "interval", "above", *TAIL]
CATEGORICAL = ["category", "category", "category", "rest", "new", *TAIL]
TOO_FEW = ChanceTest(statistic=None, df=None, p_value=None, reason="too_few_bins")


def pearson(*columns: tuple[int, int]) -> tuple[float, float]:
    """χ² and p of the 2×k table with these (window, baseline) columns, without Yates, by SciPy."""
    result = chi2_contingency(np.array(columns).T, correction=False)
    return result.statistic, result.pvalue


def test_psi_of_two_bins_is_the_hand_computed_value():
    # p = (0.2, 0.8), q = (0.5, 0.5): −0.3·ln 0.4 + 0.3·ln 1.6
    assert psi([20, 80], [50, 50]) == pytest.approx(0.3 * math.log(4), abs=1e-12)


def test_psi_raises_an_empty_share_to_the_floor_and_renormalises_both_sides():
    p, q = np.array([1.0, 1e-4]) / 1.0001, np.array([0.5, 0.5])

    assert psi([10, 0], [500, 500]) == pytest.approx(float(((p - q) * np.log(p / q)).sum()), abs=1e-12)


def test_psi_drops_bins_that_are_empty_on_both_sides_before_the_floor():
    assert psi([20, 0, 80, 0], [50, 0, 50, 0]) == pytest.approx(0.3 * math.log(4), abs=1e-12)


@pytest.mark.parametrize(("window", "baseline"), [([0, 0], [5, 5]), ([5, 5], [0, 0]), ([0, 0], [0, 0])])
def test_psi_is_undefined_when_a_side_has_no_rows(window, baseline):
    assert psi(window, baseline) is None


def test_psi_rows_equals_psi_of_each_window_and_marks_the_empty_one():
    windows = [[20, 80, 0], [0, 0, 0], [1, 2, 3]]
    baseline = [50, 40, 10]

    values = psi_rows(windows, baseline)

    assert math.isnan(values[1])
    assert values[[0, 2]].tolist() == [psi(windows[0], baseline), psi(windows[2], baseline)]


def test_psi_rows_takes_a_baseline_for_each_row():
    values = psi_rows([[20, 80], [30, 70]], [[50, 50], [30, 70]])

    assert values.tolist() == [psi([20, 80], [50, 50]), 0.0]


def test_counts_below_zero_are_refused_by_name():
    with pytest.raises(ValueError, match=r"baseline holds -1\.0"):
        psi([1, 2], [-1, 2])


def test_count_vectors_of_different_bins_are_refused():
    with pytest.raises(ValueError, match="same reference bins"):
        psi([1, 2, 3], [1, 2])


def test_three_full_bins_give_pearsons_chi_square_without_yates():
    window, baseline = [0, 30, 40, 30, 0, 0, 0, 0], [0, 400, 300, 300, 0, 0, 0, 0]

    result = chance_test(window, baseline, NUMERIC)

    statistic, p_value = pearson((30, 400), (40, 300), (30, 300))
    assert (result.statistic, result.p_value) == (pytest.approx(statistic, rel=1e-12), pytest.approx(p_value, rel=1e-9))
    assert (result.df, result.reason, result.method) == (2, None, "chi_square")


def test_values_beyond_the_baseline_join_the_nearest_interval():
    window, baseline = [20, 10, 40, 5, 25, 0, 0, 0], [0, 400, 300, 300, 0, 0, 0, 0]

    result = chance_test(window, baseline, NUMERIC)

    assert result.statistic == pytest.approx(pearson((30, 400), (40, 300), (30, 300))[0], rel=1e-12)


def test_nearest_interval_of_below_is_the_first_even_behind_a_point():
    kinds = ["below", "point", "interval", "interval", "above", *TAIL]

    result = chance_test([20, 30, 10, 40, 0, 0, 0, 0], [0, 300, 400, 300, 0, 0, 0, 0], kinds)

    assert result.statistic == pytest.approx(pearson((30, 300), (30, 400), (40, 300))[0], rel=1e-12)


def test_constant_baseline_keeps_below_and_above_as_bins_which_are_pooled():
    kinds = ["below", "point", "above", *TAIL]

    result = chance_test([4, 90, 6, 0, 0, 0], [0, 1000, 0, 0, 0, 0], kinds)

    assert result.p_value == pytest.approx(fisher_exact([[90, 10], [1000, 0]]).pvalue, rel=1e-9)
    assert (result.df, result.method) == (1, "fisher_exact")


def test_numeric_bins_are_pooled_by_their_baseline_share_whatever_the_window_holds():
    # n = 100: a baseline share of 4 % expects 4 rows, of 5 % expects 5
    window, baseline = [0, 20, 40, 20, 0, 20, 0, 0], [0, 40, 50, 870, 0, 40, 0, 0]

    result = chance_test(window, baseline, NUMERIC)

    assert result.statistic == pytest.approx(pearson((40, 50), (20, 870), (40, 80))[0], rel=1e-12)


def test_numeric_pooling_looks_at_the_smaller_sample():
    # N = 100 rows of baseline against n = 10,000 of the window: 4 baseline rows are too few
    window, baseline = [0, 400, 600, 4600, 0, 4400, 0, 0], [0, 4, 6, 46, 0, 44, 0, 0]

    result = chance_test(window, baseline, NUMERIC)

    assert result.df == 3
    assert result.statistic == pytest.approx(0.0, abs=1e-12)


def test_missing_rows_are_a_bin_of_the_test():
    result = chance_test([0, 20, 20, 20, 0, 40, 0, 0], [0, 300, 300, 300, 0, 100, 0, 0], NUMERIC)

    assert result.df == 3
    assert result.p_value < 1e-6


def test_rest_and_new_are_pooled_however_many_they_are():
    window, baseline = [30, 30, 0, 20, 20, 0, 0, 0], [400, 400, 0, 200, 0, 0, 0, 0]

    result = chance_test(window, baseline, CATEGORICAL)

    assert result.statistic == pytest.approx(pearson((30, 400), (30, 400), (40, 200))[0], rel=1e-12)


def test_categories_are_pooled_by_the_tables_expected_count_in_the_smaller_sample():
    # M = 1,100; (w + b)·100/1,100 < 5 where w + b < 55: the second is pooled at 54, the third kept at 55
    window, baseline = [41, 34, 25, 0, 0, 0, 0, 0], [950, 20, 30, 0, 0, 0, 0, 0]

    result = chance_test(window, baseline, CATEGORICAL)

    assert result.df == 2
    pooled_too = chance_test([41, 34, 20, 5, 0, 0, 0, 0], [950, 20, 30, 0, 0, 0, 0, 0], CATEGORICAL)
    assert (pooled_too.df, pooled_too.method) == (1, "fisher_exact")


@pytest.mark.parametrize(
    ("window", "baseline"),
    [([100, 0, 0], [1000, 0, 0]), ([0, 0, 0], [1000, 500, 0]), ([4, 3, 0], [500, 400, 0])],
    ids=["one category", "no rows", "all bins rare"],
)
def test_fewer_than_two_bins_left_is_undefined_with_its_reason(window, baseline):
    padding = [0] * 5

    assert chance_test([*window, *padding], [*baseline, *padding], CATEGORICAL) == TOO_FEW


def test_chance_rows_padded_with_zeros_equal_the_unpadded_columns():
    short = chance_test([30, 70], [480, 520], ["category", "category"])
    wide = chance_test([30, 50, 20], [480, 220, 300], ["category"] * 3)

    rows = chance_rows([[30, 70, 0], [30, 50, 20]], [[480, 520, 0], [480, 220, 300]], ["category"] * 3)

    assert [row.df for row in rows] == [1, 2]
    assert [row.p_value for row in rows] == pytest.approx([short.p_value, wide.p_value], rel=1e-12)


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="'bucket'"):
        chance_test([1, 2], [1, 2], ["bucket", "point"])


def test_kinds_must_name_every_bin():
    with pytest.raises(ValueError, match="kinds names 1 bins for 2 counts"):
        chance_test([1, 2], [1, 2], ["point"])


def test_benjamini_hochberg_reproduces_the_step_up_by_hand():
    # 0.01·4/1, 0.02·4/2, 0.03·4/3 and 0.5·4/4; the running minimum from the right makes the first three equal
    assert benjamini_hochberg([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.04, 0.04])


def test_undefined_p_values_stay_undefined_and_do_not_enlarge_the_family():
    adjusted = benjamini_hochberg([0.004, math.nan, 0.5, math.nan])

    assert np.isnan(adjusted).tolist() == [False, True, False, True]
    assert adjusted[[0, 2]] == pytest.approx([0.008, 0.5])


def test_a_probability_above_one_is_refused():
    with pytest.raises(ValueError, match=r"1\.5"):
        benjamini_hochberg([0.1, 1.5])


def test_missing_rate_is_over_all_rows_of_the_column():
    assert missing_rate([0, 10, 10, 20, 5, 5, 25, 25], NUMERIC) == 0.05


def test_missing_rate_without_rows_is_undefined():
    assert missing_rate([0] * 8, NUMERIC) is None
