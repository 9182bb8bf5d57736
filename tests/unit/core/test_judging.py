"""Verdicts: thresholds, row minimum, significance over a family, and every reason a value may be undefined for."""

from dataclasses import replace

import pytest

from tidegauge_collector.core.default_monitors import AUC, DRIFT, ERROR_RATE, NO_PREDICTIONS, SILENT_AGENTS
from tidegauge_collector.core.judging import Observation, SeriesKey, compared_value, crossed_limit, judge
from tidegauge_collector.core.monitors import Verdict


def seen(value, *, reason=None, n=1000, p=1e-9, baseline=None, column="age", end_us=2_000) -> Observation:
    return Observation(
        series=SeriesKey(metric="psi", column=column, segment="", version="1"),
        window_start_us=1_000,
        window_end_us=end_us,
        value=value,
        reason=reason,
        n=n,
        baseline_value=baseline,
        p_value=p,
    )


def verdict_and_reason(monitor, observation):
    (judgement,) = judge(monitor, [observation])
    return judgement.verdict, judgement.reason


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0.0, Verdict.OK),
        (0.1, Verdict.OK),
        (0.1000001, Verdict.WARNING),
        (0.25, Verdict.WARNING),
        (0.26, Verdict.FAILING),
    ],
)
def test_only_a_value_beyond_a_threshold_breaches_it(value, verdict):
    assert verdict_and_reason(DRIFT, seen(value)) == (verdict, None)


def test_below_is_the_mirror_of_above():
    monitor = replace(DRIFT, comparison="below", warning=0.9, failing=0.8, significance=None)

    verdicts = [verdict_and_reason(monitor, seen(value))[0] for value in (0.95, 0.9, 0.85, 0.8, 0.7)]

    assert verdicts == [Verdict.OK, Verdict.OK, Verdict.WARNING, Verdict.WARNING, Verdict.FAILING]


@pytest.mark.parametrize(("value", "verdict"), [(0.81, Verdict.OK), (0.74, Verdict.WARNING), (0.70, Verdict.FAILING)])
def test_drop_is_relative_to_the_baselines_value(value, verdict):
    assert verdict_and_reason(AUC, seen(value, baseline=0.8)) == (verdict, None)


def test_a_rise_over_the_baseline_is_no_drop():
    observation = seen(0.9, baseline=0.8)

    assert compared_value(AUC, observation) == pytest.approx(-0.125)
    assert verdict_and_reason(AUC, observation) == (Verdict.OK, None)


@pytest.mark.parametrize(("baseline", "reason"), [(None, "no_baseline"), (0.0, "baseline_not_positive")])
def test_without_a_baseline_to_fall_from_a_drop_is_not_applicable(baseline, reason):
    assert verdict_and_reason(AUC, seen(0.7, baseline=baseline)) == (Verdict.NOT_APPLICABLE, reason)


@pytest.mark.parametrize("value", [0.0, 0.9])
def test_fewer_rows_than_the_minimum_is_not_enough_data_whatever_the_value(value):
    assert verdict_and_reason(DRIFT, seen(value, n=49)) == (Verdict.NOT_ENOUGH_DATA, "too_few_rows")
    assert verdict_and_reason(DRIFT, seen(0.9, n=50)) == (Verdict.FAILING, None)


def test_a_breach_without_p_is_not_enough_data():
    assert verdict_and_reason(DRIFT, seen(0.3, p=None)) == (Verdict.NOT_ENOUGH_DATA, "no_p_value")


def test_below_the_thresholds_no_p_is_needed():
    assert verdict_and_reason(DRIFT, seen(0.05, p=None)) == (Verdict.OK, None)


@pytest.mark.parametrize(("p", "verdict"), [(0.01, Verdict.OK), (0.0099, Verdict.FAILING)])
def test_a_breach_that_chance_explains_is_ok_and_says_so(p, verdict):
    reason = "within_chance" if verdict is Verdict.OK else None

    assert verdict_and_reason(DRIFT, seen(0.3, p=p)) == (verdict, reason)


def test_p_values_of_columns_judged_together_are_one_family():
    alone = judge(DRIFT, [seen(0.3, p=0.005)])
    together = judge(DRIFT, [seen(0.3, p=0.005), seen(0.3, p=0.5, column="b"), seen(0.01, p=0.9, column="c")])

    assert (alone[0].verdict, alone[0].adjusted_p) == (Verdict.FAILING, 0.005)
    assert [judgement.verdict for judgement in together] == [Verdict.OK, Verdict.OK, Verdict.OK]
    assert together[0].adjusted_p == pytest.approx(0.015)


def test_windows_with_different_ends_are_families_of_their_own():
    judgements = judge(DRIFT, [seen(0.3, p=0.005, end_us=2_000), seen(0.3, p=0.5, end_us=3_000)])

    assert [judgement.adjusted_p for judgement in judgements] == [0.005, 0.5]


def test_undefined_p_values_do_not_enlarge_the_family():
    judgements = judge(DRIFT, [seen(0.3, p=0.005), *(seen(0.0, p=None, column=f"c{i}") for i in range(20))])

    assert judgements[0].adjusted_p == 0.005


def test_without_a_significance_no_p_is_used():
    (judgement,) = judge(replace(ERROR_RATE, significance=None), [seen(0.2, p=None)])

    assert (judgement.verdict, judgement.adjusted_p) == (Verdict.FAILING, None)


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("no_rows", Verdict.NOT_ENOUGH_DATA),
        ("one_class", Verdict.NOT_ENOUGH_DATA),
        ("no_baseline", Verdict.NOT_APPLICABLE),
        ("out_of_domain", Verdict.NOT_APPLICABLE),
        ("auc_available", Verdict.NOT_APPLICABLE),
        ("query_failed", Verdict.ERROR),
    ],
)
def test_an_undefined_value_is_judged_by_its_reason(reason, verdict):
    assert verdict_and_reason(DRIFT, seen(None, reason=reason)) == (verdict, reason)


def test_an_undefined_value_without_a_reason_is_an_error():
    assert verdict_and_reason(DRIFT, seen(None)) == (Verdict.ERROR, "value_without_reason")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_an_error(value):
    assert verdict_and_reason(DRIFT, seen(value)) == (Verdict.ERROR, "not_finite")


def test_judgements_keep_the_order_of_the_observations():
    observations = [seen(0.3, column=name) for name in "dbca"]

    assert [judgement.observation for judgement in judge(DRIFT, observations)] == observations


@pytest.mark.parametrize(
    ("monitor", "observation", "limit"),
    [
        (DRIFT, seen(0.3), 0.25),
        (AUC, seen(0.6, baseline=0.8), 0.72),
        (replace(AUC, comparison="rise_from_baseline"), seen(0.9, baseline=0.8), 0.88),
        (replace(DRIFT, comparison="outside", warning=None, failing=(1.0, 2.0)), seen(0.5), 1.0),
        (NO_PREDICTIONS, seen(30_000.0), 21_600.0),
        (SILENT_AGENTS, seen(2.0), None),
    ],
)
def test_the_limit_of_an_alert_is_in_the_unit_of_its_value(monitor, observation, limit):
    assert crossed_limit(monitor, observation, "failing") == (None if limit is None else pytest.approx(limit))


def test_nothing_observed_gives_no_judgement():
    assert judge(DRIFT, []) == []
