"""Fairness between groups: rates by hand and by scikit-learn, tests by SciPy, small and undefined groups."""

import math

import numpy as np
import pytest
from scipy.stats import chi2_contingency, false_discovery_control
from sklearn import metrics as sk

from tidegauge_collector.core.fairness import (
    MEASURES,
    PROPORTIONS,
    Group,
    MinRatio,
    Rate,
    compare,
    group_of,
    is_small,
    largest,
    min_ratio,
    z_test,
)


def value(measure, group, total=0):
    return MEASURES[measure](group, total).value


@pytest.fixture(scope="module")
def airlines(flights):
    """Is a flight on time, said from its departure, by carrier: groups of real rows, the least of them small."""
    known = flights.dropna(subset=["arr_delay", "dep_delay"]).iloc[::40]
    truth, said = known["arr_delay"].to_numpy() <= 15, known["dep_delay"].to_numpy() <= 10
    scores = 1 / (1 + np.exp(known["dep_delay"].to_numpy() / 30))
    rows = {name: np.flatnonzero(known["carrier"].to_numpy() == name) for name in sorted(set(known["carrier"]))}
    return {
        name: (said[at], truth[at], scores[at], group_of(said[at], truth[at], np.ones(len(at), bool), scores[at]))
        for name, at in rows.items()
    }


def test_rates_of_real_groups_equal_scikit_learn(airlines):
    for said, truth, scores, group in airlines.values():
        if len(said) < 50:
            continue
        assert value("selection_rate", group) == pytest.approx(said.mean(), abs=1e-9)
        assert value("tpr", group) == pytest.approx(sk.recall_score(truth, said), abs=1e-9)
        assert value("tnr", group) == pytest.approx(sk.recall_score(~truth, ~said), abs=1e-9)
        assert value("fpr", group) == pytest.approx(1 - sk.recall_score(~truth, ~said), abs=1e-9)
        assert value("fnr", group) == pytest.approx(1 - sk.recall_score(truth, said), abs=1e-9)
        assert value("ppv", group) == pytest.approx(sk.precision_score(truth, said), abs=1e-9)
        assert value("npv", group) == pytest.approx(sk.precision_score(~truth, ~said), abs=1e-9)
        assert value("balance_favourable", group) == pytest.approx(scores[truth].mean(), abs=1e-9)
        assert value("balance_unfavourable", group) == pytest.approx(scores[~truth].mean(), abs=1e-9)


def test_shares_of_all_favourable_decisions_add_up_to_one(airlines):
    found = compare({name: one[-1] for name, one in airlines.items()}, "UA")["favourable_share"]

    assert math.fsum(one.value for one in found.values()) == pytest.approx(1.0, abs=1e-12)


def test_p_values_of_an_attribute_are_one_adjusted_family_without_the_reference(airlines):
    groups = {name: one[-1] for name, one in airlines.items()}

    found = compare(groups, "UA")

    raw = {(m, g): found[m][g].raw_p_value for m in PROPORTIONS for g in groups if g != "UA"}
    defined = {key: p for key, p in raw.items() if p is not None}
    adjusted = dict(zip(defined, false_discovery_control(list(defined.values())), strict=True))
    assert {(m, g): found[m][g].p_value for m, g in defined} == pytest.approx(adjusted, abs=1e-12)
    assert all(found[measure]["UA"].p_value is None for measure in MEASURES)
    assert len(defined) > 50


def test_the_z_test_is_the_chi_square_test_of_two_proportions():
    table = np.array([[30, 70], [50, 50]])

    p = z_test(Rate(30, 100, ""), Rate(50, 100, ""))

    assert p == pytest.approx(chi2_contingency(table, correction=False).pvalue, rel=1e-9)


@pytest.mark.parametrize("hits", [0, 1])
def test_a_pooled_share_of_0_or_1_is_no_difference(hits):
    assert z_test(Rate(10 * hits, 10, ""), Rate(20 * hits, 20, "")) == 1.0


