"""What monitors look at: a monitor's metric in given windows, as observations of every series that it covers.

Whatever `families` measures can be watched. Single rows are read in portions: of many windows, as many at once as hold MOST_ROWS.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tidegauge.core.columns import ACTUAL, ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.metrics import MISSING
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.observations import (
    Observation,
    Observations,
    SeriesKey,
    objects,
    observations,
    together,
)
from tidegauge_collector.measuring.baselines import ActiveBaseline, Baselines
from tidegauge_collector.measuring.fairness import Question
from tidegauge_collector.measuring.families import RATES, Family, Inquiry, family_of, unknown_metric
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.learning import Learning
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.measuring.service import ServiceQuestion
from tidegauge_collector.measuring.singlerows import SingleRows
from tidegauge_collector.telemetry.extent import known, predictions_between
from tidegauge_collector.telemetry.store import TelemetryStore

MOST_ROWS = 2_000_000
"""Single rows that are read at once for a monitor, unless one window alone holds more."""


class Observer:
    """Measures for judging."""

    def __init__(self, store: TelemetryStore, baselines: Baselines, *, most_rows: int = MOST_ROWS) -> None:
        self._store = store
        self._baselines = baselines
        self._learning = Learning()
        self._most_rows = most_rows

    def observe(
        self,
        monitor: Monitor,
        deployment: Deployment,
        version: str,
        windows: Sequence[Window],
        kinds: Mapping[str, ColumnKind],
        rows: SingleRows | None = None,
    ) -> Observations:
        """Observations of every segment or group that the monitor watches, in the order of their window ends; windows may overlap.

        `rows`: where single rows are read once for several monitors.

        Raises ValueError for a metric that nobody measures.
        """
        family = family_for(monitor)
        if family is None:
            raise ValueError(f"monitor {monitor.id!r}: metric {unknown_metric(monitor.metric)}")
        active = self._baselines.active(deployment.name, version)
        found: list[Observations] = []
        for portion in self._portions(family, deployment.name, windows):
            for segment in self._segments(monitor, deployment.name):
                scope = Scope(deployment=deployment.name, version=version, segment=segment, windows=portion)
                inquiries = self._inquiries(family, monitor, deployment, scope, active, kinds, rows)
                found += [self._observed(family, monitor, asked) for asked in inquiries]
        return together(found).by_window_end()

    def _portions(self, family: Family, deployment: str, windows: Sequence[Window]) -> Iterator[Sequence[Window]]:
        if not family.by_rows or len(windows) < 2:
            yield windows
            return
        start = min(window.start_us for window in windows)
        end = max(window.end_us for window in windows)
        if predictions_between(self._store, deployment, start, end) <= self._most_rows:
            yield windows
            return
        middle = len(windows) // 2
        yield from self._portions(family, deployment, windows[:middle])
        yield from self._portions(family, deployment, windows[middle:])

    def _inquiries(
        self,
        family: Family,
        monitor: Monitor,
        deployment: Deployment,
        scope: Scope,
        active: ActiveBaseline | None,
        kinds: Mapping[str, ColumnKind],
        rows: SingleRows | None,
    ) -> Iterator[Inquiry]:
        """One, or one for each attribute whose groups are compared."""
        importance = active.baseline.importance if active is not None else {}
        names = (*kinds, ACTUAL) if family.columns is None else family.columns(self._store, deployment.name)
        asked = Inquiry(
            store=self._store,
            deployment=deployment,
            scope=scope,
            active=active,
            kinds=kinds,
            columns=[
                name
                for name in names
                if monitor.covers(name)
                and monitor.covers_importance(name, importance)
                and (monitor.names(name) or not deployment.leaves_out(name))
            ],
            of_class=monitor.of_class or None,
            threshold=monitor.decision_threshold,
            service=ServiceQuestion(slow_s=monitor.slow_s),
            judged=True,
            rows=rows,
        )
        if not monitor.groups:
            yield asked
        for group in monitor.groups_among(known(self._store, deployment.name).segments):
            yield replace(asked, question=_question(monitor, group))

    def _observed(self, family: Family, monitor: Monitor, asked: Inquiry) -> Observations:
        if family.observe is not None:
            arrays, others = family.observe(asked, monitor.metric)
        else:
            arrays, others = [], list(family.measure(asked, monitor.metric))
        seen = together([*arrays, observations([observation_of(one) for one in others])])
        if monitor.limits != "baseline" or asked.active is None or family.learn is None:
            return seen
        spreads = [
            family.learn(self._learning, asked, asked.active, one)
            if one.value is not None and one.n >= monitor.min_rows
            else None
            for one in seen
        ]
        return replace(seen, spread=objects(spreads))

    def _segments(self, monitor: Monitor, deployment: str) -> list[str]:
        if not monitor.segments:
            return [""]
        return [one for one in known(self._store, deployment).segments if monitor.covers_segment(one)]


def family_for(monitor: Monitor) -> Family | None:
    """The family that measures a monitor's metric, or None."""
    return family_of(monitor.metric, by_group=bool(monitor.groups))


