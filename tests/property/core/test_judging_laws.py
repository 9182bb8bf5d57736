"""A family judged as arrays is judged as it were one by one, to the bit: against the rules written down for a single observation."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.drift import benjamini_hochberg
from tidegauge_collector.core.judging import (
    NOT_APPLICABLE_REASONS,
    NOT_ENOUGH_REASONS,
    Judgement,
    Observation,
    SeriesKey,
    compared_value,
    judge,
    judge_all,
    judgements,
)
from tidegauge_collector.core.limits import binomial_p, normal_p, pair_of, relative_error
from tidegauge_collector.core.monitors import Limit, Monitor, Verdict
from tidegauge_collector.core.observations import observations, together
from tidegauge_collector.core.spread import Spread

LAWS = settings(deadline=None, derandomize=True, max_examples=400)

REASONS = [None, "too_old_to_say", *sorted(NOT_ENOUGH_REASONS | NOT_APPLICABLE_REASONS)]
NUMBERS = st.integers(-200, 200).map(lambda hundredths: hundredths / 100) | st.sampled_from([0.1, 0.25])
SPREADS = st.none() | st.builds(Spread, NUMBERS, st.floats(0, 1), st.integers(5, 14), st.just("trailing_windows"))


@st.composite
def seen(draw) -> Observation:
    value = draw(st.none() | NUMBERS | st.sampled_from([math.nan, math.inf]))
    n = draw(st.integers(0, 200))
    is_rate = value is not None and 0 <= value <= 1 and draw(st.booleans())
    end_us = draw(st.integers(1, 3))
    return Observation(
        series=SeriesKey("psi", draw(st.sampled_from("abcd")), draw(st.sampled_from(["", "s=1"])), "1"),
        window_start_us=end_us - 1,
        window_end_us=end_us,
        value=value,
        reason=draw(st.sampled_from(REASONS)) if value is None else None,
        n=n,
        baseline_value=draw(st.none() | NUMBERS),
        p_value=draw(st.none() | st.floats(0, 1)),
        events=round(value * n) if is_rate else None,
        standard_error=draw(st.none() | st.floats(0, 1)),
        baseline_standard_error=draw(st.none() | st.floats(0, 1)),
        spread=draw(SPREADS),
    )


@st.composite
def monitors(draw) -> Monitor:
    limits = draw(st.sampled_from(["stated", "baseline", "trailing"]))
    comparisons = ["above", "below", "outside", "drop_from_baseline", "rise_from_baseline", "drop_from_trailing"]
    comparison = "outside" if limits != "stated" else draw(st.sampled_from(comparisons))
    near, far = (0.9, 0.5) if comparison == "below" else (0.1, 0.25)
    warning, failing = draw(st.sampled_from([(near, far), (None, far), (near, None)]))
    return replace(
        DRIFT,
        limits=limits,
        comparison=comparison,
        warning=warning,
        failing=failing,
        significance=draw(st.sampled_from([None, 0.05])),
        recover_margin=draw(st.sampled_from([0.0, 0.2])),
    )


def plainly(monitor: Monitor, family: list[Observation]) -> list[tuple[object, ...]]:
    """Verdict, reason, p, adjusted p and what counts while firing, by the rules of one observation."""
    limits = {limit: plain_chances(monitor, family, limit) for limit in (monitor.warning, monitor.failing)}
    return [
        plain_judgement(monitor, one, {limit: found[i] for limit, found in limits.items()})
        for i, one in enumerate(family)
    ]


def plain_chances(monitor: Monitor, family: list[Observation], limit: Limit) -> list[tuple[float | None, float | None]]:
    if monitor.significance is None or limit is None:
        return [(None, None)] * len(family)
    raw = [one.p_value if one.p_value is not None else plain_p(monitor, one, limit) for one in family]
    adjusted: list[float | None] = [None] * len(family)
    for end_us in {one.window_end_us for one in family}:
        here = [i for i, one in enumerate(family) if one.window_end_us == end_us]
        found = benjamini_hochberg(np.array([math.nan if raw[i] is None else raw[i] for i in here]))
        for i, value in zip(here, found.tolist(), strict=True):
            adjusted[i] = None if math.isnan(value) else value
    return list(zip(raw, adjusted, strict=True))


def reference_of(monitor: Monitor, one: Observation) -> float | None:
    if monitor.comparison.endswith("_trailing"):
        return None if one.spread is None else one.spread.mean
    return one.baseline_value


def plain_p(monitor: Monitor, one: Observation, limit: Limit) -> float | None:
    compared = compared_value(monitor, one)
    if compared is None or not math.isfinite(compared) or one.n < monitor.min_rows:
        return None
    pair = pair_of(monitor, limit, one.spread)
    if one.events is not None and not monitor.is_relative:
        return binomial_p(one.events, one.n, pair)
    if one.standard_error is None:
        return None
    reference, error = reference_of(monitor, one), one.standard_error
    if monitor.is_relative and reference is not None:
        of_baseline = (one.baseline_standard_error or 0.0) if monitor.comparison.endswith("_baseline") else 0.0
        error = relative_error(one.value, error, reference, of_baseline)
    return normal_p(compared, error, pair)


def lies_beyond(monitor: Monitor, one: Observation, limit: Limit, margin: float = 0.0) -> bool:
    compared = compared_value(monitor, one)
    low, high = pair_of(monitor, limit, one.spread, margin=margin)
    return compared is not None and ((low is not None and compared < low) or (high is not None and compared > high))


def undecided(monitor: Monitor, one: Observation) -> tuple[Verdict, str] | None:
    if one.value is None:
        reason = one.reason or "value_without_reason"
        if reason in NOT_ENOUGH_REASONS:
            return Verdict.NOT_ENOUGH_DATA, reason
        return (Verdict.NOT_APPLICABLE if reason in NOT_APPLICABLE_REASONS else Verdict.ERROR), reason
    if not math.isfinite(one.value):
        return Verdict.ERROR, "not_finite"
    if one.n < monitor.min_rows:
        return Verdict.NOT_ENOUGH_DATA, "too_few_rows"
    if one.spread is None and monitor.uses_trailing:
        return Verdict.NOT_ENOUGH_DATA, "too_few_windows"
    if one.spread is None and monitor.limits == "baseline":
        return Verdict.NOT_APPLICABLE, "no_baseline"
    if compared_value(monitor, one) is not None:
        return None
    if monitor.uses_trailing:
        return Verdict.NOT_APPLICABLE, "trailing_not_positive"
    return Verdict.NOT_APPLICABLE, "no_baseline" if one.baseline_value is None else "baseline_not_positive"


def plain_verdict(monitor: Monitor, one: Observation, chances: dict) -> tuple[Verdict, str | None]:
    reason = None
    for limit, verdict in ((monitor.failing, Verdict.FAILING), (monitor.warning, Verdict.WARNING)):
        if not lies_beyond(monitor, one, limit):
            continue
        adjusted = chances[limit][1]
        if monitor.significance is not None and adjusted is None:
            return Verdict.NOT_ENOUGH_DATA, "no_p_value"
        if monitor.significance is None or adjusted < monitor.significance:
            return verdict, None
        reason = "within_chance"
    return Verdict.OK, reason


def plain_judgement(monitor: Monitor, one: Observation, chances: dict) -> tuple[object, ...]:
    without = undecided(monitor, one)
    verdict, reason = without or plain_verdict(monitor, one, chances)
    deciding = monitor.warning if monitor.warning is not None else monitor.failing
    deciding = monitor.failing if verdict is Verdict.FAILING else deciding
    firing = None
    if without is None and monitor.recover_margin and verdict in (Verdict.OK, Verdict.WARNING):
        margin = monitor.recover_margin
        warns, fails = (lies_beyond(monitor, one, limit, margin) for limit in (monitor.warning, monitor.failing))
        firing = Verdict.FAILING if fails else Verdict.WARNING if warns else Verdict.OK
    return verdict, reason, *chances[deciding], firing if firing is not verdict else None


def said(judgement: Judgement) -> tuple[object, ...]:
    return (
        judgement.verdict,
        judgement.reason,
        judgement.p_value,
        judgement.adjusted_p,
        judgement.while_firing,
    )


@LAWS
@given(monitors(), st.lists(seen(), max_size=12))
def test_a_family_is_judged_as_its_observations_are_one_by_one(monitor, family):
    assert [said(one) for one in judge(monitor, family)] == plainly(monitor, family)


@LAWS
@given(st.lists(seen(), max_size=12))
def test_observations_come_out_of_arrays_as_they_went_in(family):
    assert repr(list(observations(family))) == repr(family), "nan differs from itself"


@LAWS
@given(monitors(), st.lists(seen(), min_size=1, max_size=12), st.data())
def test_parts_of_a_family_put_together_are_the_family(monitor, family, data):
    cut = data.draw(st.integers(0, len(family)))
    whole = judge(monitor, family)

    parts = judge_all(monitor, together([observations(family[:cut]), observations(family[cut:])]))

    assert repr(list(parts)) == repr(whole)
    assert repr(list(judgements(whole))) == repr(whole)
