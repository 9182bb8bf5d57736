"""Error budgets: burn rates, what is left, both windows, chance."""

import pytest

from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.core.slo import Tally, budget_left, burn_rate, judge_burn, spans_s

HOUR_S = 3_600
SLO = Monitor(id="slo", kind="burn_rate", metric="error_rate", objective=0.999)


def judged(monitor: Monitor = SLO, **bad: int):
    """Of 10,000 requests in every window so many are bad; windows as `h1`, `m5`, …, else none."""
    names = {"m5": 300, "m30": 1_800, "h1": HOUR_S, "h6": 6 * HOUR_S, "d3": 72 * HOUR_S, "d30": 720 * HOUR_S}
    tallies = {names[name]: Tally(bad.get(name, 0), 10_000) for name in names}
    return judge_burn(monitor, 10**15, tallies)


def test_the_windows_are_those_of_the_rules_and_the_objectives_own():
    assert spans_s(SLO) == (300, 1_800, HOUR_S, 6 * HOUR_S, 72 * HOUR_S, 720 * HOUR_S)


def test_a_burn_rate_of_one_uses_the_budget_up_exactly():
    assert burn_rate(Tally(10, 10_000), 0.999) == pytest.approx(1.0)
    assert budget_left(Tally(10, 10_000), 0.999) == pytest.approx(0.0)
    assert burn_rate(Tally(0, 0), 0.999) is None


@pytest.mark.parametrize(
    ("bad", "verdict"),
    [
        ({}, Verdict.OK),
        ({"h1": 145, "m5": 145}, Verdict.FAILING),
        ({"h1": 145}, Verdict.OK),  # it has stopped burning
        ({"m5": 145}, Verdict.OK),  # it has only just begun
        ({"h1": 144, "m5": 145}, Verdict.OK),
        ({"h6": 61, "m30": 61}, Verdict.FAILING),
        ({"d3": 11, "h6": 11}, Verdict.WARNING),
    ],
)
def test_a_rule_counts_where_both_its_windows_burn(bad, verdict):
    assert judged(**bad).verdict is verdict


def test_what_is_left_of_the_budget_is_its_value_and_stands_in_the_grounds():
    found = judged(d30=4)

    assert found.observation.value == pytest.approx(0.6)
    assert found.grounds["budget_left"] == pytest.approx(0.6)
    assert found.grounds["burn_rates"]["30 d"] == pytest.approx(0.4)


def test_two_errors_among_sixty_requests_are_explained_by_chance():
    monitor = Monitor(id="slo", kind="burn_rate", metric="error_rate", objective=0.99, significance=0.01)
    spans = dict.fromkeys(spans_s(monitor), Tally(0, 60)) | {HOUR_S: Tally(10, 60), 300: Tally(5, 5)}

    found = judge_burn(monitor, 10**15, spans)

    assert (found.verdict, found.reason) == (Verdict.OK, "within_chance")
    assert found.p_value == pytest.approx(0.37, abs=0.03)  # of 60 requests at 14.4 %, 8.6 are expected


def test_without_requests_there_is_no_verdict():
    found = judge_burn(SLO, 10**15, dict.fromkeys(spans_s(SLO), Tally(0, 0)))

    assert (found.verdict, found.reason) == (Verdict.NOT_ENOUGH_DATA, "no_rows")
