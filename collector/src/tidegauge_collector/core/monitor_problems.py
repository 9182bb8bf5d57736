"""The words that a monitor may use, and what is wrong with one: all of it together, naming the field, the value and the fix."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from tidegauge_collector.core.monitors import Monitor

Kind = Literal["measurement", "composite", "burn_rate", "no_data", "fairness"]
Comparison = Literal[
    "above", "below", "outside", "drop_from_baseline", "rise_from_baseline", "drop_from_trailing", "rise_from_trailing"
]
Learned = Literal["stated", "baseline", "trailing"]
Block = Literal["service", "drift", "accuracy", "fairness", "quality", "freshness", "custom"]
Severity = Literal["warning", "failing"]
Statistic = Literal["value", "ratio", "difference", "p_value"]

BURN_METRICS = ("error_rate", "availability", "slow_requests", "throughput", "freshness")
SILENCE_METRICS = ("predictions", "agents", "labels")
AT_LEAST_ONE = (
    "window_s",
    "every_s",
    "recover_after",
    "trailing_windows",
    "objective_window_s",
    "silent_for_s",
    "min_group_rows",
)
MORE_THAN_ZERO = ("slow_s", "at_least_per_minute", "stale_after_s")
AT_LEAST_ZERO = ("min_rows", "lag_s", "cooldown_s", "flap_changes", "flap_span_s", "at_least", "recover_margin")


def problems(monitor: Monitor) -> list[str]:
    """Everything that is wrong, in the order of the fields; empty where nothing is."""
    checks = {
        "measurement": _measurement,
        "composite": _composite,
        "burn_rate": _burn_rate,
        "no_data": _no_data,
        "fairness": _fairness,
    }
    found = [] if monitor.id.strip() else ["id is empty: give it one"]
    check = checks.get(monitor.kind)
    if check is None:
        found.append(f"kind is {monitor.kind!r}: use {_either(tuple(checks))}")
    else:
        found += check(monitor)
    return [*found, *_choices(monitor), *_numbers(monitor), *_states(monitor)]


def parse_range(text: str) -> tuple[datetime, datetime]:
    """START/END as two aware times; ValueError where it is none."""
    start, _, end = text.partition("/")
    pair = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if any(one.tzinfo is None for one in pair) or pair[0] >= pair[1]:
        raise ValueError(f"{text!r} is no range")
    return pair


def sides(limit: float | tuple[float, float] | None) -> tuple[float, ...]:
    """The numbers of a limit: none, one, or low and high."""
    if limit is None:
        return ()
    return tuple(limit) if isinstance(limit, tuple) else (limit,)


def _measurement(monitor: Monitor) -> list[str]:
    found = [] if monitor.metric else ["metric is empty: name what is measured (docs/metrics.md)"]
    if monitor.warning is None and monitor.failing is None:
        found.append("has neither warning nor failing: state at least one threshold")
    return [*found, *_limits(monitor)]


def _limits(monitor: Monitor) -> list[str]:
    numbers = [number for limit in (monitor.warning, monitor.failing) for number in sides(limit)]
    pairs: list[tuple[float, ...]] = [one for one in (monitor.warning, monitor.failing) if isinstance(one, tuple)]
    found = []
    if any(not math.isfinite(number) for number in numbers):
        return [f"thresholds {numbers} must be finite"]
    if any(len(pair) != 2 or pair[0] > pair[1] for pair in pairs):
        found.append(f"thresholds {pairs} are no pairs of low and high")
    elif pairs and monitor.comparison != "outside":
        found.append(f"thresholds {pairs} are pairs: use them with comparison outside, or state one number")
    elif not _is_ordered(monitor):
        found.append(f"warning {monitor.warning} lies beyond failing {monitor.failing}: failing must be the worse one")
    if monitor.limits != "stated" and any(number < 0 for number in numbers):
        found.append(f"thresholds {numbers} are standard deviations: use numbers of at least 0")
    if monitor.limits != "stated" and (monitor.is_relative or pairs):
        found.append(
            f"limits are learned from {monitor.limits}: use comparison above, below or outside, with one number"
        )
    return found


def _is_ordered(monitor: Monitor) -> bool:
    if monitor.warning is None or monitor.failing is None:
        return True
    if monitor.comparison == "outside":
        (inner_low, inner_high), (outer_low, outer_high) = band(monitor.warning), band(monitor.failing)
        return outer_low <= inner_low and inner_high <= outer_high
    warning, failing = sides(monitor.warning)[0], sides(monitor.failing)[0]
    downwards = monitor.comparison == "below" and monitor.limits == "stated"
    return warning >= failing if downwards else warning <= failing


def band(limit: float | tuple[float, float]) -> tuple[float, float]:
    """Low and high of a limit of `outside`: one number is for both sides of 0."""
    return limit if isinstance(limit, tuple) else (-abs(limit), abs(limit))


def _composite(monitor: Monitor) -> list[str]:
    found = [] if monitor.members else ["members is empty: name the monitors whose verdicts are counted"]
    return [*found, *_unlimited(monitor)]


def _burn_rate(monitor: Monitor) -> list[str]:
    found = []
    if monitor.metric not in BURN_METRICS:
        found.append(f"metric is {monitor.metric!r}: a burn rate is of {_either(BURN_METRICS)}")
    if not 0 < monitor.objective < 1:
        found.append(f"objective is {monitor.objective}: use a share between 0 and 1, such as 0.999")
    small = [(name, value) for name in MORE_THAN_ZERO if not (value := getattr(monitor, name)) > 0]
    found += [f"{name} is {value}: use more than 0" for name, value in small]
    return [*found, *_unlimited(monitor)]


def _no_data(monitor: Monitor) -> list[str]:
    found = []
    if monitor.metric not in SILENCE_METRICS:
        found.append(f"metric is {monitor.metric!r}: silence is of {_either(SILENCE_METRICS)}")
    return [*found, *_unlimited(monitor)]


def _fairness(monitor: Monitor) -> list[str]:
    found = [] if monitor.groups else ['groups is empty: name the protected attributes, as groups = "sex, sex&age"']
    if monitor.metric:
        found.append(f"metric is {monitor.metric!r}: a policy names its metrics in measures; leave metric away")
    try:
        names = [one.id for one in monitor.rules()]
    except ValueError as problem:
        return [*found, f"measures: {problem}", *_unlimited(monitor)]
    twice = sorted({name for name in names if names.count(name) > 1})
    found += [f"measures holds {name.removeprefix(monitor.id + '.')!r} twice: state it once" for name in twice]
    return [*found, *_unlimited(monitor)]


def _unlimited(monitor: Monitor) -> list[str]:
    if monitor.warning is None and monitor.failing is None:
        return []
    return [f"warning and failing say nothing to a monitor of kind {monitor.kind}: leave them away"]


def _choices(monitor: Monitor) -> list[str]:
    offered = {
        "comparison": get_args(Comparison),
        "limits": get_args(Learned),
        "block": ("", *get_args(Block)),
        "severity": get_args(Severity),
        "statistic": get_args(Statistic),
    }
    return [
        f"{name} is {getattr(monitor, name)!r}: use {_either(allowed)}"
        for name, allowed in offered.items()
        if getattr(monitor, name) not in allowed
    ]


def _numbers(monitor: Monitor) -> list[str]:
    small = [(name, getattr(monitor, name), least) for least, names in _LEAST for name in names]
    found = [f"{name} is {value}: use at least {least}" for name, value, least in small if not value >= least]
    for name in ("significance", "important_only"):
        value = getattr(monitor, name)
        if value is not None and not 0 < value < 1:
            found.append(f"{name} is {value}: use a number between 0 and 1, or leave it away")
    if not 0 <= monitor.decision_threshold <= 1:
        found.append(f"decision_threshold is {monitor.decision_threshold}: use a number from 0 to 1")
    if monitor.measures and monitor.kind != "fairness":
        found.append(f"measures say nothing to a monitor of kind {monitor.kind}: leave them away")
    if monitor.groups and monitor.segments:
        found.append("groups and segments are both stated: groups are compared in all traffic; leave segments away")
    if monitor.recover_margin >= 1:
        found.append(f"recover_margin is {monitor.recover_margin}: use a fraction below 1")
    return found


_LEAST = ((1, AT_LEAST_ONE), (0, AT_LEAST_ZERO))


def _states(monitor: Monitor) -> list[str]:
    k, n = monitor.hold
    found = [] if 1 <= k <= n else [f"hold is {k} of {n}: use 1 ≤ k ≤ n"]
    for one in monitor.exclude_ranges:
        try:
            parse_range(one)
        except ValueError:
            found.append(f"exclude_ranges holds {one!r}: write START/END, two RFC 3339 times with their offset")
    return found


def _either(names: tuple[str, ...]) -> str:
    return ", ".join(name or '""' for name in names[:-1]) + f" or {names[-1]}"
