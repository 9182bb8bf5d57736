"""How a deployment stands by the clock, also when nothing arrives: silence, and how fast error budgets burn.

Only the newest instant counts. Nothing is said where it could be wrong: of replays and back-fills, of what the frame log still holds,
and just after a start, when nobody could be heard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tidegauge.core.windows import HOUR_US, MINUTE_US, SECOND_US, Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.judging import Judgement
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.objectives import BY_MINUTE
from tidegauge_collector.core.readiness import GRACE_US
from tidegauge_collector.core.silence import WEEK_US, WEEKS, is_usual, judge_agents, judge_silence
from tidegauge_collector.core.slo import judge_burn
from tidegauge_collector.ingest.presence import AgentState
from tidegauge_collector.ingest.roster import Roster
from tidegauge_collector.measuring.objectives import Burnt
from tidegauge_collector.measuring.progress import Progress
from tidegauge_collector.telemetry.extent import Reach, reach, received_us
from tidegauge_collector.telemetry.labels import last_actual_us
from tidegauge_collector.telemetry.service import service_counts
from tidegauge_collector.telemetry.store import TelemetryStore

REPLAY_US = 48 * HOUR_US  # rows that come so long after their event time are no live traffic
LISTENING_US = 15 * MINUTE_US  # until agents that were kept waiting have had their turn
ROSTER_KEPT_US = 30 * SECOND_US


@dataclass(slots=True)
class _Presence:
    """Who is silent, by deployment, and how many are known there."""

    at_us: int
    silent: dict[str, list[str]] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)


class Standing:
    """Judges monitors of the kinds `no_data` and `burn_rate`."""

    def __init__(self, store: TelemetryStore, roster: Roster, now_us: Callable[[], int]) -> None:
        self._store = store
        self._burnt = Burnt(store)
        self._roster = roster
        self._now_us = now_us
        self._present: _Presence | None = None

    def instant_us(self, monitor: Monitor) -> int:
        """The newest instant of the monitor's grid; of what is counted by arrival, 5 minutes late."""
        now_us = self._now_us() - (GRACE_US if monitor.kind == "burn_rate" else 0)
        return now_us - now_us % (monitor.step_s * SECOND_US)

    def judge(self, monitor: Monitor, deployment: Deployment, progress: Progress, at_us: int) -> Judgement | None:
        """The verdict at an instant, None where nothing can be said."""
        if monitor.kind == "burn_rate" and monitor.metric not in BY_MINUTE:
            return self._burn(monitor, deployment.name, at_us)
        if deployment.alerts != "live" or self._now_us() - self._roster.listening_since_us < LISTENING_US:
            return None
        if monitor.metric == "agents":
            present = self._presence()
            silent, known = present.silent.get(deployment.name, []), present.known.get(deployment.name, 0)
            return judge_agents(monitor, now_us=at_us, silent=silent, known=known)
        seen = reach(self._store, deployment.name)
        if self._is_behind(progress) or self._is_replay(deployment.name, seen):
            return None
        if monitor.kind == "burn_rate":
            return self._burn(monitor, deployment.name, at_us)
        if monitor.metric == "labels":
            return judge_silence(monitor, now_us=at_us, last_us=last_actual_us(self._store, deployment.name))
        return self._predictions(monitor, deployment.name, seen, at_us)

    def _predictions(self, monitor: Monitor, deployment: str, seen: Reach, at_us: int) -> Judgement:
        last_us = self._last_prediction_us(deployment, seen)
        usual = None
        if monitor.usual_week and last_us is not None and at_us - last_us >= monitor.silent_for_s * SECOND_US:
            usual = is_usual(self._earlier_weeks(monitor, deployment, seen, at_us))
        return judge_silence(monitor, now_us=at_us, last_us=last_us, usual=usual)

    def _earlier_weeks(self, monitor: Monitor, deployment: str, seen: Reach, at_us: int) -> list[int]:
        """Predictions at these hours in each of the last weeks that are known whole."""
        length_us, first_us = monitor.silent_for_s * SECOND_US, seen.first_arrival_us
        windows = [Window(at_us - week * WEEK_US - length_us, at_us - week * WEEK_US) for week in range(1, WEEKS + 1)]
        known = [one for one in windows if first_us is not None and one.start_us >= first_us]
        return [one.predictions for one in service_counts(self._store, deployment, windows=known)] if known else []

    def _is_behind(self, progress: Progress) -> bool:
        """Whether frames of the deployment are in the log that are not folded yet."""
        folded = self._store.index.marks
        return any(one.mark > (mark.mark if (mark := folded.get(one.epoch)) else 0) for one in progress.agents)

    def _is_replay(self, deployment: str, seen: Reach) -> bool:
        """Whether the newest rows came long after their event time. Where no call was timed, the frames say when they came."""
        came_us = seen.last_arrival_us if seen.last_arrival_us is not None else received_us(self._store, deployment)
        return seen.last_event_us is not None and came_us is not None and came_us - seen.last_event_us > REPLAY_US

    def _last_prediction_us(self, deployment: str, seen: Reach) -> int | None:
        """When the newest prediction came. Where no call was timed its hour is known, and that it cannot be later than the newest frame."""
        if seen.last_arrival_us is not None:
            return seen.last_arrival_us
        came_us = received_us(self._store, deployment)
        if seen.last_event_us is None or came_us is None:
            return seen.last_event_us
        return min(seen.last_event_us, came_us)

    def _presence(self) -> _Presence:
        """Asked once for many deployments."""
        now_us = self._now_us()
        if self._present is None or not 0 <= now_us - self._present.at_us < ROSTER_KEPT_US:
            self._present = _Presence(now_us)
            for one in self._roster.agents():
                state = self._roster.state(one)
                if state not in (AgentState.LIVE, AgentState.SILENT):
                    continue
                for name in one.deployments:
                    self._present.known[name] = self._present.known.get(name, 0) + 1
                    if state is AgentState.SILENT:
                        self._present.silent.setdefault(name, []).append(f"{one.host}/{one.pid}")
        return self._present

    def _burn(self, monitor: Monitor, deployment: str, at_us: int) -> Judgement:
        return judge_burn(monitor, at_us, self._burnt.tallies(monitor, deployment, at_us))
