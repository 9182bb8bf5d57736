"""From observations to verdicts: one monitor's limits, row minimum and significance over a family of series."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tidegauge_collector.core.drift import benjamini_hochberg
from tidegauge_collector.core.limits import binomial_p, is_beyond, nearest, normal_p, pair_of, relative_error
from tidegauge_collector.core.monitors import Limit, Monitor, Severity, Verdict
from tidegauge_collector.core.spread import Spread

# Why a value can be undefined, sorted by what follows from it; any other reason is an error to look into.
NOT_ENOUGH_REASONS = frozenset(
    {
        "no_rows",
        "no_moments",
        "too_few_rows",
        "too_few_bins",
        "too_few_windows",
        "one_class",
        "no_positive",
        "no_predicted_positive",
        "constant_actual",
    }
)
NOT_APPLICABLE_REASONS = frozenset({"no_baseline", "not_applicable", "out_of_domain", "auc_available", "too_old"})


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What is measured over time within a deployment; "" in column: the deployment as a whole, in segment: all traffic.

    "" in version: all versions together.
    """

    metric: str
    column: str
    segment: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One measurement as a monitor sees it: window `[start, end)` in microseconds since the epoch, None values with a reason.

    `events`: how many of the n, where the value is their share; `standard_error` of the value, where it is known. `spread`: over windows
    like this one, for limits that are learned and changes from the trailing windows.
    """

    series: SeriesKey
    window_start_us: int
    window_end_us: int
    value: float | None
    reason: str | None
    n: int
    baseline_value: float | None = None
    p_value: float | None = None
    events: int | None = None
    standard_error: float | None = None
    baseline_standard_error: float | None = None
    spread: Spread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with its grounds: the reason wherever it is not plain from the value, the p where one was used, learned limits.

    `while_firing`: what the verdict counts as for an alert that fires, where that differs (`recover_margin`).
    """

    observation: Observation
    verdict: Verdict
    reason: str | None = None
    p_value: float | None = None
    adjusted_p: float | None = None
    while_firing: Verdict | None = None
    grounds: Mapping[str, Any] = field(default_factory=dict)


def judge(monitor: Monitor, observations: Sequence[Observation]) -> list[Judgement]:
    """Verdicts in the order of the observations: those of one deployment.

    With a significance, the p-values of one window end are one Benjamini-Hochberg family, undefined ones left out.
    """
    chances = {limit: _chances(monitor, observations, limit) for limit in (monitor.warning, monitor.failing)}
    return [
        _judgement(monitor, seen, {limit: found[i] for limit, found in chances.items()})
        for i, seen in enumerate(observations)
    ]


def compared_value(monitor: Monitor, observation: Observation) -> float | None:
    """What is held against the limits: the value itself, or its relative fall or rise (a fraction)."""
    value, reference = observation.value, _reference(monitor, observation)
    if not monitor.is_relative or value is None:
        return value
    if reference is None or reference <= 0:
        return None
    change = (value - reference) / reference
    return change if monitor.comparison.startswith("rise") else -change


def crossed_limit(monitor: Monitor, observation: Observation, severity: Severity) -> float | None:
    """The limit of a severity in the unit of the value: a relative change as the value that it leads to, of a band the side at hand.

    Of silence: how long it may last, in seconds."""
    if monitor.kind == "no_data":
        return None if monitor.metric == "agents" else float(monitor.silent_for_s)
    limit = monitor.failing if severity == "failing" else monitor.warning
    compared = compared_value(monitor, observation)
    found = nearest(compared or 0.0, pair_of(monitor, limit, observation.spread))
    if found is None or not monitor.is_relative:
        return found
    reference = _reference(monitor, observation)
    sign = 1 if monitor.comparison.startswith("rise") else -1
    return None if reference is None else reference * (1 + sign * found)


Chance = tuple[float | None, float | None]  # p of one series, and adjusted over all


def _chances(monitor: Monitor, observations: Sequence[Observation], limit: Limit) -> list[Chance]:
    if monitor.significance is None or limit is None:
        return [(None, None)] * len(observations)
    found = [seen.p_value if seen.p_value is not None else _p_value(monitor, seen, limit) for seen in observations]
    adjusted: list[float | None] = [None] * len(observations)
    for end in {seen.window_end_us for seen in observations}:
        family = [i for i, seen in enumerate(observations) if seen.window_end_us == end]
        p_values = [found[i] for i in family]
        values = benjamini_hochberg(np.array([math.nan if p is None else p for p in p_values]))
        for i, value in zip(family, values.tolist(), strict=True):
            adjusted[i] = None if math.isnan(value) else value
    return list(zip(found, adjusted, strict=True))


def _p_value(monitor: Monitor, seen: Observation, limit: Limit) -> float | None:
    """By the test that the observation has what it takes for: of a rate, or of a value with a standard error."""
    compared = compared_value(monitor, seen)
    if compared is None or seen.value is None or not math.isfinite(compared) or seen.n < monitor.min_rows:
        return None
    pair = pair_of(monitor, limit, seen.spread)
    if seen.events is not None and not monitor.is_relative:
        return binomial_p(seen.events, seen.n, pair)
    if seen.standard_error is None:
        return None
    return normal_p(compared, _compared_error(monitor, seen, seen.value, seen.standard_error), pair)


