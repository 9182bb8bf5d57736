"""Objectives (SLO): what is promised of a deployment's service, over how long. An objective is stored, planned and judged as a monitor
of the kind `burn_rate`, which its alerts come from; here is the one as the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tidegauge_collector.core.monitors import DAY_S, Monitor
from tidegauge_collector.core.shapes import Field, fields_of

Indicator = Literal["availability", "error_rate", "latency", "throughput", "freshness"]

METRICS: Mapping[str, str] = {
    "availability": "availability",
    "error_rate": "error_rate",
    "latency": "slow_requests",
    "throughput": "throughput",
    "freshness": "freshness",
}
"""The metric of the monitor of each indicator."""
BY_MINUTE = frozenset({"throughput", "freshness"})
"""Indicators (and metrics) that count good minutes; the others count good requests."""
PARAMETERS: Mapping[str, str] = {
    "latency": "under_s",
    "throughput": "at_least_per_minute",
    "freshness": "stale_after_s",
}
"""What an indicator is stated with, beside the target."""
_INDICATORS: Mapping[str, Indicator] = {metric: name for name, metric in METRICS.items()}  # type: ignore[misc]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A promise: a share `target` of the requests (or minutes) of every `window_s` is good."""

    id: str = field(metadata={"doc": "What it is called in files, in the API and in alerts; the same for ever."})
    name: str = field(default="", metadata={"doc": "What people read; the id where it is empty."})
    indicator: Indicator = field(
        metadata={
            "doc": "What is good: `availability`: an answered request, those that fail by the caller's fault left out; "
            "`error_rate`: a request without a system error; `latency`: one that took less than `under_s`; `throughput`: a minute "
            "with at least `at_least_per_minute` requests; `freshness`: a minute at whose end the last answer was at most "
            "`stale_after_s` old."
        }
    )
    target: float = field(metadata={"doc": "The share that is promised to be good, between 0 and 1."})
    window_s: int = field(default=30 * DAY_S, metadata={"doc": "Over how long, up to now at any time."})
    under_s: float = field(default=1.0, metadata={"doc": "`latency`: how long a good request takes at most."})
    at_least_per_minute: float = field(
        default=1.0, metadata={"doc": "`throughput`: the requests of a good minute, at least."}
    )
    stale_after_s: int = field(
        default=900, metadata={"doc": "`freshness`: how old the last answer may be, in a good minute."}
    )
    min_requests: int = field(
        default=50, metadata={"doc": "An alert needs so many requests (or minutes) in the longer window of its rule."}
    )


OBJECTIVE_FIELDS: tuple[Field, ...] = fields_of(Objective)


def monitor_of(objective: Objective) -> Monitor:
    """The monitor that judges it; raises ValueError naming every field that is wrong."""
    return Monitor(
        id=objective.id,
        name=objective.name,
        kind="burn_rate",
        metric=METRICS[objective.indicator],
        block="freshness" if objective.indicator == "freshness" else "",
        objective=objective.target,
        objective_window_s=objective.window_s,
        slow_s=objective.under_s,
        at_least_per_minute=objective.at_least_per_minute,
        stale_after_s=objective.stale_after_s,
        min_rows=objective.min_requests,
    )


def objective_of(monitor: Monitor) -> Objective:
    """What a monitor of the kind `burn_rate` promises."""
    return Objective(
        id=monitor.id,
        name=monitor.name,
        indicator=_INDICATORS[monitor.metric],
        target=monitor.objective,
        window_s=monitor.objective_window_s,
        under_s=monitor.slow_s,
        at_least_per_minute=monitor.at_least_per_minute,
        stale_after_s=monitor.stale_after_s,
        min_requests=monitor.min_rows,
    )


def is_plain(monitor: Monitor) -> bool:
    """Whether an objective says all that the monitor does."""
    return monitor.kind == "burn_rate" and monitor_of(objective_of(monitor)) == monitor
