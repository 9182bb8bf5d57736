"""Distances of distribution functions: exact where all values are kept, within their bound where a sketch stands for them."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, wasserstein_distance
from sklearn.datasets import load_breast_cancer, load_diabetes

from tidegauge.core.bins import NumericBins, numeric_bins, stated_bins
from tidegauge.core.sketch import EMPTY, sketch_sorted
from tidegauge_collector.core.drift import Distance, Side, distances, normalised


def side(values, *, bins=None, points=None):
    ordered = np.sort(np.asarray(values, dtype=float))
    sketch = sketch_sorted(ordered, points or max(len(ordered), 1))
    return Side(
        rows=len(ordered),
        minimum=float(ordered[0]) if len(ordered) else np.nan,
        maximum=float(ordered[-1]) if len(ordered) else np.nan,
        sketch=sketch,
        rank_error=sketch.rank_error,
        bins=bins.labels if bins else (),
        counts=bins.count_sorted(ordered) if bins else (),
    )


def test_values_of_three_and_two_numbers_are_those_computed_by_hand():
    # F steps at 1, 2, 4 by a third; G at 2, 6 by a half: gaps 1/3 on [1,2), 1/6 on [2,4), 1/2 on [4,6)
    found = distances(side([1, 2, 4]), side([2, 6]))

    assert found.ks == Distance(pytest.approx(0.5, abs=1e-15), 0.0)
    assert found.wasserstein == Distance(pytest.approx(1 / 3 + 2 / 6 + 2 / 2, abs=1e-12), 0.0)


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes])
def test_real_columns_agree_with_scipy_whether_or_not_bins_are_known(load):
    for values in load().data.T:
        window, baseline = values[200:], values[:200]
        bins = numeric_bins("x", np.sort(baseline))
        for known in (None, bins):
            found = distances(side(window, bins=known), side(baseline, bins=known))
            assert found.ks.value == pytest.approx(ks_2samp(window, baseline, method="asymp").statistic, abs=1e-9)
            assert found.wasserstein.value == pytest.approx(wasserstein_distance(window, baseline), abs=1e-9, rel=1e-9)


def test_a_constant_that_moves_by_one_is_one_away():
    bins = numeric_bins("x", np.full(100, 7.0))

    found = distances(side([8.0] * 30, bins=bins), side([7.0] * 100, bins=bins))

    assert found.ks.value == 1.0
    assert found.wasserstein.value == pytest.approx(1.0, abs=1e-15)


def test_92_percent_zeros_keep_their_exact_share_with_a_coarse_sketch():
    rng = np.random.default_rng(3)
    baseline = np.where(rng.random(5_000) < 0.92, 0.0, rng.gamma(2.0, size=5_000))
    window = np.where(rng.random(5_000) < 0.80, 0.0, rng.gamma(2.0, size=5_000))
    bins = numeric_bins("x", np.sort(baseline))

    found = distances(side(window, bins=bins, points=16), side(baseline, bins=bins, points=16))

    at_zero = abs((window <= 0).mean() - (baseline <= 0).mean())
    true = ks_2samp(window, baseline, method="asymp").statistic
    assert found.ks.value >= at_zero - 1e-12
    assert abs(found.ks.value - true) <= found.ks.error_bound <= 2 * 0.5 / 16


def test_without_a_sketch_the_bins_alone_answer_within_their_bound():
    rng = np.random.default_rng(4)
    baseline, window = np.sort(rng.normal(size=2_000)), np.sort(rng.normal(0.5, size=500))
    bins = numeric_bins("x", baseline)
    coarse = [
        Side(
            rows=len(v), minimum=v[0], maximum=v[-1], sketch=EMPTY, rank_error=0.0,
            bins=bins.labels, counts=bins.count_sorted(v),
        )
        for v in (window, baseline)
    ]  # fmt: skip

    found = distances(*coarse)

    assert found.ks.error_bound > 0
    assert abs(found.ks.value - ks_2samp(window, baseline, method="asymp").statistic) <= found.ks.error_bound
    assert abs(found.wasserstein.value - wasserstein_distance(window, baseline)) <= found.wasserstein.error_bound


def test_stated_bins_hold_all_values():
    values = np.arange(10.0)
    bins = stated_bins("x", [2.5, 5.0], values)

    assert distances(side(values, bins=bins), side(values, bins=bins)).ks.value == 0.0


def test_a_baseline_without_values_or_a_window_without_rows_has_no_distance():
    nothing = distances(side([]), side([1.0, 2.0]))

    assert nothing.ks == nothing.wasserstein == Distance(None, None)
    assert distances(side([1.0]), side([])).ks == Distance(None, None)
    assert NumericBins("x", has_values=False).labels[0].kind == "new"


def test_values_near_the_largest_float_have_no_wasserstein_distance():
    found = distances(side([1.7e308]), side([-1.7e308]))

    assert found.ks.value == 1.0
    assert found.wasserstein == Distance(None, None)


def test_a_distance_in_deviations_needs_a_baseline_that_varies():
    assert normalised(Distance(3.0, 0.5), deviation=2.0, minimum=0.0, maximum=9.0) == Distance(1.5, 0.25)
    assert normalised(Distance(3.0, 0.0), deviation=0.0, minimum=7.0, maximum=7.0) == Distance(None, None)
    assert normalised(Distance(3.0, 0.0), deviation=1e-4, minimum=-1e6, maximum=0.0) == Distance(None, None)
    assert normalised(Distance(None, None), deviation=2.0, minimum=0.0, maximum=9.0) == Distance(None, None)


def test_a_sketch_of_a_part_of_the_rows_says_so_in_its_bound():
    part = Side(rows=100, minimum=0.0, maximum=1.0, sketch=sketch_sorted(np.linspace(0, 1, 80), 80), rank_error=0.0)

    assert distances(part, side([0.0, 1.0])).ks.error_bound == pytest.approx(0.2, abs=1e-12)