def _compared_error(monitor: Monitor, seen: Observation, value: float, error: float) -> float:
    reference = _reference(monitor, seen)
    if not monitor.is_relative or reference is None:
        return error
    of_baseline = seen.baseline_standard_error or 0.0
    return relative_error(value, error, reference, of_baseline if monitor.comparison.endswith("_baseline") else 0.0)


def _reference(monitor: Monitor, seen: Observation) -> float | None:
    if monitor.comparison.endswith("_trailing"):
        return None if seen.spread is None else seen.spread.mean
    return seen.baseline_value


def _judgement(monitor: Monitor, seen: Observation, chances: Mapping[Limit, Chance]) -> Judgement:
    deciding = monitor.warning if monitor.warning is not None else monitor.failing
    while_firing = None
    reason: str | None
    undecided = _without_value(seen) or _too_thin(monitor, seen) or _without_reference(monitor, seen)
    if undecided is not None:
        verdict, reason = undecided
    else:
        verdict, reason = _compared(monitor, seen, chances)
        deciding = monitor.failing if verdict is Verdict.FAILING else deciding
        if monitor.recover_margin and verdict in (Verdict.OK, Verdict.WARNING):
            while_firing = _by_limits(monitor, seen, margin=monitor.recover_margin)
    p_value, adjusted = chances.get(deciding, (None, None))
    return Judgement(
        observation=seen,
        verdict=verdict,
        reason=reason,
        p_value=p_value,
        adjusted_p=adjusted,
        while_firing=while_firing if while_firing is not verdict else None,
        grounds=_grounds(monitor, seen),
    )


def _without_value(seen: Observation) -> tuple[Verdict, str] | None:
    if seen.value is not None:
        return None if math.isfinite(seen.value) else (Verdict.ERROR, "not_finite")
    reason = seen.reason or "value_without_reason"
    if reason in NOT_ENOUGH_REASONS:
        return Verdict.NOT_ENOUGH_DATA, reason
    return (Verdict.NOT_APPLICABLE if reason in NOT_APPLICABLE_REASONS else Verdict.ERROR), reason


def _too_thin(monitor: Monitor, seen: Observation) -> tuple[Verdict, str] | None:
    return (Verdict.NOT_ENOUGH_DATA, "too_few_rows") if seen.n < monitor.min_rows else None


def _without_reference(monitor: Monitor, seen: Observation) -> tuple[Verdict, str] | None:
    if seen.spread is None and monitor.uses_trailing:
        return Verdict.NOT_ENOUGH_DATA, "too_few_windows"
    if seen.spread is None and monitor.limits == "baseline":
        return Verdict.NOT_APPLICABLE, "no_baseline"
    if compared_value(monitor, seen) is not None:
        return None
    if monitor.uses_trailing:
        return Verdict.NOT_APPLICABLE, "trailing_not_positive"
    return Verdict.NOT_APPLICABLE, "no_baseline" if seen.baseline_value is None else "baseline_not_positive"


def _compared(monitor: Monitor, seen: Observation, chances: Mapping[Limit, Chance]) -> tuple[Verdict, str | None]:
    """The worst limit that is passed, by more than chance; where chance alone explains it, ok and said so."""
    reason = None
    for limit, verdict in ((monitor.failing, Verdict.FAILING), (monitor.warning, Verdict.WARNING)):
        if not is_beyond(_known(monitor, seen), pair_of(monitor, limit, seen.spread)):
            continue
        if monitor.significance is None:
            return verdict, None
        adjusted = chances[limit][1]
        if adjusted is None:
            return Verdict.NOT_ENOUGH_DATA, "no_p_value"
        if adjusted < monitor.significance:
            return verdict, None
        reason = "within_chance"
    return Verdict.OK, reason


def _by_limits(monitor: Monitor, seen: Observation, *, margin: float) -> Verdict:
    """By the limits alone, drawn in: an alert is resolved by better values, not by windows too thin to be sure of worse ones."""
    compared = _known(monitor, seen)
    if is_beyond(compared, pair_of(monitor, monitor.failing, seen.spread, margin=margin)):
        return Verdict.FAILING
    beyond = is_beyond(compared, pair_of(monitor, monitor.warning, seen.spread, margin=margin))
    return Verdict.WARNING if beyond else Verdict.OK


def _known(monitor: Monitor, seen: Observation) -> float:
    compared = compared_value(monitor, seen)
    return math.nan if compared is None else compared


def _grounds(monitor: Monitor, seen: Observation) -> dict[str, Any]:
    """What learned limits were learned from, and where they lie."""
    if seen.spread is None:
        return {}
    found: dict[str, Any] = {
        "learned_from": seen.spread.method,
        "mean": seen.spread.mean,
        "deviation": seen.spread.deviation,
        "windows": seen.spread.windows,
    }
    if monitor.limits != "stated":
        pairs = {"warning": monitor.warning, "failing": monitor.failing}
        found |= {f"{name}_limit": list(pair_of(monitor, limit, seen.spread)) for name, limit in pairs.items()}
    return found
