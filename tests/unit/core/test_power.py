"""The power of a drift rule beside simulations of the rule itself, its laws, and waiting times by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.bins import UNUSABLE, numeric_bins
from tidegauge.core.sketch import WINDOW_POINTS, sketch_sorted
from tidegauge_collector.core.drift import chance_tests, psi_rows
from tidegauge_collector.core.power import Rule, Sides, moved_mass, power, shifted, windows_until

DRAWS = 1_000
TOLERANCE = 0.1  # 3 standard errors of 1,000 draws are 0.05


def numeric(kind, n):
    """A column of n baseline values: bins, sketch and shares."""
    rng = np.random.default_rng(3)
    values = np.sort({"normal": rng.normal(size=n), "skewed": rng.gamma(1.5, size=n)}[kind])
    bins = numeric_bins("x", values)
    q = np.append(bins.count_sorted(values), [0, 0, 0]) / n
    return bins, sketch_sorted(values, WINDOW_POINTS), q, float(values.std())


def simulated(sides, rule):
    """How often windows drawn from the shares are bad by the statistics that judging uses."""
    drawn = np.random.default_rng(17).multinomial(sides.rows, sides.window / sides.window.sum(), DRAWS)
    baseline = sides.baseline * sides.baseline_rows
    p_values = chance_tests(drawn, baseline, sides.kinds).p_value
    return float(np.mean((psi_rows(drawn, baseline) > rule.threshold) & (p_values < rule.alpha / rule.columns)))


@pytest.mark.parametrize("kind", ["normal", "skewed"])
@pytest.mark.parametrize("rows", [200, 1_000])
@pytest.mark.parametrize("threshold", [0.1, 0.25])
def test_numeric_shifts_are_seen_as_often_as_simulated(kind, rows, threshold):
    bins, sketch, q, deviation = numeric(kind, 10_000)
    kinds = [one.kind.value for one in (*bins.labels, *UNUSABLE)]
    rule = Rule(threshold=threshold, alpha=0.01, columns=10)

    for shift in (0.0, 0.2, 0.3, 0.5, 1.0):
        sides = Sides(shifted(bins, sketch, q, shift * deviation), q, kinds, rows, 10_000)
        assert power(sides, rule) == pytest.approx(simulated(sides, rule), abs=TOLERANCE), shift


@pytest.mark.parametrize("categories", [3, 12, 50])
@pytest.mark.parametrize("rows", [100, 500])
def test_moved_mass_is_seen_as_often_as_simulated(categories, rows):
    q = 1 / np.arange(1, categories + 1)
    q /= q.sum()
    rule = Rule(threshold=0.1, alpha=0.01, columns=5)

    for share in (0.05, 0.1, 0.2):
        sides = Sides(moved_mass(q, share), q, ["category"] * categories, rows, 5_000)
        assert power(sides, rule) == pytest.approx(simulated(sides, rule), abs=TOLERANCE), share


def test_a_larger_shift_and_more_rows_are_seen_more():
    bins, sketch, q, deviation = numeric("normal", 5_000)
    kinds = [one.kind.value for one in (*bins.labels, *UNUSABLE)]
    rule = Rule(threshold=0.1, alpha=0.01)

    def of(shift, rows):
        return power(Sides(shifted(bins, sketch, q, shift * deviation), q, kinds, rows, 5_000), rule)

    assert sorted(by_shift := [of(shift, 300) for shift in (0.1, 0.2, 0.4, 0.8)]) == by_shift
    assert sorted(by_rows := [of(0.5, rows) for rows in (50, 100, 200, 1_000)]) == by_rows


@given(
    shares=st.lists(st.integers(1, 1_000), min_size=2, max_size=30),
    rows=st.integers(1, 100_000),
    columns=st.integers(1, 500),
)
def test_a_power_is_a_probability_and_more_columns_have_no_more(shares, rows, columns):
    q = np.array(shares) / sum(shares)
    sides = Sides(q[::-1].copy(), q, ["category"] * len(q), rows, 1_000)

    one, many = (power(sides, Rule(threshold=0.1, alpha=0.01, columns=count)) for count in (1, columns))

    assert 0 <= many <= one + 1e-12 <= 1 + 1e-9


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
