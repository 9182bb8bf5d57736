"""Laws of every metric of accuracy and fairness: order and repetition of rows, perfection, mirror images, parts and the whole."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge_collector.core.accuracy import DECISIONS, REGRESSION, SCORED, cells
from tidegauge_collector.core.accuracy.multiclass import AVERAGES, PARTS, averaged, balanced, confusion, right
from tidegauge_collector.core.fairness import MEASURES, PROPORTIONS, Group, compare, group_of, min_ratio

LAWS = settings(deadline=None, derandomize=True, max_examples=60)
SCORES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
BINARY = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=40)
NUMBERS = st.floats(0.01, 1e3)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=40)
CLASSES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)
COUNT = st.integers(0, 500)
NEAR = {"rel": 1e-9, "abs": 1e-12}


def of_scores(rows):
    labels, scores = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    decided = cells(labels, scores >= 0.5)
    return {name: of(labels, scores) for name, of in SCORED.items()} | {
        name: of(decided) for name, of in DECISIONS.items()
    }


def of_numbers(rows):
    actual, predicted = np.array(rows).T
    return {name: of(actual, predicted) for name, of in REGRESSION.items()}


def near(value):
    return None if value is None else pytest.approx(value, **NEAR)


def values(found):
    return {name: math.nan if one.value is None else one.value for name, one in found.items()}


@LAWS
@given(BINARY, st.randoms(use_true_random=False))
def test_the_order_of_scored_rows_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))

    assert values(of_scores(shuffled)) == pytest.approx(values(of_scores(rows)), nan_ok=True, **NEAR)


@LAWS
@given(BINARY)
def test_rows_that_count_twice_change_no_value_of_scores_but_that_of_a_top_that_is_cut_elsewhere(rows):
    once, twice = values(of_scores(rows)), values(of_scores(rows * 2))

    for name in once.keys() - {"rate_at_top_5", "rate_at_top_10", "lift_at_top_10"}:
        assert twice[name] == pytest.approx(once[name], nan_ok=True, **NEAR), name


@LAWS
@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(lambda one: len(set(one)) == 2))
def test_certain_and_right_scores_are_perfect(labels):
    found = values(of_scores([(one, float(one)) for one in labels]))

    best = dict.fromkeys(("auc", "gini", "average_precision", "ks_score", "fve_binomial", *DECISIONS), 1.0)
    best |= dict.fromkeys(("log_loss", "brier", "ece", "fpr", "fnr"), 0.0)
    assert {name: found[name] for name in best} == pytest.approx(best, abs=1e-12)


@LAWS
@given(BINARY)
def test_swapping_the_classes_swaps_the_rates(rows):
    labels, scores = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    said = scores >= 0.5
    ours, mirrored = (
        {name: of(cells(*pair)).value for name, of in DECISIONS.items()} for pair in ((labels, said), (~labels, ~said))
    )

    assert (mirrored["recall"], mirrored["fpr"]) == (ours["specificity"], ours["fnr"])
    for name in ("balanced_accuracy", "mcc"):
        assert mirrored[name] == near(ours[name])
    if ours["recall"] is not None:
        assert ours["recall"] + ours["fnr"] == pytest.approx(1.0, **NEAR)


@LAWS
@given(PAIRS, st.randoms(use_true_random=False))
def test_order_and_repetition_of_numbers_do_not_matter(rows, random):
    once, other = values(of_numbers(rows)), values(of_numbers(random.sample(rows, len(rows)) * 2))

    assert other == pytest.approx(once, nan_ok=True, rel=1e-6, abs=1e-9)


@LAWS
@given(st.lists(NUMBERS, min_size=2, max_size=40).filter(lambda one: max(one) > 1.01 * min(one)))
def test_exact_numbers_have_no_error(numbers):
    found = values(of_numbers([(one, one) for one in numbers]))

    explained = {"r2", "fve_poisson", "fve_gamma", "fve_tweedie"}
    assert found == pytest.approx({name: float(name in explained) for name in found}, abs=1e-9)


@LAWS
@given(PAIRS, st.sampled_from([0.5, 3.0, 100.0]))
def test_another_unit_scales_errors_and_leaves_shares(rows, factor):
    once, scaled = values(of_numbers(rows)), values(of_numbers([(factor * y, factor * x) for y, x in rows]))

    for name in ("rmse", "mae", "median_ae", "max_error", "bias", "poisson_deviance"):
        assert scaled[name] == pytest.approx(factor * once[name], rel=1e-6, abs=1e-7 * factor), name
    for name in ("mape", "smape", "gamma_deviance"):
        assert scaled[name] == pytest.approx(once[name], rel=1e-6, abs=1e-9), name


@LAWS
@given(PAIRS)
def test_errors_are_in_order(rows):
    found = values(of_numbers(rows))
    slack = 1e-9 * (1 + found["max_error"])

    assert abs(found["bias"]) <= found["mae"] + slack <= found["rmse"] + 2 * slack <= found["max_error"] + 3 * slack
    assert found["smape"] <= 2


@LAWS
@given(CLASSES, CLASSES)
def test_tables_of_parts_add_up_to_that_of_the_whole(first, second):
    tables = [confusion(*np.array(rows).T, 4) for rows in (first, second, first + second)]

    assert (tables[0] + tables[1] == tables[2]).all()


@LAWS
@given(CLASSES, st.permutations(range(4)))
def test_names_of_classes_do_not_matter(rows, renamed):
    ours, other = (
        {f"{part}_{average}": averaged(table, part, average).value for part in PARTS for average in AVERAGES}
        | {"accuracy": right(table).value, "balanced": balanced(table).value}
        for table in (confusion(*np.array(rows).T, 4), confusion(*np.array(renamed)[np.array(rows)].T, 4))
    )

    assert {name: value or 0 for name, value in other.items()} == pytest.approx(
        {name: value or 0 for name, value in ours.items()}, **NEAR
    )


@st.composite
def groups(draw):
    tp, fp, fn, tn = (draw(COUNT) for _ in range(4))
    return Group(rows=tp + fp + fn + tn, favourable=tp + fp, tp=tp, fp=fp, fn=fn, tn=tn)


@LAWS
@given(groups())
def test_equal_groups_do_not_differ(group):
    found = compare({"a": group, "b": group}, "a")

    for measure in PROPORTIONS:
        one = found[measure]["b"]
        if one.value is not None:
            assert (one.difference, one.p_value) == (0.0, pytest.approx(1.0))
            assert one.ratio == (1.0 if one.value else None)
            assert min_ratio({"a": group, "b": group}, measure).value in (1.0, None)


@LAWS
@given(groups(), groups())
def test_the_other_reference_turns_a_comparison_round(first, second):
    both = {"a": first, "b": second}
    there, back = compare(both, "a"), compare(both, "b")

    for measure in MEASURES:
        ahead, behind = there[measure]["b"], back[measure]["a"]
        if ahead.difference is None:
            assert behind.difference is None
            continue
        assert behind.difference == -ahead.difference
        assert behind.p_value == near(ahead.p_value)
        if ahead.ratio and behind.ratio:
            assert behind.ratio == pytest.approx(1 / ahead.ratio, rel=1e-9)


ROWS = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), SCORES), max_size=30)


def grouped(rows):
    said, truth, known = (np.array([row[i] for row in rows], dtype=bool) for i in range(3))
    return group_of(said, truth, known, np.array([row[3] for row in rows], dtype=float))


@LAWS
@given(ROWS, ROWS)
def test_groups_of_parts_add_up_to_that_of_the_whole(first, second):
    one, two, whole = grouped(first), grouped(second), grouped(first + second)

    for name in ("rows", "favourable", "tp", "fp", "fn", "tn"):
        assert getattr(one, name) + getattr(two, name) == getattr(whole, name)
    for name in ("favourable_scores", "unfavourable_scores"):
        sums = zip(getattr(one, name), getattr(two, name), getattr(whole, name), strict=True)
        assert all(a + b == pytest.approx(c, **NEAR) for a, b, c in sums)
