"""The alert state machine of one series under one monitor, as pure functions on plain values.

quiet ──hold reached by a bad verdict──▶ firing(severity) ──recover_after × ok──▶ quiet
  │                                      │  worse verdict: severity rises at once
  │ (pending: some of the hold)          │  recover_after × lower: severity falls
  └─ within cooldown_s of a resolution   └─ changed too often: flapping, which stays open until
     nothing opens, it is counted           it was calm for three times recover_after

`not_enough_data`, `not_applicable` and `error` say nothing of the series' health and change nothing: a window that was thin,
or whose measurement failed, counts when it is judged again with data. A judgement at or before the last one that counted
changes nothing either, so judging again is free of effects, and a late revision of an old window alerts nobody.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal

from tidegauge_collector.core.judging import Judgement, SeriesKey
from tidegauge_collector.core.monitors import Monitor, Severity, Verdict

Phase = Literal["quiet", "pending", "firing", "flapping"]

CALM_TIMES = 3  # recover_after, until flapping is over
SECOND_US = 1_000_000

_RANK = {Verdict.OK: 0, Verdict.WARNING: 1, Verdict.FAILING: 2}
_SEVERITY: dict[Verdict, Severity] = {Verdict.WARNING: "warning", Verdict.FAILING: "failing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesState:
    """Where one series stands; a series never judged before starts as `SeriesState()`.

    `recent`: the last deciding verdicts (ok, warning, failing), newest last, since the last alert was resolved;
    `last_window_end_us`: the window end of the newest of them, kept over a resolution; `verdict`: the newest of them, likewise.
    `calm`: how many of the newest are consecutively better than the severity. `alert_id` is the shell's to set on `opened`;
    it is None again in the state that follows `resolved`. `changes`: the window ends at which an alert lately opened or was resolved;
    `suppressed`: how many openings the cool-down has kept back.
    """

    status: Literal["quiet", "firing"] = "quiet"
    severity: Severity | None = None
    recent: tuple[Verdict, ...] = ()
    last_window_end_us: int | None = None
    alert_id: str | None = None
    calm: int = 0
    verdict: Verdict | None = None
    flapping: bool = False
    changes: tuple[int, ...] = ()
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class Transition:
    """What people hear of: an alert opened, changed its severity or was resolved, and the judgement that did it.

    `severity` is the one the alert has from now on; of a resolved alert the one it had. `flapping`: whether it now stays open however
    often it seems well.
    """

    kind: Literal["opened", "changed", "resolved"]
    severity: Severity
    judgement: Judgement
    flapping: bool = False


Step = tuple[SeriesState, Transition | None]


def advance(monitor: Monitor, state: SeriesState, judgement: Judgement) -> Step:
    """The series' next state, and the transition if there is one; judgements come in the order of their window ends."""
    end_us = judgement.observation.window_end_us
    if state.last_window_end_us is not None and end_us <= state.last_window_end_us:
        return state, None
    if judgement.verdict not in _RANK:
        return state, None
    kept = max(monitor.hold[1], _calm_needed(monitor, flapping=state.flapping))
    recent = (*state.recent, _counts_as(state, judgement))[-kept:]
    state = replace(state, recent=recent, last_window_end_us=end_us, verdict=judgement.verdict)
    if state.severity is None:
        return _while_quiet(monitor, state, judgement)
    return _while_firing(monitor, state, judgement, state.severity)


def is_calm(state: SeriesState) -> bool:
    """Whether one more ok changes nothing but how far the series was judged: it is quiet, and nothing that a hold may count was bad."""
    return state.severity is None and state.verdict is Verdict.OK and set(state.recent) == {Verdict.OK}


def phase(monitor: Monitor, state: SeriesState) -> Phase:
    """The state in a word; pending: quiet, but some of the verdicts that the hold counts are bad."""
    if state.status == "firing":
        return "flapping" if state.flapping else "firing"
    return "pending" if _bad(monitor, state) else "quiet"


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


def _counts_as(state: SeriesState, judgement: Judgement) -> Verdict:
    """The verdict; while an alert fires the stricter one, which does not make it worse than it is."""
    if state.severity is None or judgement.while_firing is None:
        return judgement.verdict
    most = max((judgement.verdict, Verdict(state.severity)), key=_RANK.__getitem__)
    return min((judgement.while_firing, most), key=_RANK.__getitem__)


def _while_quiet(monitor: Monitor, state: SeriesState, judgement: Judgement) -> Step:
    severity, end_us = _SEVERITY.get(judgement.verdict), judgement.observation.window_end_us
    if severity is None or _bad(monitor, state) < monitor.hold[0]:
        return state, None
    if state.changes and end_us - state.changes[-1] < monitor.cooldown_s * SECOND_US:
        return replace(state, suppressed=state.suppressed + 1), None
    changes, too_often = _changed(monitor, state, end_us)
    opened = replace(state, status="firing", severity=severity, calm=0, changes=changes, flapping=too_often)
    return opened, Transition("opened", severity, judgement, too_often)


def _while_firing(monitor: Monitor, state: SeriesState, judgement: Judgement, severity: Severity) -> Step:
    if judgement.verdict is Verdict.FAILING and severity == "warning":
        risen = replace(state, severity="failing", calm=0)
        return risen, Transition("changed", "failing", judgement, state.flapping)
    if _newest_below(state, Verdict.WARNING) >= _calm_needed(monitor, flapping=state.flapping):
        return _at_rest(monitor, state, judgement, severity)
    calm = _newest_below(state, Verdict(severity))
    if state.flapping or calm < monitor.recover_after:
        return replace(state, calm=calm), None
    # not all of them are ok, else it had been resolved: what is left is a warning
    fallen = replace(state, severity="warning", calm=_newest_below(state, Verdict.WARNING))
    return fallen, Transition("changed", "warning", judgement)


def _at_rest(monitor: Monitor, state: SeriesState, judgement: Judgement, severity: Severity) -> Step:
    """Resolved, unless that were one change too many."""
    end_us = judgement.observation.window_end_us
    changes, too_often = _changed(monitor, state, end_us)
    if too_often and not state.flapping:
        restless = replace(state, flapping=True, calm=_newest_below(state, Verdict(severity)))
        return restless, Transition("changed", severity, judgement, flapping=True)
    quiet = SeriesState(
        last_window_end_us=end_us,
        verdict=state.verdict,
        changes=(end_us,) if state.flapping else changes,
        suppressed=state.suppressed,
    )
    return quiet, Transition("resolved", severity, judgement)


def _changed(monitor: Monitor, state: SeriesState, end_us: int) -> tuple[tuple[int, ...], bool]:
    """The changes of the span with one more now, and whether they are too many."""
    since_us = end_us - monitor.flaps_within_s * SECOND_US
    changes = (*(at for at in state.changes if at > since_us), end_us)
    return changes[-(monitor.flap_changes + 1) :], 0 < monitor.flap_changes < len(changes)


def _calm_needed(monitor: Monitor, *, flapping: bool) -> int:
    return monitor.recover_after * (CALM_TIMES if flapping else 1)


def _bad(monitor: Monitor, state: SeriesState) -> int:
    """How many of the verdicts that the hold counts are bad."""
    return sum(verdict is not Verdict.OK for verdict in state.recent[-monitor.hold[1] :])


def _newest_below(state: SeriesState, limit: Verdict) -> int:
    """How many of the newest deciding verdicts, without a break, are better than `limit`."""
    return sum(1 for _ in takewhile(lambda verdict: _RANK[verdict] < _RANK[limit], reversed(state.recent)))
