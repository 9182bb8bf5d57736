"""Laws of divergences and distances, for any counts and values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from tidegauge.core.bins import numeric_bins
from tidegauge.core.sketch import sketch_sorted
from tidegauge_collector.core.drift import (
    DIVERGENCES,
    BinnedColumn,
    Side,
    distances,
    divergence,
    divergence_rows,
    drift_of_columns,
)

LAWS = settings(deadline=None, derandomize=True, max_examples=150)
COUNT = st.integers(0, 12) | st.integers(0, 100_000)
PAIRS = st.integers(1, 8).flatmap(lambda b: st.tuples(*[st.lists(COUNT, min_size=b, max_size=b).filter(any)] * 2))
VALUES = st.lists(st.sampled_from([0.0, 1.0, 2.5]) | st.floats(-1e6, 1e6), min_size=1, max_size=80)
SYMMETRIC = sorted(DIVERGENCES.keys() - {"kl"})


@LAWS
@given(PAIRS)
def test_divergences_are_zero_on_equal_shares_and_never_negative(pair):
    window, baseline = pair

    for name in DIVERGENCES:
        assert divergence(name, window, baseline) >= 0
        assert divergence(name, window, window) == 0
        assert divergence(name, window, [3 * count for count in window]) == pytest.approx(0, abs=1e-7)


@LAWS
@given(PAIRS, st.sampled_from(SYMMETRIC))
def test_all_but_kl_are_symmetric(pair, name):
    window, baseline = pair

    assert divergence(name, window, baseline) == pytest.approx(divergence(name, baseline, window), rel=1e-9, abs=1e-9)


@LAWS
@given(PAIRS)
def test_bounds_between_divergences_hold(pair):
    window, baseline = (np.array([side]) for side in pair)
    found = {name: values[0] for name, values in divergence_rows(window, baseline, DIVERGENCES).items()}
    tv, h = found["total_variation"], found["hellinger"]

    assert h**2 - 1e-9 <= tv <= np.sqrt(2) * h + 1e-9
    assert found["l_infinity"] <= tv + 1e-9  # shares add up to one on both sides
    assert found["js_divergence"] <= tv + 1e-9
    assert found["js_distance"] == pytest.approx(jensenshannon(pair[0], pair[1], base=2), abs=2e-8)


@LAWS
@given(st.lists(PAIRS, min_size=1, max_size=5))
def test_a_block_gives_each_column_what_it_gets_alone(pairs):
    columns = [BinnedColumn(np.array([w]), np.array(b), ["category"] * len(w)) for w, b in pairs]

    found = drift_of_columns(columns, DIVERGENCES)

    for i, (w, b) in enumerate(pairs):
        for name in DIVERGENCES:
            assert found.values[name][i, 0] == pytest.approx(divergence(name, w, b), rel=1e-9, abs=1e-9)


def _ks(first, second):
    """As defined; scipy's ks_2samp also wants a p-value, and warns of small samples."""
    grid = np.concatenate([first, second])
    steps = [np.searchsorted(np.sort(side), grid, side="right") / len(side) for side in (first, second)]
    return np.abs(steps[0] - steps[1]).max()


def _side(values, bins, points):
    ordered = np.sort(np.array(values))
    sketch = sketch_sorted(ordered, points)
    return Side(
        rows=len(ordered),
        minimum=ordered[0],
        maximum=ordered[-1],
        sketch=sketch,
        rank_error=sketch.rank_error,
        bins=bins.labels,
        counts=bins.count_sorted(ordered),
    )


@LAWS
@given(VALUES, VALUES, st.sampled_from([1, 4, 16, 1_000]))
def test_distances_from_coarse_sketches_and_exact_bins_are_within_their_bound(window, baseline, points):
    bins = numeric_bins("x", np.sort(np.array(baseline)))

    found = distances(_side(window, bins, points), _side(baseline, bins, points))

    slack = 1e-9
    assert abs(found.ks.value - _ks(window, baseline)) <= found.ks.error_bound + slack
    true = wasserstein_distance(window, baseline)
    assert abs(found.wasserstein.value - true) <= found.wasserstein.error_bound + slack * max(1.0, true)
    if points == 1_000:
        assert found.ks.error_bound == found.wasserstein.error_bound == 0


@LAWS
@given(VALUES, st.floats(-100, 100))
def test_shifting_all_values_moves_them_by_exactly_that(values, shift):
    bins = numeric_bins("x", np.sort(np.array(values)))
    moved = [value + shift for value in values]

    found = distances(_side(moved, bins, 1_000), _side(values, bins, 1_000))

    assert found.wasserstein.value == pytest.approx(abs(shift), abs=1e-6)
