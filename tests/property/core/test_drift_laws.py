"""Laws of the drift statistics for any counts, and a slow re-statement of the chance test in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, false_discovery_control, fisher_exact

from tidegauge_collector.core.drift import benjamini_hochberg, chance_rows, chance_test, psi, psi_rows
from tidegauge_collector.core.fisher import fisher_p_value

LAWS = settings(deadline=None, derandomize=True, max_examples=200)
TAIL = ["missing", "non_finite", "invalid"]
COUNT = st.integers(0, 12) | st.integers(0, 5000)


@st.composite
def columns(draw):
    """(window, baseline, kinds) of a numeric or a categorical column."""
    width = draw(st.integers(1, 8))
    if draw(st.booleans()):
        names = [*["category"] * width, "rest", "new", *TAIL]
    else:
        names = ["below", *draw(st.lists(st.sampled_from(["interval", "point"]), max_size=width)), "above", *TAIL]
    counts = st.lists(COUNT, min_size=len(names), max_size=len(names))
    return draw(counts), draw(counts), names


def tails_joined(counts, kinds):
    intervals = [i for i, kind in enumerate(kinds) if kind == "interval"]
    joined = list(counts)
    if intervals:
        for i, kind in enumerate(kinds):
            if kind in ("below", "above"):
                joined[intervals[0 if kind == "below" else -1]] += counts[i]
                joined[i] = 0
    return joined


def table_by_the_page(window, baseline, kinds):
    """The `chi_square` row of the statistics page, word by word; columns (window count, baseline count)."""
    n, baseline_n = sum(window), sum(baseline)
    window, baseline = tails_joined(window, kinds), tails_joined(baseline, kinds)
    numeric = {"below", "interval", "point", "above"} & set(kinds)
    kept, pool = [], [0, 0]
    for w, b, kind in zip(window, baseline, kinds, strict=True):
        if numeric:
            pooled = not baseline_n or min(n, baseline_n) * Fraction(b, baseline_n) < 5
        else:
            expected = [Fraction(rows * (w + b), max(n + baseline_n, 1)) for rows in (n, baseline_n)]
            pooled = kind in ("rest", "new") or min(expected) < 5
        if pooled:
            pool = [pool[0] + w, pool[1] + b]
        else:
            kept.append((w, b))
    return [column for column in [*kept, tuple(pool)] if sum(column)]


@LAWS
@given(columns())
def test_chance_test_equals_the_page_read_word_by_word(column):
    table = table_by_the_page(*column)

    result = chance_test(*column)

    if len(table) < 2:
        assert (result.p_value, result.reason) == (None, "too_few_bins")
        return
    pearson = chi2_contingency(np.array(table).T, correction=False)
    expected_p = fisher_exact(np.array(table).T).pvalue if len(table) == 2 else pearson.pvalue
    assert (result.df, result.reason) == (len(table) - 1, None)
    assert result.statistic == pytest.approx(pearson.statistic, rel=1e-9, abs=1e-9)
    assert result.p_value == pytest.approx(expected_p, rel=1e-6, abs=1e-280)


@LAWS
@given(columns())
def test_equal_samples_never_look_like_drift(column):
    counts, _, kinds = column

    result = chance_test(counts, counts, kinds)

    assert result.p_value is None or result.p_value == pytest.approx(1.0)
    assert psi(counts, counts) == (0.0 if sum(counts) else None)


@LAWS
@given(columns())
def test_psi_is_symmetric_and_not_negative(column):
    window, baseline, _ = column

    value = psi(window, baseline)

    assert value is None or value >= 0
    assert value == (None if value is None else pytest.approx(psi(baseline, window), rel=1e-9, abs=1e-12))


@LAWS
@given(columns(), st.randoms(use_true_random=False))
def test_psi_does_not_depend_on_the_order_of_bins_or_on_empty_ones(column, random):
    window, baseline, _ = column
    order = random.sample(range(len(window)), len(window))

    shuffled = psi([*(window[i] for i in order), 0, 0], [*(baseline[i] for i in order), 0, 0])

    assert shuffled == (None if psi(window, baseline) is None else pytest.approx(psi(window, baseline), abs=1e-12))


@LAWS
@given(st.integers(1, 6).flatmap(lambda b: st.lists(st.lists(COUNT, min_size=b, max_size=b), min_size=2, max_size=5)))
def test_rows_judged_together_equal_rows_judged_alone(rows):
    *windows, baseline = rows
    kinds = ["category"] * len(baseline)

    together = chance_rows(windows, baseline, kinds)

    assert together == [chance_test(window, baseline, kinds) for window in windows]
    values = [psi(window, baseline) for window in windows]
    assert psi_rows(windows, baseline).tolist() == pytest.approx(
        [np.nan if value is None else value for value in values], nan_ok=True, rel=1e-12
    )


@LAWS
@given(st.tuples(*[st.integers(0, 30) | st.integers(0, 20_000)] * 4))
def test_fisher_equals_scipy(table):
    a, b, c, d = table

    assert fisher_p_value(*table) == pytest.approx(fisher_exact([[a, b], [c, d]]).pvalue, rel=1e-6, abs=1e-280)


@LAWS
@given(st.lists(st.none() | st.floats(0, 1), max_size=30))
def test_benjamini_hochberg_equals_scipy_on_the_defined_values(p_values):
    defined = [p for p in p_values if p is not None]

    adjusted = benjamini_hochberg([np.nan if p is None else p for p in p_values])

    assert [bool(np.isnan(value)) for value in adjusted] == [p is None for p in p_values]
    assert adjusted[~np.isnan(adjusted)] == pytest.approx(false_discovery_control(defined) if defined else [])
