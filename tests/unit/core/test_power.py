"""The power of a drift rule beside windows of drawn values that are binned and judged one by one, its laws, and waiting times by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.core.bins import UNUSABLE, numeric_bins
from tidegauge.core.sketch import WINDOW_POINTS, sketch_sorted
from tidegauge_collector.core.drift import chance_test, psi
from tidegauge_collector.core.power import Rule, Sides, moved_mass, power, shifted, windows_until

WINDOWS = 300
TOLERANCE = 0.12  # three standard errors of the difference of 400 draws and 300 windows are 0.115 at most


def numeric(kind, n):
    """A column of n baseline values: bins, sketch, counts, kinds, and the values."""
    rng = np.random.default_rng(3)
    values = np.sort({"normal": rng.normal(size=n), "skewed": rng.gamma(1.5, size=n)}[kind])
    bins = numeric_bins("x", values)
    kinds = [one.kind.value for one in (*bins.labels, *UNUSABLE)]
    return bins, sketch_sorted(values, WINDOW_POINTS), np.append(bins.count_sorted(values), [0, 0, 0]), kinds, values


def bad_share(windows, counts, kinds, rule):
    """How many of the windows are bad, each judged by itself."""
    bad = 0
    for window in windows:
        p = chance_test(window, counts, kinds).p_value
        bad += psi(window, counts) > rule.threshold and p is not None and p < rule.alpha / rule.columns
    return bad / len(windows)


@pytest.mark.parametrize(
    ("kind", "rows", "threshold"), [("normal", 200, 0.1), ("normal", 1_000, 0.25), ("skewed", 60, 0.1)]
)
def test_numeric_shifts_are_seen_as_often_as_in_windows_of_shifted_values(kind, rows, threshold):
    bins, sketch, counts, kinds, values = numeric(kind, 10_000)
    rule = Rule(threshold=threshold, alpha=0.01, columns=10)
    rng = np.random.default_rng(17)

    for shift in (-0.5, 0.0, 0.3, 0.6):
        by = shift * values.std()
        windows = [
            np.append(bins.count_sorted(np.sort(rng.choice(values, rows) + by)), [0, 0, 0]) for _ in range(WINDOWS)
        ]
        found = power(Sides(shifted(bins, sketch, counts / counts.sum(), by), counts, kinds, rows), rule)
        assert found == pytest.approx(bad_share(windows, counts, kinds, rule), abs=TOLERANCE), shift


@pytest.mark.parametrize(("categories", "rows"), [(3, 100), (12, 200), (50, 500)])
def test_moved_mass_is_seen_as_often_as_in_windows_of_drawn_categories(categories, rows):
    q = 1 / np.arange(1, categories + 1)
    counts = np.round(q / q.sum() * 5_000)
    kinds = ["category"] * categories
    rule = Rule(threshold=0.1, alpha=0.01, columns=5)
    rng = np.random.default_rng(18)

    for share in (0.05, 0.15):
        moved = moved_mass(counts / counts.sum(), share)
        drawn = rng.choice(categories, (WINDOWS, rows), p=moved)
        windows = [np.bincount(one, minlength=categories) for one in drawn]
        found = power(Sides(moved, counts, kinds, rows), rule)
        assert found == pytest.approx(bad_share(windows, counts, kinds, rule), abs=TOLERANCE), share


def test_a_larger_shift_and_more_rows_are_seen_more():
    bins, sketch, counts, kinds, values = numeric("normal", 5_000)
    rule = Rule(threshold=0.1, alpha=0.01)

    def of(shift, rows):
        moved = shifted(bins, sketch, counts / counts.sum(), shift * values.std())
        return power(Sides(moved, counts, kinds, rows), rule)

    assert sorted(by_shift := [of(shift, 300) for shift in (0.1, 0.2, 0.4, 0.8)]) == by_shift
    assert sorted(by_rows := [of(0.5, rows) for rows in (50, 100, 200, 1_000)]) == by_rows


@settings(max_examples=25, deadline=None)
@given(
    shares=st.lists(st.integers(1, 1_000), min_size=2, max_size=30),
    rows=st.integers(1, 100_000),
    columns=st.integers(1, 500),
)
def test_a_power_is_a_probability_and_more_columns_have_no_more(shares, rows, columns):
    counts = np.array(shares, dtype=np.float64)
    sides = Sides(counts[::-1].copy(), counts, ["category"] * len(counts), rows)

    one, many = (power(sides, Rule(threshold=0.1, alpha=0.01, columns=count)) for count in (1, columns))

    assert 0 <= many <= one <= 1


def test_mass_moves_from_the_most_frequent_category_to_the_next():
    assert moved_mass([0.2, 0.5, 0.3], 0.1).tolist() == pytest.approx([0.2, 0.4, 0.4])
    assert moved_mass([0.2, 0.5, 0.3], 0.6) is None
    assert moved_mass([1.0], 0.1) is None


@pytest.mark.parametrize(
    ("each", "hold", "expected"), [(0.95, 1, 1), (0.9, 1, 2), (0.5, 1, 5), (1.0, 3, 3), (0.0, 1, None)]
)
def test_windows_until_seen_by_hand(each, hold, expected):
    assert windows_until(each, hold=hold) == expected


def test_two_in_a_row_of_a_fair_coin_take_ten_windows():
    # no two heads in a row in 9 tosses: 89 of 512 sequences (Fibonacci), in 11: 233 of 2,048, in 13: 610 of 8,192
    assert windows_until(0.5, hold=2, confidence=1 - 89 / 512 - 1e-12) == 9
    assert windows_until(0.5, hold=2, confidence=1 - 610 / 8_192 - 1e-12) == 13
