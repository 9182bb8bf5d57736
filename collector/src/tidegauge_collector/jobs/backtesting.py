"""What a monitor would have said of what is stored, judged as judging does, in pieces of bounded time. Nothing is stored, no alert touched.

A piece ends after PIECE_SECONDS; what the next one needs travels in `resume`, so that the collector remembers nothing of it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from tidegauge.core.windows import SECOND_US, Window
from tidegauge_collector.control import ControlStore, Deployment, Version
from tidegauge_collector.control.monitors import state_of
from tidegauge_collector.core.alerts import SeriesState, Transition, advance
from tidegauge_collector.core.judging import Judgement, Observation, SeriesKey, compared_value, judge
from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.core.trailing import History, Past
from tidegauge_collector.jobs.due import bounds_of, windows_of
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.observing import Observer, needs_baseline, problems
from tidegauge_collector.measuring.progress import ProgressReader
from tidegauge_collector.telemetry.extent import known, reach
from tidegauge_collector.telemetry.store import TelemetryStore

PIECE_SECONDS = 2.0
WINDOWS_AT_ONCE = 32
BAD = (Verdict.WARNING, Verdict.FAILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An alert that would have been: opened by one window, resolved by another (or still firing), and its worst window."""

    metric: str
    column: str
    segment: str
    version: str
    severity: str
    opened_us: int
    resolved_us: int | None = None
    bad_windows: int = 1
    worst_value: float | None
    worst_end_us: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A monitor, of which deployment, over which window ends."""

    monitor: Monitor
    deployment: str
    start_us: int | None = None
    end_us: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What a piece found. `episodes`: those resolved in it, at the end those that still fire too; `resume`: None at the end."""

    episodes: tuple[Episode, ...]
    verdicts: Mapping[str, int]
    reasons: Mapping[str, int]
    skipped: Mapping[str, str]
    done: int
    total: int
    resume: dict[str, Any] | None


