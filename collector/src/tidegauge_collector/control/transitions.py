"""What judging has found becomes durable: series' states, alerts, their events and messages, in one transaction.

At most one alert of a key fires at a time. `seq` rises with every event of a key, over all its alerts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tidegauge_collector.control import alerts, deployments, monitors, outbox
from tidegauge_collector.control.alerts import AlertRow
from tidegauge_collector.control.tables import AlertEventRow, AlertTableRow, DeploymentRow
from tidegauge_collector.core.alerts import SeriesState, Transition, alert_key
from tidegauge_collector.core.judging import Judgement, SeriesKey, compared_value, crossed_limit
from tidegauge_collector.core.monitors import Monitor

Update = tuple[
    str, SeriesKey, SeriesState, Transition | None
]  # monitor id, series, its new state, what people hear of it
Render = Callable[[AlertRow, str], bytes]  # alert, event type -> the body to send; must not raise

EVENT_TYPES = {"opened": "alert.firing", "changed": "alert.updated", "resolved": "alert.resolved"}


@dataclass(frozen=True, slots=True)
class Notice:
    """Who hears of transitions, and in which words."""

    channels: Sequence[str]
    render: Render


def record(session: Session, deployment: str, updates: Sequence[Update], notice: Notice, now_us: int) -> list[AlertRow]:
    """Stores the updates and returns the alerts they touched; an update that is already stored has no effect.

    A transition that does not fit what is stored (opens what fires, changes what does not fire) still ends in what it
    says; resolving what does not fire tells nobody. Raises LookupError for a monitor that the deployment does not have.
    """
    owner = deployments.row_of(session, deployment)
    rules = monitors.by_id(session, owner.id)
    touched = []
    for monitor, series, state, transition in updates:
        if monitor not in rules:
            raise LookupError(f"deployment {deployment!r} has no monitor {monitor!r}: it has {', '.join(rules)}")
        if not _is_news(monitors.judged_until(session, owner.id, monitor, series), state):
            continue
        event = None if transition is None else _apply(session, owner, rules[monitor], transition, now_us=now_us)
        if event is not None:
            touched.append(_tell(session, owner.name, event, notice, now_us=now_us))
            state = replace(state, alert_id=_firing_id(event.alert))  # noqa: PLW2901 - the store alone knows the id
        monitors.save_state(session, owner.id, monitor, series, state)
    return touched


@dataclass(frozen=True, slots=True)
class _Event:
    """What happened to which alert: opened, changed or resolved."""

    kind: str
    alert: AlertTableRow


def _is_news(judged_until_us: int | None, state: SeriesState) -> bool:
    if judged_until_us is None or state.last_window_end_us is None:
        return judged_until_us is None
    return state.last_window_end_us > judged_until_us


def _firing_id(alert: AlertTableRow) -> str | None:
    return str(alert.id) if alert.status == "firing" else None


def _apply(
    session: Session, owner: DeploymentRow, monitor: Monitor, transition: Transition, *, now_us: int
) -> _Event | None:
    """Brings the alert of the transition's series to what the transition says, and adds the event."""
    series = transition.judgement.observation.series
    key = alert_key(owner.name, monitor.id, series)
    alert = session.scalars(
        select(AlertTableRow).where(AlertTableRow.key == key, AlertTableRow.status == "firing")
    ).one_or_none()
    kind: str = transition.kind
    if kind == "resolved" and alert is None:
        return None
    if kind != "resolved":
        kind = "opened" if alert is None else "changed"
    if alert is None:
        alert = _open(session, owner, key, monitor, transition, now_us=now_us)
    _update(alert, monitor, transition, now_us=now_us)
    session.flush()
    session.add(AlertEventRow(alert_id=alert.id, seq=alert.seq, kind=kind, at_us=now_us, details=alert.details))
    return _Event(kind, alert)


def _open(
    session: Session, owner: DeploymentRow, key: str, monitor: Monitor, transition: Transition, *, now_us: int
) -> AlertTableRow:
    observed = transition.judgement.observation
    last_seq = session.scalars(select(func.max(AlertTableRow.seq)).where(AlertTableRow.key == key)).one()
    alert = AlertTableRow(
        key=key,
        deployment_id=owner.id,
        monitor=monitor.id,
        **asdict(observed.series),
        status="firing",
        opened_window_start_us=observed.window_start_us,
        opened_window_end_us=observed.window_end_us,
        opened_at_us=now_us,
        resolved_at_us=None,
        seq=last_seq or 0,
    )
    session.add(alert)
    return alert


def _update(alert: AlertTableRow, monitor: Monitor, transition: Transition, *, now_us: int) -> None:
    observed = transition.judgement.observation
    alert.severity = transition.severity
    alert.updated_at_us = now_us
    alert.value = _finite(observed.value)
    alert.threshold = _finite(crossed_limit(monitor, observed, transition.severity))
    alert.details = _grounds(monitor, transition.judgement) | {
        "severity": transition.severity,
        "value": alert.value,
        "threshold": alert.threshold,
    }
    alert.seq += 1
    if transition.kind == "resolved":
        alert.status, alert.resolved_at_us = "resolved", now_us


def _grounds(monitor: Monitor, judgement: Judgement) -> dict[str, Any]:
    observed = judgement.observation
    return {
        "monitor": monitor.name,
        "comparison": monitor.comparison,
        "compared_value": _finite(compared_value(monitor, observed)),
        "baseline_value": _finite(observed.baseline_value),
        "n": observed.n,
        "adjusted_p": _finite(judgement.adjusted_p),
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "window_start_us": observed.window_start_us,
        "window_end_us": observed.window_end_us,
        **judgement.grounds,
    }


def _finite(number: float | None) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return number if number is not None and math.isfinite(number) else None


def _tell(session: Session, deployment: str, event: _Event, notice: Notice, *, now_us: int) -> AlertRow:
    """One message per channel, all with the same body."""
    alert, event_type = alerts.value(event.alert, deployment), EVENT_TYPES[event.kind]
    body = notice.render(alert, event_type) if notice.channels else b""
    message = outbox.Message(event_type=event_type, body=body, alert=alert.id, alert_key=alert.key, seq=alert.seq)
    for channel in notice.channels:
        outbox.put(session, channel, message, now_us)
    return alert
