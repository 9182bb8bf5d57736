"""Merged profiles are the profile of the whole, in any order and splitting."""

import math

import numpy as np
import pytest
from agent_strategies import numbers
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.bins import categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import ColumnProfile, merge_profiles, profile_categories, profile_durations, profile_numeric

UNUSABLE = st.sampled_from([None, math.nan, math.inf, "text", True, [1]])
ROWS = st.lists(st.one_of(st.floats(-1e6, 1e6), UNUSABLE), max_size=60)
NAMES = st.lists(st.one_of(st.sampled_from("abcdefg"), st.text(max_size=2), st.none(), st.just([1])), max_size=60)


def splits(data: st.DataObject, rows: list[object]) -> list[list[object]]:
    """The rows in some order, cut anywhere."""
    shuffled = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


def assert_same(merged: ColumnProfile, whole: ColumnProfile) -> None:
    assert (merged.rows, merged.missing, merged.non_finite, merged.invalid, merged.overflow) == (
        *(whole.rows, whole.missing, whole.non_finite, whole.invalid, whole.overflow),
    )
    assert merged.names == whole.names
    assert merged.buckets == whole.buckets
    assert (merged.bin_counts is None) == (whole.bin_counts is None)
    if merged.bin_counts is not None and whole.bin_counts is not None:
        assert merged.bin_counts.tolist() == whole.bin_counts.tolist()
    scale = max(1.0, whole.sum_squares)
    assert merged.sum == pytest.approx(whole.sum, rel=1e-12, abs=1e-12 * scale)
    assert merged.sum_squares == pytest.approx(whole.sum_squares, rel=1e-12)
    assert repr((merged.minimum, merged.maximum)) == repr((whole.minimum, whole.maximum))


@given(data=st.data(), rows=ROWS, baseline=numbers(), with_bins=st.booleans())
def test_numeric_parts_merge_to_the_whole(
    data: st.DataObject, rows: list[object], baseline: list[float], with_bins: bool
) -> None:
    bins = numeric_bins("x", np.sort(np.array(baseline, dtype=np.float64))) if with_bins else None

    parts = [profile_numeric("x", numeric_values(part), bins) for part in splits(data, rows)]

    merged = merge_profiles(parts)
    assert_same(merged, profile_numeric("x", numeric_values(rows), bins))
    assert merged.sketch.count == merged.finite


@given(data=st.data(), rows=NAMES, baseline=st.dictionaries(st.sampled_from("abc"), st.integers(1, 5)))
def test_categorical_parts_merge_to_the_whole(
    data: st.DataObject, rows: list[object], baseline: dict[str, int]
) -> None:
    bins = categorical_bins("c", baseline) if baseline else None

    def profile(part: list[object]) -> ColumnProfile:
        return profile_categories("c", category_counts(part, ColumnKind.CATEGORICAL), bins)

    assert_same(merge_profiles(list(map(profile, splits(data, rows)))), profile(rows))


@given(data=st.data(), rows=st.lists(st.integers(0, 10**12), max_size=60))
def test_durations_merge_to_the_whole(data: st.DataObject, rows: list[int]) -> None:
    def profile(part: list[int]) -> ColumnProfile:
        return profile_durations("_latency", np.array(part, dtype=np.int64))

    assert_same(merge_profiles([profile(part) for part in splits(data, rows)]), profile(rows))


@given(data=st.data(), rows=ROWS)
def test_merging_merged_parts_is_merging_all(data: st.DataObject, rows: list[object]) -> None:
    parts = [profile_numeric("x", numeric_values(part)) for part in splits(data, rows)]
    cut = data.draw(st.integers(1, len(parts)))

    nested = [merge_profiles(parts[:cut]), *([merge_profiles(parts[cut:])] if parts[cut:] else [])]

    assert_same(merge_profiles(nested), merge_profiles(parts))
