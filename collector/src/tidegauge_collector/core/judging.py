"""From observations to verdicts: one monitor's thresholds, row minimum and significance over a family of series."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegauge_collector.core.drift import benjamini_hochberg
from tidegauge_collector.core.monitors import Monitor, Verdict

# Why a value can be undefined, sorted by what follows from it; any other reason is an error to look into.
NOT_ENOUGH_REASONS = frozenset(
    {"no_rows", "too_few_rows", "too_few_bins", "one_class", "no_positive", "no_predicted_positive", "constant_actual"}
)
NOT_APPLICABLE_REASONS = frozenset({"no_baseline", "not_applicable", "out_of_domain", "auc_available"})


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What is measured over time within a deployment; "" in column: the deployment as a whole, in segment: all traffic."""

    metric: str
    column: str
    segment: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One measurement as a monitor sees it: window `[start, end)` in microseconds since the epoch, None values with a reason."""

    series: SeriesKey
    window_start_us: int
    window_end_us: int
    value: float | None
    reason: str | None
    n: int
    baseline_value: float | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with its grounds: the reason wherever it is not plain from the value, the adjusted p where one was used."""

    observation: Observation
    verdict: Verdict
    reason: str | None = None
    adjusted_p: float | None = None


def judge(monitor: Monitor, observations: Sequence[Observation]) -> list[Judgement]:
    """Verdicts in the order of the observations: those of one deployment.

    With a significance, the p-values of one window end are one Benjamini-Hochberg family, undefined ones left out.
    """
    adjusted = _adjusted(monitor, observations)
    return [_judgement(monitor, seen, p) for seen, p in zip(observations, adjusted, strict=True)]


def compared_value(monitor: Monitor, observation: Observation) -> float | None:
    """What is held against the thresholds: the value itself, or its relative drop from the baseline (a fraction)."""
    value, baseline = observation.value, observation.baseline_value
    if monitor.comparison != "drop_from_baseline" or value is None:
        return value
    return None if baseline is None or baseline <= 0 else (baseline - value) / baseline


def _adjusted(monitor: Monitor, observations: Sequence[Observation]) -> list[float | None]:
    adjusted: list[float | None] = [None] * len(observations)
    if monitor.significance is None:
        return adjusted
    for end in {seen.window_end_us for seen in observations}:
        family = [i for i, seen in enumerate(observations) if seen.window_end_us == end]
        p_values = [observations[i].p_value for i in family]
        values = benjamini_hochberg(np.array([math.nan if p is None else p for p in p_values]))
        for i, value in zip(family, values.tolist(), strict=True):
            adjusted[i] = None if math.isnan(value) else value
    return adjusted


def _judgement(monitor: Monitor, seen: Observation, adjusted_p: float | None) -> Judgement:
    verdict, reason = _without_value(seen) or _too_thin(monitor, seen) or _compared(monitor, seen, adjusted_p)
    return Judgement(observation=seen, verdict=verdict, reason=reason, adjusted_p=adjusted_p)


def _without_value(seen: Observation) -> tuple[Verdict, str] | None:
    if seen.value is not None:
        return None if math.isfinite(seen.value) else (Verdict.ERROR, "not_finite")
    reason = seen.reason or "value_without_reason"
    if reason in NOT_ENOUGH_REASONS:
        return Verdict.NOT_ENOUGH_DATA, reason
    return (Verdict.NOT_APPLICABLE if reason in NOT_APPLICABLE_REASONS else Verdict.ERROR), reason


def _too_thin(monitor: Monitor, seen: Observation) -> tuple[Verdict, str] | None:
    return (Verdict.NOT_ENOUGH_DATA, "too_few_rows") if seen.n < monitor.min_rows else None


def _compared(monitor: Monitor, seen: Observation, adjusted_p: float | None) -> tuple[Verdict, str | None]:
    compared = compared_value(monitor, seen)
    if compared is None:
        return Verdict.NOT_APPLICABLE, "no_baseline" if seen.baseline_value is None else "baseline_not_positive"
    verdict = _by_threshold(monitor, compared)
    if verdict is Verdict.OK or monitor.significance is None:
        return verdict, None
    if adjusted_p is None:
        return Verdict.NOT_ENOUGH_DATA, "no_p_value"
    return (verdict, None) if adjusted_p < monitor.significance else (Verdict.OK, "within_chance")


def _by_threshold(monitor: Monitor, compared: float) -> Verdict:
    if _beyond(monitor, compared, monitor.failing):
        return Verdict.FAILING
    return Verdict.WARNING if _beyond(monitor, compared, monitor.warning) else Verdict.OK


def _beyond(monitor: Monitor, compared: float, limit: float | None) -> bool:
    if limit is None:
        return False
    return compared < limit if monitor.comparison == "below" else compared > limit
