"""Judges what has become ready: level-triggered and idempotent on (monitor, series, window end).

For each deployment, monitor and version the window ends on the monitor's grid up to the settled time are judged in order. What has
been judged is known from the telemetry store, so a restart goes on where the last pass ended; states and alerts ignore what they
have seen already.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog

from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import DAY_US, HOUR_US, SECOND_US, Window, day_start, next_day, window_start
from tidegauge_collector.control import ControlStore, Deployment
from tidegauge_collector.core.alerts import SeriesState, Transition, advance
from tidegauge_collector.core.judging import Judgement, SeriesKey, judge
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.readiness import GRACE_US
from tidegauge_collector.measuring.observing import Observer
from tidegauge_collector.measuring.progress import ProgressReader
from tidegauge_collector.measuring.service import METRICS as SERVICE_METRICS
from tidegauge_collector.telemetry.extent import extent, known
from tidegauge_collector.telemetry.judged import judged_until
from tidegauge_collector.telemetry.judgements import Judgement as StoredJudgement
from tidegauge_collector.telemetry.judgements import append_judgements
from tidegauge_collector.telemetry.store import TelemetryStore

LIVE_ALERTS_US = 48 * HOUR_US
WINDOWS_AT_ONCE = 64
PASS_SECONDS = 2.0

log = structlog.get_logger(__name__)

Update = tuple[str, SeriesKey, SeriesState, Transition | None]
Render = Callable[..., bytes]


@dataclass(frozen=True, slots=True)
class Due:
    """Windows of one monitor and version to judge, in order."""

    monitor: Monitor
    version: str
    windows: Sequence[Window]


class Judging:
    """One pass at a time, from one thread."""

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        *,
        observer: Observer,
        progress: ProgressReader,
        channels: Sequence[str],
        render: Render,
        now_us: Callable[[], int],
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._observer = observer
        self._progress = progress
        self._channels = channels
        self._render = render
        self._now_us = now_us
        self._until: dict[tuple[str, str, str], int] = {}  # (deployment, monitor, version) -> last judged window end
        self._behind: set[str] = set()
        self._started = False
        self.counts: Counter[str] = Counter()

    def is_caught_up(self, deployment: str) -> bool:
        """Whether every ready window of the deployment has been judged."""
        return deployment not in self._behind

    def expect(self, deployment: str) -> None:
        """Say that a deployment has news, before the next pass comes to it."""
        self._behind.add(deployment)

    def expect_all(self) -> None:
        """Say that time has passed: windows of any deployment may have become ready."""
        self._behind.update(one.name for one in self._control.deployments())

    def judge_some(self) -> bool:
        """A pass over the deployments with news, ended after 2 s; whether an alert changed."""
        if not self._started:
            self._started = True
            self.expect_all()
        deadline = time.monotonic() + PASS_SECONDS
        changed = False
        for deployment in self._control.deployments():
            if deployment.name not in self._behind:
                continue
            due = list(self._due(deployment))
            while due and time.monotonic() < deadline:
                changed |= self._judge(deployment, due.pop(0))
                due = due or list(self._due(deployment))
            if due:
                self._behind.add(deployment.name)
            else:
                self._behind.discard(deployment.name)
        return changed

    # ------------------------------------------------------------------ which windows

    def _due(self, deployment: Deployment) -> Iterator[Due]:
        seen = extent(self._telemetry, deployment.name)
        until_us = self._progress.read(deployment.name).settled_until_us
        now_us = self._now_us()
        for monitor in self._control.monitors(deployment.name):
            service = monitor.metric in SERVICE_METRICS
            start_us = seen.first_arrival_us if service else seen.first_event_us
            end_us = seen.last_arrival_us if service else seen.last_event_us
            ready_us = now_us - GRACE_US if service else until_us
            if start_us is None or end_us is None or ready_us is None:
                continue
            for version in self._control.versions(deployment.name):
                key = (deployment.name, monitor.id, version.name)
                if key not in self._until:
                    self._until[key] = (
                        judged_until(self._telemetry, deployment.name, monitor=monitor.id, version=version.name) or 0
                    )
                first_us = max(start_us, self._until[key])
                if deployment.alerts == "live":
                    first_us = max(first_us, now_us - LIVE_ALERTS_US - monitor.window_s * SECOND_US)
                bounds = (first_us, min(ready_us, _after(end_us, monitor)))
                windows = list(_windows(monitor, bounds, self._until[key], ZoneInfo(deployment.timezone)))
                if windows:
                    yield Due(monitor, version.name, windows[:WINDOWS_AT_ONCE])

    # ------------------------------------------------------------------ judging them

    def _judge(self, deployment: Deployment, due: Due) -> bool:
        kinds: Mapping[str, ColumnKind] = known(self._telemetry, deployment.name).columns
        observed = self._observer.observe(due.monitor, deployment, due.version, due.windows, kinds)
        states = self._control.series_states(deployment.name)
        updates: list[Update] = []
        judged: list[Judgement] = []
        for window in due.windows:
            for judgement in judge(
                due.monitor, [one for one in observed[window.end_us] if one.n or one.value is not None]
            ):
                judged.append(judgement)
                key = (due.monitor.id, judgement.observation.series)
                before = states.get(key, SeriesState())
                states[key], transition = advance(due.monitor, before, judgement)
                if states[key] != before:
                    updates.append((*key, states[key], transition))
        touched = self._control.record_transitions(
            deployment.name, updates, channels=self._channels, render=self._render, now_us=self._now_us()
        )
        append_judgements(self._telemetry, deployment.name, [self._stored(due.monitor, one) for one in judged])
        self._until[deployment.name, due.monitor.id, due.version] = due.windows[-1].end_us
        self.counts["judged"] += len(judged)
        self.counts["transitions"] += len(touched)
        for alert in touched:
            log.info(
                "alert", deployment=deployment.name, monitor=alert.monitor, column=alert.column, status=alert.status
            )
        return bool(touched)

    def _stored(self, monitor: Monitor, judgement: Judgement) -> StoredJudgement:
        seen = judgement.observation
        return StoredJudgement(
            version=seen.series.version,
            monitor=monitor.id,
            metric=seen.series.metric,
            column=seen.series.column,
            segment=seen.series.segment,
            window_start_us=seen.window_start_us,
            window_end_us=seen.window_end_us,
            value=seen.value,
            reason=judgement.reason or seen.reason,
            n=seen.n,
            baseline_n=None,
            coverage=None,
            verdict=judgement.verdict.value,
            p_value=seen.p_value,
            adjusted_p=judgement.adjusted_p,
            judged_at_us=self._now_us(),
        )


def _after(end_us: int, monitor: Monitor) -> int:
    """How far windows reach that still hold data: the window that holds the last row, and as many days as labels may lag."""
    return end_us + (monitor.every_s + monitor.lag_s) * SECOND_US


def _windows(monitor: Monitor, bounds: tuple[int, int], judged_us: int, zone: ZoneInfo) -> Iterator[Window]:
    """Windows of a monitor whose instant (window end + lag) lies in the bounds, after the last one judged."""
    start_us, ready_us = bounds
    lag_us, length_us = monitor.lag_s * SECOND_US, monitor.window_s * SECOND_US
    for instant in _instants(max(start_us, judged_us + lag_us), ready_us, monitor.every_s * SECOND_US, zone):
        end_us = instant - lag_us
        if end_us > max(start_us, judged_us) and instant <= ready_us:
            yield Window(end_us - length_us, end_us)


def _instants(start_us: int, until_us: int, every_us: int, zone: ZoneInfo) -> Iterator[int]:
    if every_us == DAY_US:
        at = day_start(start_us, zone)
        while at <= until_us:
            yield at
            at = next_day(at, zone)
        return
    at = window_start(start_us, every_us)
    while at <= until_us:
        yield at
        at += every_us
