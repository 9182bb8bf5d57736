"""Divergences of shares: hand-computed values, columns that are hard, and SciPy as the independent witness."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, entropy
from scipy.stats.contingency import association
from sklearn.datasets import load_breast_cancer

from tidegauge.core.bins import numeric_bins
from tidegauge_collector.core.drift import (
    DIVERGENCES,
    BinnedColumn,
    chance_test,
    divergence,
    divergence_rows,
    drift_of_columns,
    missing_delta,
    psi,
)

CATEGORICAL = ["category", "category", "new", "missing"]


def test_values_of_a_half_and_half_that_becomes_nine_to_one_are_those_computed_by_hand():
    window, baseline = [90, 10], [50, 50]

    assert divergence("kl", window, baseline) == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2), abs=1e-12)
    assert divergence("total_variation", window, baseline) == pytest.approx(0.4, abs=1e-15)
    assert divergence("l_infinity", window, baseline) == pytest.approx(0.4, abs=1e-15)
    hand = math.sqrt((math.sqrt(0.9) - math.sqrt(0.5)) ** 2 + (math.sqrt(0.1) - math.sqrt(0.5)) ** 2) / math.sqrt(2)
    assert divergence("hellinger", window, baseline) == pytest.approx(hand, abs=1e-12)
    middle = 0.5 * (0.9 * math.log2(0.9 / 0.7) + 0.1 * math.log2(0.1 / 0.3))
    middle += 0.5 * (0.5 * math.log2(0.5 / 0.7) + 0.5 * math.log2(0.5 / 0.3))
    assert divergence("js_divergence", window, baseline) == pytest.approx(middle, abs=1e-12)
    assert divergence("js_distance", window, baseline) == pytest.approx(math.sqrt(middle), abs=1e-12)


@pytest.mark.parametrize("name", ["js_distance", "js_divergence", "hellinger", "total_variation", "l_infinity"])
def test_disjoint_sides_are_as_far_apart_as_can_be(name):
    assert divergence(name, [0, 40], [10, 0]) == 1.0


def test_only_what_is_floored_stays_finite_by_its_floor():
    assert divergence("kl", [0, 100], [100, 0]) == pytest.approx(math.log(1e4) * (1 - 1e-4) / (1 + 1e-4), rel=1e-9)


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize(("window", "baseline"), [([0, 0], [3, 4]), ([3, 4], [0, 0]), ([0, 0], [0, 0])])
def test_without_rows_on_a_side_there_is_no_value(name, window, baseline):
    assert divergence(name, window, baseline) is None


@pytest.mark.parametrize("name", DIVERGENCES)
def test_one_row_in_a_common_bin_of_one_is_no_drift(name):
    assert divergence(name, [1], [1000]) == 0.0


def test_a_constant_that_moves_is_as_far_as_can_be_and_not_zero():
    baseline, moved = np.full(1_000, 7.0), np.full(200, 8.0)
    bins = numeric_bins("x", baseline)
    counts = [bins.count_sorted(moved), bins.count_sorted(baseline)]

    assert psi(*counts) > 0.25
    assert divergence("total_variation", *counts) == 1.0


def test_a_column_of_which_nothing_is_there_any_more_is_disjoint():
    assert divergence("js_distance", [0, 0, 0, 50], [40, 40, 0, 0]) == 1.0
    assert missing_delta([0, 0, 0, 50], [40, 40, 0, 0], CATEGORICAL) == 1.0


def test_missing_delta_is_window_minus_baseline():
    assert missing_delta([5, 4, 0, 1], [80, 0, 0, 20], CATEGORICAL) == pytest.approx(-0.1, abs=1e-15)
    assert missing_delta([0, 0, 0, 0], [80, 0, 0, 20], CATEGORICAL) is None


def test_cramers_v_is_that_of_scipy_and_follows_the_table_of_the_test():
    test = chance_test([30, 50, 20, 0], [500, 300, 100, 100], ["category"] * 3 + ["missing"])

    table = np.array([[30, 50, 20, 0], [500, 300, 100, 100]])
    assert test.statistic == pytest.approx(chi2_contingency(table, correction=False).statistic, rel=1e-12)
    assert test.cramers_v == pytest.approx(association(table, method="cramer"), abs=1e-9)
    assert chance_test([1, 0, 0, 0], [1, 0, 0, 0], CATEGORICAL).cramers_v is None


@pytest.fixture(scope="module")
def real_columns():
    """30 real features: the first half as baseline, ten pieces of the rest as windows."""
    features = load_breast_cancer().data
    found = []
    for values in features.T:
        bins = numeric_bins("x", np.sort(values[:284]))
        kinds = [*(one.kind.value for one in bins.labels), "missing", "non_finite", "invalid"]
        windows = [np.append(bins.count_sorted(np.sort(part)), [0, 0, 0]) for part in np.array_split(values[284:], 10)]
        baseline = np.append(bins.count_sorted(np.sort(values[:284])), [0, 0, 0])
        found.append(BinnedColumn(np.array(windows), baseline, kinds))
    return found


def test_real_columns_agree_with_scipy(real_columns):
    for column in real_columns:
        q = column.baseline / column.baseline.sum()
        found = divergence_rows(column.windows, column.baseline, DIVERGENCES)
        for i, window in enumerate(column.windows):
            p = window / window.sum()
            assert found["js_distance"][i] == pytest.approx(jensenshannon(p, q, base=2), abs=1e-9)
            assert found["total_variation"][i] == pytest.approx(np.abs(p - q).sum() / 2, abs=1e-9)
            used = (p > 0) | (q > 0)
            floored = [np.maximum(side[used], 1e-4) for side in (p, q)]
            assert found["kl"][i] == pytest.approx(entropy(*floored), abs=1e-9)
            assert found["psi"][i] == pytest.approx(entropy(*floored) + entropy(*floored[::-1]), abs=1e-9)


def test_columns_in_one_block_get_what_each_gets_alone(real_columns):
    short = BinnedColumn(np.tile([5, 0, 3, 9], (10, 1)), np.array([50, 1, 0, 60]), CATEGORICAL)
    columns = [short, *real_columns]

    together = drift_of_columns(columns, DIVERGENCES)

    for i, column in enumerate(columns):
        for j, window in enumerate(column.windows):
            alone = chance_test(window, column.baseline, column.kinds)
            found = together.chance[i * 10 + j]
            assert (found.df, found.reason, found.method) == (alone.df, alone.reason, alone.method)
            assert (found.p_value or 0) == pytest.approx(alone.p_value or 0, rel=1e-9)
            for name in DIVERGENCES:
                value = divergence(name, window, column.baseline)
                assert together.values[name][i, j] == pytest.approx(value, rel=1e-9, abs=1e-12)


def test_no_columns_are_no_drift():
    nothing = drift_of_columns([], ["psi"])

    assert nothing.values["psi"].size == 0
    assert len(nothing.chance) == 0
