"""Profiles of known columns."""

import math

import numpy as np
import pytest

from tidegauge.core.bins import categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import (
    ColumnProfile,
    bin_profile,
    limit_names,
    merge_profiles,
    profile_categories,
    profile_durations,
    profile_numeric,
)


def test_profile_of_a_numeric_column() -> None:
    bins = numeric_bins("x", np.array([1.0, 2.0, 3.0, 4.0]))

    profile = profile_numeric("x", numeric_values([1.0, None, 3.0, math.inf, "a", 9.0]), bins)

    assert (profile.rows, profile.missing, profile.non_finite, profile.invalid) == (6, 1, 1, 1)
    assert profile.bin_counts is not None
    assert profile.bin_counts.sum() == 3
    assert (profile.mean, profile.minimum, profile.maximum) == (13 / 3, 1.0, 9.0)
    assert profile.deviation == pytest.approx(np.std([1.0, 3.0, 9.0]))


def test_a_column_far_from_zero_keeps_its_digits() -> None:
    values = 1.8e9 + np.arange(1_000) / 1_000
    bins = numeric_bins("t", values)

    profile = profile_numeric("t", numeric_values(values), bins)

    assert profile.deviation == pytest.approx(float(np.std(np.arange(1_000) / 1_000)), rel=1e-6)


def test_profile_of_categories_counts_known_names_in_bins_and_keeps_unknown_ones() -> None:
    bins = categorical_bins("c", {"a": 3, "b": 1})

    profile = profile_categories("c", category_counts(["a", "b", "z", "z", None], ColumnKind.CATEGORICAL), bins)

    assert profile.bin_counts is not None
    assert profile.bin_counts.tolist() == [1, 1, 2]
    assert profile.names == {"z": 2}
    assert profile.rows == profile.bin_counts.sum() + profile.missing


def test_names_beyond_the_limit_become_overflow_the_rarest_first() -> None:
    profile = ColumnProfile("c", ColumnKind.CATEGORICAL, 10, names={"b": 2, "a": 2, "c": 5, "d": 1})

    kept = limit_names(profile, 2)

    assert (kept.names, kept.overflow) == ({"c": 5, "a": 2}, 3)
    assert limit_names(profile, 10, least_count=2).names == {"c": 5, "a": 2, "b": 2}
    assert limit_names(profile, 4) is profile


def test_durations_are_in_seconds_with_counts_by_bucket() -> None:
    profile = profile_durations("_latency", np.array([1_000, 1_000, 2_000_000_000], dtype=np.int64))

    assert (profile.rows, profile.minimum, profile.maximum) == (3, 1e-6, 2.0)
    assert sorted(profile.buckets.values()) == [1, 2]
    assert profile_durations("_latency", np.empty(0, dtype=np.int64)).rows == 0


def test_profiles_about_different_pivots_refuse_to_merge() -> None:
    one = ColumnProfile("x", ColumnKind.NUMERIC, 1, pivot=0.0)

    with pytest.raises(ValueError, match="'x' have different pivots"):
        merge_profiles([one, ColumnProfile("x", ColumnKind.NUMERIC, 1, pivot=1.0)])


def test_binned_and_unbinned_profiles_refuse_to_merge() -> None:
    one = ColumnProfile("x", ColumnKind.NUMERIC, 1, bin_counts=np.array([1]))

    with pytest.raises(ValueError, match="some profiles of 'x' are binned"):
        merge_profiles([one, ColumnProfile("x", ColumnKind.NUMERIC, 1)])


def test_sums_beyond_the_largest_float_do_not_raise() -> None:
    huge = profile_numeric("x", numeric_values([1.7e308, -1.7e308, 1.7e308]))

    assert merge_profiles([huge, huge]).rows == 6


def test_other_bins_are_counted_exactly_where_nothing_was_lost() -> None:
    profile = profile_numeric("x", numeric_values([1.0, 2.0, 3.0]))

    counts, exact = bin_profile(profile, numeric_bins("x", np.array([2.0])))

    assert (counts.tolist(), exact) == ([1, 1, 1], True)


def test_other_categories_are_inexact_where_names_overflowed() -> None:
    profile = limit_names(ColumnProfile("c", ColumnKind.CATEGORICAL, 3, names={"a": 2, "b": 1}), 1)

    counts, exact = bin_profile(profile, categorical_bins("c", {"a": 1}))

    assert (counts.tolist(), exact) == ([2, 1], False)