@dataclass(slots=True)
class _Track:
    """One series on its way."""

    state: SeriesState = field(default_factory=SeriesState)
    episode: Episode | None = None
    past: list[Past] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    """Where the walk over versions and windows stands, and what it has found in this piece."""

    version: str = ""
    until_us: int = 0
    done: int = 0
    tracks: dict[SeriesKey, _Track] = field(default_factory=dict)
    episodes: list[Episode] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class Backtesting:
    """Answers from any thread."""

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        *,
        observer: Observer,
        baselines: Baselines,
        progress: ProgressReader,
        now_us: Callable[[], int],
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._observer = observer
        self._baselines = baselines
        self._progress = progress
        self._now_us = now_us

    def piece(self, asked: Asked, resume: Mapping[str, Any] | None = None) -> Piece:
        """The next piece. Raises LookupError for an unknown deployment, ValueError for a monitor that cannot be tried so."""
        deployment = self._control.deployment(asked.deployment)
        if deployment is None:
            raise LookupError(f"deployment {asked.deployment!r} does not exist")
        _refuse(asked.monitor)
        asked = replace(asked, monitor=asked.monitor.leaving_out(deployment.exclude_ranges))
        deadline = time.monotonic() + PIECE_SECONDS
        walk = _Walk() if resume is None else _resumed(resume)
        versions, skipped = self._versions(asked.monitor, deployment)
        names = [one.name for one in versions]
        for one in versions[names.index(walk.version) if walk.version in names else 0 :]:
            if one.name != walk.version:
                walk.version, walk.until_us, walk.tracks = one.name, 0, {}
            if not self._walk_version(asked, deployment, walk, deadline):
                break
            walk.episodes += [track.episode for track in walk.tracks.values() if track.episode is not None]
            walk.tracks = {}
        else:
            return _piece(walk, skipped, total=walk.done, resume=None)
        total = max(walk.done, len(versions) * self._count(asked, deployment))
        return _piece(walk, skipped, total=total, resume=_to_resume(walk))

    def _versions(self, monitor: Monitor, deployment: Deployment) -> tuple[list[Version], dict[str, str]]:
        """Those that the monitor looks at, and why others cannot be judged."""
        watched = [one for one in self._control.versions(deployment.name) if monitor.covers_version(one.name, one.role)]
        skipped = {
            one.name: "no_baseline"
            for one in watched
            if needs_baseline(monitor) and self._baselines.active(deployment.name, one.name) is None
        }
        return [one for one in watched if one.name not in skipped], skipped

    def _walk_version(self, asked: Asked, deployment: Deployment, walk: _Walk, deadline: float) -> bool:
        """Judge window after window; False where the time was up before the end."""
        windows = self._windows(asked, deployment, walk.until_us)
        while some := list(islice(windows, WINDOWS_AT_ONCE)):
            self._judge(asked.monitor, deployment, walk, some)
            walk.until_us, walk.done = some[-1].end_us, walk.done + len(some)
            if time.monotonic() >= deadline:
                return False
        return True

    def _windows(self, asked: Asked, deployment: Deployment, until_us: int) -> Iterator[Window]:
        bounds = self._bounds(asked, deployment)
        if bounds is None:
            return iter(())
        first_us = 0 if asked.start_us is None else asked.start_us - 1
        return windows_of(asked.monitor, bounds, max(until_us, first_us), ZoneInfo(deployment.timezone))

    def _bounds(self, asked: Asked, deployment: Deployment) -> tuple[int, int] | None:
        """As judging has them, up to the end asked for."""
        progress = self._progress.read(deployment.name)
        zone, seen = ZoneInfo(deployment.timezone), reach(self._telemetry, deployment.name)
        bounds = bounds_of(seen, progress, asked.monitor, self._now_us(), zone=zone)
        if bounds is None or asked.end_us is None:
            return bounds
        return bounds[0], min(bounds[1], asked.end_us + asked.monitor.lag_s * SECOND_US)

    def _count(self, asked: Asked, deployment: Deployment) -> int:
        """About how many windows a version has."""
        bounds = self._bounds(asked, deployment)
        if bounds is None:
            return 0
        start_us = max(bounds[0], asked.start_us or 0)
        return max(0, (bounds[1] - start_us) // (asked.monitor.every_s * SECOND_US))

    def _judge(self, monitor: Monitor, deployment: Deployment, walk: _Walk, windows: Sequence[Window]) -> None:
        kinds = known(self._telemetry, deployment.name).columns
        observed = self._observer.observe(monitor, deployment, walk.version, windows, kinds)
        for family in observed.where(observed.is_seen).families():
            for judgement in judge(monitor, [_with_spread(monitor, walk, one) for one in family]):
                _take(monitor, walk, judgement)


def _refuse(monitor: Monitor) -> None:
    if monitor.kind != "measurement":
        raise ValueError(
            f"monitor {monitor.id!r}: kind {monitor.kind!r} is not tried on history, only measurement is: "
            "test it with a scenario (monitors test)"
        )
    if wrong := problems(monitor):
        raise ValueError(f"monitor {monitor.id!r}: {'; '.join(wrong)}")


def _with_spread(monitor: Monitor, walk: _Walk, seen: Observation) -> Observation:
    if not monitor.uses_trailing:
        return seen
    history = History(monitor)
    for past in walk.tracks.setdefault(seen.series, _Track()).past:
        history.add(past)
    return replace(seen, spread=history.spread_before(seen.window_start_us))


def _take(monitor: Monitor, walk: _Walk, judgement: Judgement) -> None:
    """Count a judgement and move its series on."""
    seen = judgement.observation
    track = walk.tracks.setdefault(seen.series, _Track())
    walk.verdicts[judgement.verdict.value] += 1
    if judgement.verdict not in (Verdict.OK, *BAD):
        walk.reasons[judgement.reason or "unknown"] += 1
    if monitor.uses_trailing:
        past = (seen.window_start_us, seen.window_end_us, seen.value, judgement.verdict, judgement.reason)
        overlapping = -(-monitor.window_s // monitor.every_s)
        track.past = [*track.past, past][-3 * (monitor.trailing_windows + overlapping) :]
    track.state, transition = advance(monitor, track.state, judgement)
    track.episode = _episode(monitor, track.episode, judgement, transition)
    if transition is not None and transition.kind == "resolved" and track.episode is not None:
        walk.episodes.append(replace(track.episode, resolved_us=seen.window_end_us))
        track.episode = None


def _episode(
    monitor: Monitor, before: Episode | None, judgement: Judgement, transition: Transition | None
) -> Episode | None:
    """The episode of a series after a judgement: begun, worse, or as it was."""
    seen = judgement.observation
    if before is None:
        if transition is None or transition.kind != "opened":
            return None
        return Episode(
            **asdict(seen.series),
            severity=transition.severity,
            opened_us=seen.window_end_us,
            worst_value=seen.value,
            worst_end_us=seen.window_end_us,
        )
    if judgement.verdict not in BAD:
        return before
    severity = "failing" if "failing" in (before.severity, judgement.verdict.value) else "warning"
    after = replace(before, severity=severity, bad_windows=before.bad_windows + 1)
    if _badness(monitor, seen) <= _badness(monitor, replace(seen, value=before.worst_value)):
        return after
    return replace(after, worst_value=seen.value, worst_end_us=seen.window_end_us)


def _badness(monitor: Monitor, seen: Observation) -> float:
    compared = compared_value(monitor, seen)
    if compared is None:
        return float("-inf")
    return (
        -compared if monitor.comparison == "below" else abs(compared) if monitor.comparison == "outside" else compared
    )


# ---------------------------------------------------------------------- from piece to piece


def _piece(walk: _Walk, skipped: Mapping[str, str], *, total: int, resume: dict[str, Any] | None) -> Piece:
    episodes = tuple(sorted(walk.episodes, key=lambda one: (one.opened_us, one.column, one.segment)))
    return Piece(episodes, dict(walk.verdicts), dict(walk.reasons), skipped, walk.done, total, resume)


def _to_resume(walk: _Walk) -> dict[str, Any]:
    tracks = [
        {
            "series": asdict(series),
            "state": asdict(track.state),
            "episode": None if track.episode is None else asdict(track.episode),
            "past": [list(past) for past in track.past],
        }
        for series, track in walk.tracks.items()
    ]
    return {"version": walk.version, "until_us": walk.until_us, "done": walk.done, "tracks": tracks}


def _resumed(said: Mapping[str, Any]) -> _Walk:
    try:
        tracks = {
            SeriesKey(**one["series"]): _Track(
                state_of(one["state"]),
                None if one["episode"] is None else Episode(**one["episode"]),
                [(start, end, value, Verdict(verdict), reason) for start, end, value, verdict, reason in one["past"]],
            )
            for one in said["tracks"]
        }
        return _Walk(str(said["version"]), int(said["until_us"]), int(said["done"]), tracks)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ValueError(f"resume: give back what the piece before gave, unchanged ({problem!r:.80})") from problem
