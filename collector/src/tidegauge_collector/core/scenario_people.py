"""What a channel is told of one series while people silence, mute and acknowledge its alert: the other half of `scenario`. Pure.

The channel has a thread for each alert, and neither waits nor pauses. In each step the window is judged, then people act, then it is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tidegauge_collector.core.monitors import Severity
from tidegauge_collector.core.routing import Policy
from tidegauge_collector.core.scenario_text import Act
from tidegauge_collector.core.telling import RESOLVED, Conversation, Standing, decide

STEP_US = 60_000_000  # any: only steps are counted
NOTHING = ("nothing",)

_DONE: Mapping[str, Mapping[str, Any]] = {
    "acknowledge": {"acknowledged_by": "somebody"},
    "unacknowledge": {"acknowledged_by": ""},
    "mute": {"held": "muted"},
    "unmute": {"held": ""},
}


def told_of(severities: Iterable[Severity | None], acts: Sequence[Act], repeat: int | None) -> list[tuple[str, ...]]:
    """What is told in each step, `NOTHING` or the changes; `severities` of the open alert after each, `repeat` in steps."""
    policy = Policy(wait_us=0, interval_us=0, repeat_us=None if repeat is None else repeat * STEP_US)
    alert = Standing(id=0, key="alert", state=RESOLVED, seq=0, opened_at_us=0)
    thread: Conversation | None = None
    told = []
    for number, severity in enumerate(severities, start=1):
        now_us = number * STEP_US
        here = [one for one in acts if number in one.steps]
        alert = _acted(_judged(alert, severity, now_us), here)
        if thread is None and alert.state != RESOLVED:
            thread = Conversation(now_us, None, None, {})
        changes: tuple[str, ...] = ()
        if thread is not None:
            thread, changes = _tell(thread, _silenced(alert, here), policy, now_us)
        told.append(changes or NOTHING)
    return told


def _judged(alert: Standing, severity: Severity | None, now_us: int) -> Standing:
    """What people did is of one alert; the next one is new."""
    if severity is not None and alert.state == RESOLVED:
        return Standing(id=alert.id + 1, key=alert.key, state=severity, seq=alert.seq + 1, opened_at_us=now_us)
    return replace(alert, state=severity or RESOLVED)


def _acted(alert: Standing, acts: Iterable[Act]) -> Standing:
    for one in acts:
        alert = replace(alert, **_DONE.get(one.kind, {}))
    return alert


def _silenced(alert: Standing, acts: Iterable[Act]) -> Standing:
    """A silence is of a time, not of the alert."""
    return replace(alert, held="silenced") if any(one.kind == "silence" for one in acts) else alert


def _tell(
    thread: Conversation, alert: Standing, policy: Policy, now_us: int
) -> tuple[Conversation | None, tuple[str, ...]]:
    decision = decide(thread, [alert], policy, now_us)
    if decision.closes:
        return None, decision.changes
    told_at_us = now_us if decision.is_told else thread.told_at_us
    return Conversation(thread.opened_at_us, told_at_us, decision.due_us, decision.told), decision.changes
