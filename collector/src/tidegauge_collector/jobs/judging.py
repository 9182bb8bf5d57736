"""Judges what has become ready: level-triggered and idempotent on (monitor, series, window end).

For each deployment, monitor and version the window ends on the monitor's grid up to the settled time are judged in order. What has
been judged is known from the telemetry store, so a restart goes on where the last pass ended; states and alerts ignore what they
have seen already.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from zoneinfo import ZoneInfo

import numpy as np
import structlog

from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import HOUR_US, SECOND_US, Window
from tidegauge_collector.control import ControlStore, Deployment, Version
from tidegauge_collector.core.advancing import Place, Update, advance_all
from tidegauge_collector.core.alerts import SeriesState, phase
from tidegauge_collector.core.judging import VERDICTS, Judgement, Judgements, SeriesKey, judge_all, judgements
from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.core.observations import objects
from tidegauge_collector.core.routing import Routing
from tidegauge_collector.errors import StoreFatal
from tidegauge_collector.jobs.composing import composed
from tidegauge_collector.jobs.due import bounds_of, windows_of
from tidegauge_collector.jobs.standing import Standing
from tidegauge_collector.jobs.trailing import judged_in_order
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.observing import Observer, needs_baseline
from tidegauge_collector.measuring.progress import Progress, ProgressReader, Seen
from tidegauge_collector.measuring.singlerows import SingleRows
from tidegauge_collector.telemetry.extent import known, reach
from tidegauge_collector.telemetry.judged import all_judged_until
from tidegauge_collector.telemetry.judgements import append_judgements
from tidegauge_collector.telemetry.store import Table, TelemetryStore

LIVE_ALERTS_US = 48 * HOUR_US
WINDOWS_AT_ONCE = 64
PASS_SECONDS = 2.0

log = structlog.get_logger(__name__)

COOLING_DOWN = "cooling_down"  # the reason of a bad verdict that would have opened an alert
BAD = (Verdict.WARNING, Verdict.FAILING)
SAID_AGAIN_US = 24 * HOUR_US  # what stays well by the clock is written down once in so long

Series = tuple[str, str, str]  # deployment, monitor, version
Stood = tuple[Monitor, int, Judgement]  # a monitor by the clock, at an instant


@dataclass(frozen=True, slots=True)
class Due:
    """Windows of one monitor and version to judge, in order."""

    deployment: Deployment
    monitor: Monitor
    version: str
    windows: Sequence[Window]

    @property
    def series(self) -> Series:
        return self.deployment.name, self.monitor.id, self.version


@dataclass(frozen=True, slots=True)
class Instruments:
    """What judging looks through."""

    observer: Observer
    baselines: Baselines
    progress: ProgressReader
    standing: Standing


@dataclass(frozen=True, slots=True)
class Rules:
    """A deployment as it was configured in a generation of the control store."""

    generation: int
    deployment: Deployment | None
    versions: Sequence[Version]
    monitors: Sequence[Monitor]


class Judging:
    """One pass at a time, from one thread."""

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        *,
        instruments: Instruments,
        routing: Routing,
        tell: Callable[[], object],
        now_us: Callable[[], int],
        on_judged: Callable[[Iterable[str]], None],
    ) -> None:
        """`on_judged` is told of each deployment whose series or alerts may have changed; `tell` tells of alerts now."""
        self._control = control
        self._telemetry = telemetry
        self._look = instruments
        self._routing = routing
        self._tell = tell
        self._now_us = now_us
        self._on_judged = on_judged
        self._until: dict[Series, int] = {}  # -> last judged window end
        self._behind: dict[
            str, int
        ] = {}  # deployments with news, the longest waiting first, each with the number of the newest
        self._numbers = count(1)  # of news
        self._expecting = threading.Lock()  # guards _behind where it changes: news come from any thread
        self._failing: set[str] = set()  # those of which something could not be judged; the next news tries again
        self._quiet: set[str] = set()  # those whose last whole pass saw nobody who may still send
        self._started = False
        self._known: dict[str, Rules] = {}
        self._stood: dict[tuple[str, str], int] = {}  # deployment, monitor by the clock -> last instant looked at
        self._said: dict[tuple[str, str], tuple[Verdict, int]] = {}  # -> what is well, and when that was written down
        self._composing: set[str] = set()  # deployments with news for composite monitors
        self._rows = SingleRows(telemetry)  # of the deployment at hand, whose monitors share what they read
        self.counts: Counter[str] = Counter()

    @property
    def has_work(self) -> bool:
        """Whether another pass would find a deployment with news."""
        return bool(self._behind) or not self._started

    def is_settled(self, deployment: str) -> bool:
        """Whether every window has been judged that was ready when nobody could send any more."""
        if deployment in self._behind:  # asked first: it leaves there once the others are set
            return False
        return deployment in self._quiet and deployment not in self._failing

    def expect(self, deployments: Iterable[str]) -> None:
        """Say that deployments have news, before the next pass comes to them."""
        with self._expecting:
            self._behind.update((name, next(self._numbers)) for name in deployments)

    def expect_all(self) -> None:
        """Say that time has passed: windows of any deployment may have become ready."""
        self.expect(one.name for one in self._control.deployments())

    def look_again(self, deployments: Iterable[str]) -> None:
        """Say, in the thread of the passes, that judgements of deployments were deleted: what comes of these windows is judged anew."""
        names = set(deployments)
        if self._started:
            self._until = {series: end_us for series, end_us in self._until.items() if series[0] not in names}
            left = all_judged_until(self._telemetry)
            self._until |= {series: end_us for series, end_us in left.items() if series[0] in names}
        self.expect(names)

    def judge_some(self) -> bool:
        """A pass over the deployments with news, ended after 2 s; whether an alert changed."""
        if not self._started:
            self._until = all_judged_until(self._telemetry)
            self.expect_all()
            self._composing.update(self._behind)
            self._started = True
        deadline = time.monotonic() + PASS_SECONDS
        changed, seen = False, self._look.progress.seen()
        for name, news in list(self._behind.items()):
            changed |= self._pass(name, seen, deadline, news)
            if time.monotonic() >= deadline:
                break
        return changed

    def _pass(self, name: str, seen: Seen, deadline: float, news: int) -> bool:
        """Judge a deployment until nothing is due or the time is up; it waits at the end of the queue then, and also where there have
        been more news than those of this number."""
        changed, failed = False, set[Series]()
        deployment = self._rules(name).deployment
        progress = self._look.progress.read(name, seen)
        due = self._due(deployment, progress, failed) if deployment is not None else []
        if deployment is not None:
            changed |= self._stand(deployment, progress, failed)
        while due and time.monotonic() < deadline:
            for one in due:
                changed |= self._try(one, failed)
                if time.monotonic() >= deadline:
                    break
            due = self._due(one.deployment, progress, failed)
        if deployment is not None and not due:
            changed |= self._compose(deployment, failed)
        (self._failing.add if failed else self._failing.discard)(name)
        (self._quiet.discard if progress.live else self._quiet.add)(name)
        with self._expecting:
            newest = self._behind.pop(name)
            if due or newest != news:
                self._behind[name] = newest
        self._rows = SingleRows(self._telemetry)
        return changed

    def _try(self, due: Due, failed: set[Series]) -> bool:
        """Judge; whether an alert changed, or may have."""
        return self._guarded(due.series, lambda: self._judge(due.deployment, due), failed)

    def _guarded(self, series: Series, work: Callable[[], bool], failed: set[Series]) -> bool:
        """What cannot be judged holds up nothing else."""
        try:
            return work()
        except StoreFatal:
            raise
        except Exception as problem:
            failed.add(series)
            self.counts["failed"] += 1
            log.error("judging.failed", series=series, problem=repr(problem), exc_info=True)
            return True

    # ------------------------------------------------------------------ which windows

    def _due(self, deployment: Deployment, progress: Progress, failed: set[Series]) -> list[Due]:
        data = reach(self._telemetry, deployment.name)
        found = []
        rules, zone = self._rules(deployment.name), ZoneInfo(deployment.timezone)
        for version in rules.versions:
            for monitor in rules.monitors:
                if monitor.kind != "measurement" or not monitor.covers_version(version.name, version.role):
                    continue
                series = (deployment.name, monitor.id, version.name)
                if series in failed:
                    continue
                bounds = bounds_of(data, progress, monitor, self._now_us(), zone=zone)
                windows = self._windows(deployment, monitor, series, bounds)
                if windows and self._can_be_judged(monitor, deployment.name, version.name):
                    found.append(Due(deployment, monitor, version.name, windows))
        return found

    def _rules(self, name: str) -> Rules:
        """The deployment as it is configured; read again only where something of the control store has changed."""
        generation = self._control.generation
        known = self._known.get(name)
        if known is None or known.generation != generation:
            deployment = self._control.deployment(name)
            versions = self._control.versions(name) if deployment is not None else []
            monitors = self._control.monitors(name) if deployment is not None else []
            if deployment is not None:
                monitors = [one.leaving_out(deployment.exclude_ranges) for one in monitors]
            if known is None or known.monitors != monitors:
                self._composing.add(name)  # a composite that is new has what its members said before
            known = self._known[name] = Rules(generation, deployment, versions, monitors)
        return known

    def _can_be_judged(self, monitor: Monitor, deployment: str, version: str) -> bool:
        """Whether there is what it compares with. Else its windows wait: the baseline may come, or be made from production."""
        return not needs_baseline(monitor) or self._look.baselines.active(deployment, version) is not None

    def _windows(
        self, deployment: Deployment, monitor: Monitor, series: Series, bounds: tuple[int, int] | None
    ) -> list[Window]:
        if bounds is None:
            return []
        start_us, ready_us = bounds
        if deployment.alerts == "live":
            start_us = max(start_us, self._now_us() - LIVE_ALERTS_US - monitor.lag_s * SECOND_US)
        windows = windows_of(monitor, (start_us, ready_us), self._until.get(series, 0), ZoneInfo(deployment.timezone))
        return list(islice(windows, WINDOWS_AT_ONCE))

    # ------------------------------------------------------------------ judging them

    def _judge(self, deployment: Deployment, due: Due) -> bool:
        kinds: Mapping[str, ColumnKind] = known(self._telemetry, deployment.name).columns
        observed = self._look.observer.observe(due.monitor, deployment, due.version, due.windows, kinds, self._rows)
        seen = observed.where(observed.is_seen)
        if due.monitor.uses_trailing:
            judged = judgements(judged_in_order(self._telemetry, deployment.name, due.monitor, due.version, seen))
        else:
            judged = judge_all(due.monitor, seen)
        touched = self._record(deployment, [(due.monitor, judged)])
        self._until[due.series] = due.windows[-1].end_us
        if len(judged):
            self._composing.add(deployment.name)
        return touched

    def _stand(self, deployment: Deployment, progress: Progress, failed: set[Series]) -> bool:
        """What goes by the clock, where its instant is new; what fails is looked at again in the next pass."""
        due = []
        for monitor in self._rules(deployment.name).monitors:
            if monitor.is_by_clock:
                key, at_us = (deployment.name, monitor.id), self._look.standing.instant_us(monitor)
                if self._stood.get(key, 0) < at_us:
                    due.append((monitor, at_us))
        said: list[Stood] = []
        changed = False
        for monitor, at_us in due:
            stand = partial(self._stand_at, deployment, progress, monitor, at_us, said)
            changed |= self._guarded((deployment.name, monitor.id, ""), stand, failed)
        if said:
            series = (deployment.name, ", ".join(monitor.id for monitor, _, _ in said), "")
            changed |= self._guarded(series, lambda: self._say(deployment, said), failed)
        return changed

    def _stand_at(
        self,
        deployment: Deployment,
        progress: Progress,
        monitor: Monitor,
        at_us: int,
        said: list[Stood],
    ) -> bool:
        """Judge an instant, and add what is worth writing; what stays well is written down once a day."""
        key = (deployment.name, monitor.id)
        judgement = self._look.standing.judge(monitor, deployment, progress, at_us)
        if judgement is not None and self._is_worth_writing(key, judgement):
            said.append((monitor, at_us, judgement))
        else:
            self._stood[key] = at_us
        return False

    def _say(self, deployment: Deployment, said: Sequence[Stood]) -> bool:
        """Store what was judged by the clock."""
        touched = self._record(deployment, [(monitor, judgements([judged])) for monitor, _, judged in said])
        states = self._control.series_states(deployment.name, {monitor.id for monitor, _, _ in said})
        for monitor, at_us, judgement in said:
            self._note(deployment.name, monitor, judgement, states)
            self._stood[deployment.name, monitor.id] = at_us
        self._composing.add(deployment.name)
        return touched

    def _is_worth_writing(self, key: tuple[str, str], judgement: Judgement) -> bool:
        verdict, at_us = self._said.get(key, (None, 0))
        return judgement.verdict is not verdict or judgement.observation.window_end_us - at_us >= SAID_AGAIN_US

    def _note(
        self,
        deployment: str,
        monitor: Monitor,
        judgement: Judgement,
        states: Mapping[tuple[str, SeriesKey], SeriesState],
    ) -> None:
        """Remember what was said, unless it is news every time: where something is bad, or an alert has yet to be resolved."""
        state = states.get((monitor.id, judgement.observation.series), SeriesState())
        if judgement.verdict in BAD or phase(monitor, state) != "quiet":
            self._said.pop((deployment, monitor.id), None)
        else:
            self._said[deployment, monitor.id] = judgement.verdict, judgement.observation.window_end_us

    def _compose(self, deployment: Deployment, failed: set[Series]) -> bool:
        """Composite monitors, once what they count has been judged as far as it goes; what fails is tried again in the next pass."""
        rules = self._rules(deployment.name)
        if deployment.name not in self._composing or not any(one.kind == "composite" for one in rules.monitors):
            return False
        changed = False
        composites = [(version, (deployment.name, "composite", version.name)) for version in rules.versions]
        for version, series in composites:
            changed |= self._guarded(series, partial(self._compose_version, deployment, version), failed)
        if not any(series in failed for _, series in composites):
            self._composing.discard(deployment.name)
        return changed

    def _compose_version(self, deployment: Deployment, version: Version) -> bool:
        watching = [
            one
            for one in self._rules(deployment.name).monitors
            if one.kind != "composite" or one.covers_version(version.name, version.role)
        ]
        since_us = self._now_us() - LIVE_ALERTS_US if deployment.alerts == "live" else 0
        touched = False
        for monitor, judged in composed(
            self._telemetry, deployment.name, watching, version.name, not_before_us=since_us
        ):
            touched |= self._record(deployment, [(monitor, judgements(judged))])
        return touched

    def _record(self, deployment: Deployment, said: Sequence[tuple[Monitor, Judgements]]) -> bool:
        """Alerts first, then what was judged: after a crash between the two the states pass over what they have seen."""
        if not any(len(judged) for _, judged in said):
            return False
        states = self._control.series_states(deployment.name, {monitor.id for monitor, _ in said})
        updates: list[Update] = []
        reached: dict[Place, int] = {}
        stored: list[Table] = []
        for monitor, judged in said:
            moved = advance_all(monitor, states, judged)
            updates += moved.updates
            reached |= moved.reached
            stored.append(_columns(monitor, judged, moved.cooling_down, self._now_us()))
            self.counts["judged"] += len(judged)
            self.counts["cooling_down"] += len(moved.cooling_down)
        try:
            touched = self._control.record_transitions(
                deployment.name,
                updates,
                routing=self._routing,
                now_us=self._now_us(),
                reached=reached,
                between=self._tell,
            )
            append_judgements(self._telemetry, deployment.name, stored)
        finally:
            self._on_judged([deployment.name])
        self.counts["transitions"] += len(touched)
        for alert in touched:
            log.info(
                "alert", deployment=deployment.name, monitor=alert.monitor, column=alert.column, status=alert.status
            )
        return bool(touched)


_WORDS = np.array([one.value for one in VERDICTS], dtype=object)


def _columns(monitor: Monitor, judged: Judgements, cooling_down: Sequence[int], now_us: int) -> Table:
    """As they are stored (`telemetry.judgements.COLUMNS`)."""
    seen, m = judged.seen, len(judged)
    reason = objects([why or of_value or "" for why, of_value in zip(judged.reason, seen.reason, strict=True)])
    reason[list(cooling_down)] = COOLING_DOWN
    return {
        "version": seen.version,
        "monitor": np.full(m, monitor.id, dtype=object),
        "metric": seen.metric,
        "column_name": seen.column,
        "segment": seen.segment,
        "window_start_us": seen.window_start_us,
        "window_end_us": seen.window_end_us,
        "value": seen.value,
        "reason": reason,
        "n": seen.n,
        "baseline_n": np.full(m, -1),
        "coverage": np.full(m, np.nan),
        "verdict": _WORDS[judged.verdict],
        "p_value": np.where(np.isnan(judged.p_value), seen.p_value, judged.p_value),
        "adjusted_p": judged.adjusted_p,
        "judged_at_us": np.full(m, now_us),
    }
