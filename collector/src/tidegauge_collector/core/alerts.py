"""The alert state machine of one series under one monitor, as pure functions on plain values.

quiet ──hold reached by a bad verdict──▶ firing(severity) ──recover_after × ok──▶ quiet
                                         │  worse verdict: severity rises at once
                                         └─ recover_after × lower: severity falls

`not_enough_data`, `not_applicable` and `error` say nothing of the series' health and change nothing: a window that was thin,
or whose measurement failed, counts when it is judged again with data. A judgement at or before the last one that counted
changes nothing either, so judging again is free of effects.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal

from tidegauge_collector.core.judging import Judgement, SeriesKey
from tidegauge_collector.core.monitors import Monitor, Severity, Verdict

_RANK = {Verdict.OK: 0, Verdict.WARNING: 1, Verdict.FAILING: 2}
_SEVERITY: dict[Verdict, Severity] = {Verdict.WARNING: "warning", Verdict.FAILING: "failing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesState:
    """Where one series stands; a series never judged before starts as `SeriesState()`.

    `recent`: the last deciding verdicts (ok, warning, failing), newest last, since the last alert was resolved;
    `last_window_end_us`: the window end of the newest of them, kept over a resolution.
    `calm`: how many of the newest are consecutively better than the severity. `alert_id` is the shell's to set on `opened`;
    it is None again in the state that follows `resolved`.
    """

    status: Literal["quiet", "firing"] = "quiet"
    severity: Severity | None = None
    recent: tuple[Verdict, ...] = ()
    last_window_end_us: int | None = None
    alert_id: str | None = None
    calm: int = 0


@dataclass(frozen=True, slots=True)
class Transition:
    """What people hear of: an alert opened, changed its severity or was resolved, and the judgement that did it.

    `severity` is the one the alert has from now on; of a resolved alert the one it had.
    """

    kind: Literal["opened", "changed", "resolved"]
    severity: Severity
    judgement: Judgement


def advance(monitor: Monitor, state: SeriesState, judgement: Judgement) -> tuple[SeriesState, Transition | None]:
    """The series' next state, and the transition if there is one; judgements come in the order of their window ends."""
    end_us = judgement.observation.window_end_us
    if state.last_window_end_us is not None and end_us <= state.last_window_end_us:
        return state, None
    if judgement.verdict not in _RANK:
        return state, None
    kept = max(monitor.hold[1], monitor.recover_after)
    recent = (*state.recent, judgement.verdict)[-kept:]
    state = replace(state, recent=recent, last_window_end_us=end_us)
    if state.severity is None:
        return _while_quiet(monitor, state, judgement)
    return _while_firing(monitor, state, judgement, state.severity)


def alert_key(deployment: str, monitor_id: str, series: SeriesKey) -> str:
    """The alert's name towards channels, the same for ever: 32 hex digits of SHA-256 over a canonical, unambiguous text."""
    labels = [
        ["column", series.column],
        ["metric", series.metric],
        ["segment", series.segment],
        ["version", series.version],
    ]
    text = json.dumps([deployment, monitor_id, labels], separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def _while_quiet(monitor: Monitor, state: SeriesState, judgement: Judgement) -> tuple[SeriesState, Transition | None]:
    severity = _SEVERITY.get(judgement.verdict)
    k, n = monitor.hold
    bad = sum(verdict is not Verdict.OK for verdict in state.recent[-n:])
    if severity is None or bad < k:
        return state, None
    return replace(state, status="firing", severity=severity, calm=0), Transition("opened", severity, judgement)


def _while_firing(
    monitor: Monitor, state: SeriesState, judgement: Judgement, severity: Severity
) -> tuple[SeriesState, Transition | None]:
    if judgement.verdict is Verdict.FAILING and severity == "warning":
        return replace(state, severity="failing", calm=0), Transition("changed", "failing", judgement)
    if _newest_below(state, Verdict.WARNING) >= monitor.recover_after:
        quiet = SeriesState(last_window_end_us=state.last_window_end_us)
        return quiet, Transition("resolved", severity, judgement)
    calm = _newest_below(state, Verdict(severity))
    if calm < monitor.recover_after:
        return replace(state, calm=calm), None
    # not all of them are ok, else it had been resolved: what is left is a warning
    fallen = replace(state, severity="warning", calm=_newest_below(state, Verdict.WARNING))
    return fallen, Transition("changed", "warning", judgement)


def _newest_below(state: SeriesState, limit: Verdict) -> int:
    """How many of the newest deciding verdicts, without a break, are better than `limit`."""
    return sum(1 for _ in takewhile(lambda verdict: _RANK[verdict] < _RANK[limit], reversed(state.recent)))
