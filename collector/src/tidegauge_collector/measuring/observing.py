"""What monitors look at: a monitor's metric in given windows, as observations of every series that it covers.

How a metric is measured stands in `FAMILIES`: whatever a family measures can be watched, a new metric of it without a line here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.judging import Observation, SeriesKey
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.measuring.accuracy import METRICS as ACCURACY_METRICS
from tidegauge_collector.measuring.accuracy import AccuracyMeter
from tidegauge_collector.measuring.baselines import ActiveBaseline, Baselines
from tidegauge_collector.measuring.custom import METRICS as CUSTOM_METRICS
from tidegauge_collector.measuring.custom import custom_names, measure_custom
from tidegauge_collector.measuring.drift import ColumnDrift, Scope, column_drift
from tidegauge_collector.measuring.learning import Learning
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.measuring.quality import AGAINST_BASELINE, measure_quality
from tidegauge_collector.measuring.quality import METRICS as QUALITY_METRICS
from tidegauge_collector.measuring.quality import RATES as QUALITY_RATES
from tidegauge_collector.measuring.reconstruction import METRICS as RECONSTRUCTION_METRICS
from tidegauge_collector.measuring.reconstruction import measure_reconstruction, spread_of_blocks
from tidegauge_collector.measuring.schema import METRICS as SCHEMA_METRICS
from tidegauge_collector.measuring.schema import measure_schema
from tidegauge_collector.measuring.service import METRICS as SERVICE_METRICS
from tidegauge_collector.measuring.service import RATES as SERVICE_RATES
from tidegauge_collector.measuring.service import ServiceQuestion, measure_service, quantile_of
from tidegauge_collector.measuring.volumes import METRICS as VOLUME_METRICS
from tidegauge_collector.measuring.volumes import REPEATED, measure_volumes
from tidegauge_collector.telemetry.extent import known
from tidegauge_collector.telemetry.store import TelemetryStore

DRIFT_METRICS = ("psi", "missing_rate")
RATES = frozenset({*SERVICE_RATES, *QUALITY_RATES, REPEATED})
"""Metrics that are a share of the n: chance has an exact test."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be observed: a monitor's metric in one scope."""

    store: TelemetryStore
    monitor: Monitor
    deployment: Deployment
    scope: Scope
    kinds: Mapping[str, ColumnKind]
    active: ActiveBaseline | None
    learning: Learning

    def learns(self, one: Observation) -> bool:
        """Whether the limits of an observation are learned from the baseline."""
        return self.monitor.limits == "baseline" and one.value is not None and one.n >= self.monitor.min_rows


Measure = Callable[[Task], Iterator[Observation]]


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics that are measured alike; `is_by_arrival`: in windows of arrival time, `needs_baseline`: those undefined without one;
    `has_own_baseline`: what they are compared with is not the model's baseline."""

    metrics: tuple[str, ...]
    measure: Measure
    is_by_arrival: bool = False
    needs_baseline: Collection[str] = ()
    has_own_baseline: bool = False


class Observer:
    """Measures for judging."""

    def __init__(self, store: TelemetryStore, baselines: Baselines) -> None:
        self._store = store
        self._baselines = baselines
        self._learning = Learning()

    def observe(
        self,
        monitor: Monitor,
        deployment: Deployment,
        version: str,
        windows: Sequence[Window],
        kinds: Mapping[str, ColumnKind],
    ) -> dict[int, list[Observation]]:
        """Observations by window end, of every segment that the monitor watches; windows of a monitor may overlap.

        Raises ValueError for a metric that nobody measures.
        """
        family = family_of(monitor.metric)
        if family is None:
            raise ValueError(f"monitor {monitor.id!r}: metric {monitor.metric!r} is none: use {', '.join(METRICS)}")
        active = self._baselines.active(deployment.name, version)
        found: dict[int, list[Observation]] = {window.end_us: [] for window in windows}
        for segment in self._segments(monitor, deployment.name):
            scope = Scope(deployment=deployment.name, version=version, segment=segment, windows=windows)
            for one in family.measure(Task(self._store, monitor, deployment, scope, kinds, active, self._learning)):
                found[one.window_end_us].append(one)
        return found

    def _segments(self, monitor: Monitor, deployment: str) -> list[str]:
        if not monitor.segments:
            return [""]
        return [one for one in known(self._store, deployment).segments if monitor.covers_segment(one)]


def _drift(task: Task) -> Iterator[Observation]:
    monitor, scope, active = task.monitor, task.scope, task.active
    importance = active.baseline.importance if active is not None else {}
    covered = [name for name in task.kinds if monitor.covers(name) and monitor.covers_importance(name, importance)]
    for drift in column_drift(task.store, scope, active, kinds=task.kinds, columns=covered):
        one = _of_drift(monitor.metric, drift, scope)
        if active is not None and task.learns(one):
            one = replace(one, spread=task.learning.of_column(active, monitor.metric, drift.column, one.n))
        yield one


