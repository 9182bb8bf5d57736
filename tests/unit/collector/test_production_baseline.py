"""A baseline from production profiles."""

import numpy as np

from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import merge_profiles, profile_categories, profile_numeric
from tidegauge_collector.core.production import baseline_from_profiles


def test_bins_from_exact_sketches_are_those_of_the_rows() -> None:
    values = np.arange(200.0)
    profile = profile_numeric("x", numeric_values(values))

    baseline = baseline_from_profiles({"x": profile})

    bins = baseline.bins.columns["x"]
    assert (bins.minimum, bins.maximum, bins.edges[0]) == (0.0, 199.0, 19.0)
    assert baseline.origin == "production"
    assert baseline.rows == 200
    assert baseline.profiles["x"].bin_counts.sum() == 200


def test_moments_move_to_the_new_pivot_without_changing_mean_and_deviation() -> None:
    rng = np.random.default_rng(7)
    parts = [profile_numeric("x", numeric_values(rng.normal(1e6, 3.0, 500))) for _ in range(4)]
    merged = merge_profiles(parts)

    binned = baseline_from_profiles({"x": merged}).profiles["x"]

    assert binned.pivot != merged.pivot
    assert binned.mean == np.float64(merged.mean)
    assert abs(binned.deviation - 3.0) < 0.2


def test_categories_become_bins_by_frequency() -> None:
    counts = category_counts(["a", "b", "b", None, "c", "b", "c"], ColumnKind.CATEGORICAL)

    baseline = baseline_from_profiles({"c": profile_categories("c", counts)})

    assert baseline.bins.columns["c"].categories == ("b", "c", "a")
    assert baseline.profiles["c"].bin_counts.tolist() == [3, 2, 1, 0]
    assert baseline.profiles["c"].missing == 1