def test_a_group_is_compared_with_the_reference_by_hand():
    groups = {"a": Group(rows=200, favourable=100, tp=60, fp=20, fn=20, tn=60), "b": Group(rows=200, favourable=40)}

    found = compare(groups, "a")

    one = found["selection_rate"]["b"]
    assert (one.value, one.ratio, one.difference) == (0.2, pytest.approx(0.4), pytest.approx(-0.3))
    assert found["tpr"]["a"].value == 0.75
    assert (found["tpr"]["b"].value, found["tpr"]["b"].ratio, found["tpr"]["b"].p_value) == (None, None, None)
    assert found["tpr"]["b"].rate.reason == "no_positive"


def test_a_ratio_to_a_reference_of_zero_is_undefined():
    groups = {"a": Group(rows=200, favourable=0), "b": Group(rows=100, favourable=40)}

    one = compare(groups, "a")["selection_rate"]["b"]

    assert (one.ratio, one.difference) == (None, 0.4)


def test_the_summary_leaves_out_small_and_undefined_groups():
    groups = {
        "a": Group(rows=300, favourable=150, tp=80, fp=20, fn=20, tn=80),
        "b": Group(rows=200, favourable=60, fp=50, tn=50),
        "c": Group(rows=99, favourable=0, tp=1, fn=98),
        "d": Group(rows=100, favourable=45, tp=10, fn=90),
    }

    found = min_ratio(groups, "selection_rate")
    assert (found.value, found.reason, found.groups) == (pytest.approx(0.3 / 0.5), None, 3)
    found = min_ratio(groups, "tpr")
    assert (found.value, found.reason, found.groups) == (pytest.approx(0.1 / 0.8), None, 2)
    assert is_small(groups["c"], MEASURES["selection_rate"](groups["c"], 0))


def test_fewer_than_two_groups_or_nothing_but_zeros_are_no_summary():
    a, b = Group(rows=100, favourable=0), Group(rows=100, favourable=0)

    assert min_ratio({}, "selection_rate") == MinRatio(None, "no_rows", 0)
    assert min_ratio({"a": a}, "selection_rate") == MinRatio(None, "too_few_rows", 1)
    assert min_ratio({"a": a, "b": b}, "selection_rate") == MinRatio(None, "no_positive", 2)


def test_the_reference_is_the_largest_group_and_the_first_by_name_among_equals():
    assert largest({"b": Group(rows=5, favourable=0), "a": Group(rows=5, favourable=0)}) == "a"
    assert largest({"b": Group(rows=6, favourable=0), "a": Group(rows=5, favourable=0)}) == "b"


def test_rows_without_a_truth_count_in_the_selection_only():
    said, truth, known = (np.array(one, dtype=bool) for one in ([1, 1, 0], [1, 0, 0], [1, 0, 1]))

    group = group_of(said, truth, known, np.array([0.9, 0.8, np.nan]))

    assert (group.rows, group.favourable, group.labelled) == (3, 2, 2)
    assert (group.tp, group.tn, group.favourable_scores, group.unfavourable_scores) == (1, 1, (0.9, 1), (0.0, 0))


def test_shares_and_balances_of_two_groups_are_those_computed_by_hand():
    groups = {
        "a": Group(rows=100, favourable=60, favourable_scores=(45.0, 50), unfavourable_scores=(10.0, 50), tp=50, fp=50),
        "b": Group(rows=100, favourable=20, favourable_scores=(12.0, 20), unfavourable_scores=(20.0, 80), tp=20, fp=80),
    }

    found = {measure: [one.value for one in compare(groups, "a")[measure].values()] for measure in MEASURES}

    assert found["favourable_share"] == [0.75, 0.25]  # 60 and 20 of 80
    assert found["balance_favourable"] == pytest.approx([0.9, 0.6], abs=1e-12)
    assert found["balance_unfavourable"] == pytest.approx([0.2, 0.25], abs=1e-12)
    assert min_ratio(groups, "favourable_share").value == pytest.approx(1 / 3, abs=1e-12)
    assert min_ratio(groups, "balance_favourable").value == pytest.approx(2 / 3, abs=1e-12)
    assert min_ratio(groups, "balance_unfavourable").value == pytest.approx(0.8, abs=1e-12)