def _service(task: Task) -> Iterator[Observation]:
    question = ServiceQuestion(slow_s=task.monitor.slow_s)
    for measured in measure_service(task.store, task.scope, [task.monitor.metric], question):
        yield _of_measurement(measured)


def _accuracy(task: Task) -> Iterator[Observation]:
    metric, active = task.monitor.metric, task.active
    meter = AccuracyMeter(task.store, task.deployment, active)
    for measured in meter.measure(task.scope, [metric], judged=True):
        one = _of_measurement(measured)
        if active is not None and task.learns(one):
            one = replace(one, spread=task.learning.of_scores(active, metric, one.n, meter))
        yield one


def _reconstruction(task: Task) -> Iterator[Observation]:
    for measured in measure_reconstruction(task.store, task.scope, task.active):
        one = _of_measurement(measured)
        if task.active is not None and task.learns(one):
            one = replace(one, spread=spread_of_blocks(task.active))
        yield one


def _quality(task: Task) -> Iterator[Observation]:
    covered = [name for name in task.kinds if task.monitor.covers(name)]
    metric, scope = task.monitor.metric, task.scope
    for measured in measure_quality(task.store, scope, task.active, metric, kinds=task.kinds, columns=covered):
        yield _of_measurement(measured)


def _schema(task: Task) -> Iterator[Observation]:
    yield from map(_of_measurement, measure_schema(task.store, task.scope, task.active))


def _volumes(task: Task) -> Iterator[Observation]:
    found = measure_volumes(task.store, task.scope, task.deployment, task.monitor.metric)
    yield from map(_of_measurement, found)


def _custom(task: Task) -> Iterator[Observation]:
    covered = [name for name in custom_names(task.store, task.deployment.name) if task.monitor.covers(name)]
    for measured in measure_custom(task.store, task.scope, task.deployment, task.monitor.metric, covered):
        yield _of_measurement(measured)


FAMILIES: tuple[Family, ...] = (
    Family(DRIFT_METRICS, _drift, needs_baseline=("psi",)),
    Family(SERVICE_METRICS, _service, is_by_arrival=True),
    Family(ACCURACY_METRICS, _accuracy),
    Family(RECONSTRUCTION_METRICS, _reconstruction, needs_baseline=RECONSTRUCTION_METRICS),
    Family(QUALITY_METRICS, _quality, needs_baseline=AGAINST_BASELINE),
    Family(SCHEMA_METRICS, _schema),
    Family(VOLUME_METRICS, _volumes),
    Family(CUSTOM_METRICS, _custom, has_own_baseline=True),
)
METRICS = tuple(metric for family in FAMILIES for metric in family.metrics)


def family_of(metric: str) -> Family | None:
    """The family that measures a metric, or None; any quantile of the latency is a service level by its name (`latency_p99.9`)."""
    named = "latency" if quantile_of(metric) is not None else metric
    return next((family for family in FAMILIES if named in family.metrics), None)


def needs_baseline(monitor: Monitor) -> bool:
    """Whether nothing can be judged before there is a baseline."""
    family = family_of(monitor.metric)
    if family is not None and family.has_own_baseline:
        return False
    return monitor.uses_baseline or (family is not None and monitor.metric in family.needs_baseline)


def _of_drift(metric: str, one: ColumnDrift, scope: Scope) -> Observation:
    psi = metric == "psi"
    value = one.psi if psi else one.missing_rate
    reason = one.reason if psi else "no_rows"
    return Observation(
        series=SeriesKey(metric, one.column, scope.segment, scope.version),
        window_start_us=one.window.start_us,
        window_end_us=one.window.end_us,
        value=value,
        reason=None if value is not None else reason,
        n=one.rows,
        baseline_value=0.0 if psi else one.baseline_missing_rate,
        p_value=one.chance.p_value if psi and one.chance is not None else None,
        events=None if psi or value is None else round(value * one.rows),
    )


def _of_measurement(measured: Measurement) -> Observation:
    value = measured.value
    return Observation(
        series=SeriesKey(measured.metric, measured.column, measured.segment, measured.version),
        window_start_us=measured.window.start_us,
        window_end_us=measured.window.end_us,
        value=value,
        reason=measured.reason,
        n=measured.n,
        baseline_value=measured.baseline_value,
        events=round(value * measured.n) if measured.metric in RATES and value is not None else None,
        standard_error=_number(measured.parameters.get("standard_error")),
        baseline_standard_error=_number(measured.parameters.get("baseline_standard_error")),
    )


def _number(value: object) -> float | None:
    return value if isinstance(value, float) and math.isfinite(value) else None