def needs_baseline(monitor: Monitor) -> bool:
    """Whether nothing can be judged before there is a baseline."""
    family = family_for(monitor)
    if family is not None and family.has_own_baseline:
        return False
    return monitor.uses_baseline or (family is not None and monitor.metric in family.needs_baseline)


def problems(monitor: Monitor) -> list[str]:
    """What keeps a monitor from being judged, though its fields are well formed; each with its fix."""
    if monitor.kind == "fairness":
        return [f"{one.metric}: {problem}" for one in monitor.rules()[1:] for problem in problems(one)]
    if monitor.kind != "measurement":
        return []
    family = family_for(monitor)
    if family is None:
        return [f"metric {unknown_metric(monitor.metric)}"]
    metric, found = monitor.metric, []
    if family.of_columns and not monitor.columns:
        found.append(f'columns is empty, and {metric} is of columns: write columns = "*", or names')
    if not family.of_columns and monitor.columns:
        found.append(f"columns = {monitor.columns!r:.80}: {metric} is of the whole deployment; leave columns away")
    if family.by_group and not monitor.groups:
        found.append(f'groups is empty, and {metric} compares groups: name the protected attributes, as groups = "sex"')
    if monitor.groups and not family.by_group:
        found.append(f"groups = {monitor.groups!r:.80}: {metric} compares no groups; leave groups away")
    if monitor.significance is not None and metric not in family.tested:
        found.append(
            f"significance = {monitor.significance}: of {metric} chance cannot be told; leave significance away"
        )
    if monitor.limits == "baseline" and metric not in family.learned:
        found.append(f'limits = "baseline": of {metric} none can be learned from it; use trailing, or state them')
    return found


def _question(monitor: Monitor, group: str) -> Question:
    asked = Question(
        group=group,
        statistic=monitor.statistic,
        favourable=monitor.favourable or None,
        threshold=monitor.decision_threshold,
        min_group_rows=monitor.min_group_rows,
    )
    return replace(asked, reference=monitor.reference_of(asked.attribute))


def observation_of(measured: Measurement) -> Observation:
    """A measurement as a monitor sees it."""
    value, parameters = measured.value, measured.parameters
    tested = measured.metric not in (*MISSING, *RATES)
    raw = parameters.get("raw_p_value", parameters.get("p_value"))
    return Observation(
        series=SeriesKey(measured.metric, measured.column, measured.segment, measured.version),
        window_start_us=measured.window.start_us,
        window_end_us=measured.window.end_us,
        value=value,
        reason=measured.reason,
        n=measured.n,
        baseline_value=measured.baseline_value,
        p_value=_number(raw) if tested else None,
        events=round(value * measured.n) if measured.metric in RATES and value is not None else None,
        standard_error=_number(parameters.get("standard_error")),
        baseline_standard_error=_number(parameters.get("baseline_standard_error")),
    )


def _number(value: object) -> float | None:
    return value if isinstance(value, float) and math.isfinite(value) else None
