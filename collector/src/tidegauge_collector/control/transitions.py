"""What judging has found becomes durable: series' states, alerts, their events, and who is to be told, in one transaction.

At most one alert of a key fires at a time. `seq` rises with every event of a key, over all its alerts.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from tidegauge_collector.control import alerts, deployments, monitors, threads
from tidegauge_collector.control.alerts import AlertRow
from tidegauge_collector.control.tables import AlertEventRow, AlertTableRow, DeploymentRow, MonitorStateRow
from tidegauge_collector.core.advancing import Place, Update
from tidegauge_collector.core.alerts import SeriesState, Transition, alert_key
from tidegauge_collector.core.judging import Judgement, SeriesKey, compared_value, crossed_limit
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.routing import Routing

AT_ONCE = 1_000  # updates of one transaction


def rounds(updates: Sequence[Update]) -> Iterator[Sequence[Update]]:
    """The updates in their order, in parts with at most one transition of a series each, none larger than a transaction may be.

    Between two of them people can be told, so that an alert that was resolved in the same batch as it opened is told of where
    nothing is waited for.
    """
    start, seen = 0, set[Place]()
    for number, (monitor, series, _, transition) in enumerate(updates):
        if (transition is not None and (monitor, series) in seen) or number - start >= AT_ONCE:
            yield updates[start:number]
            start, seen = number, set()
        if transition is not None:
            seen.add((monitor, series))
    if start < len(updates):
        yield updates[start:]


def record(
    session: Session, deployment: str, updates: Sequence[Update], routing: Routing, now_us: int
) -> list[AlertRow]:
    """Stores the updates and returns the alerts they touched; an update that is already stored has no effect.

    A transition that does not fit what is stored (opens what fires, changes what does not fire) still ends in what it
    says; resolving what does not fire tells nobody, and what a person has closed stays closed until it was well once.
    Raises LookupError for a monitor that the deployment does not have.
    """
    owner = deployments.row_of(session, deployment)
    rules = monitors.by_id(session, owner.id)
    strange = [monitor for monitor, *_ in updates if monitor not in rules]
    if strange:
        raise LookupError(f"deployment {deployment!r} has no monitor {strange[0]!r}: it has {', '.join(rules)}")
    ledger = _Ledger(session, owner, updates, now_us)
    for monitor, series, state, transition in updates:
        ledger.take(rules[monitor], series, state, transition)
    ledger.store()
    touched = list({alert.key: alert for alert in ledger.touched}.values())
    if touched:
        threads.route(session, routing, owner, touched, now_us)
    return [alerts.value(alert, owner.name) for alert in ledger.touched]


def reach(session: Session, deployment: str, reached: Mapping[Place, int]) -> None:
    """Notes how far series were judged whose state is else what it was; one that was judged further stays so."""
    row, number = MonitorStateRow, deployments.row_of(session, deployment).id
    names = ("monitor", "metric", "column", "segment", "version")
    at_place = [getattr(row, name) == bindparam(f"at_{name}") for name in names]
    further = row.last_window_end_us < bindparam("end_us")
    moved = update(row).where(row.deployment_id == number, *at_place, further)
    moved = moved.values(last_window_end_us=bindparam("end_us"))
    for some in threads.chunks(reached.items()):
        values = [
            {
                "at_monitor": monitor,
                "at_metric": series.metric,
                "at_column": series.column,
                "at_segment": series.segment,
                "at_version": series.version,
                "end_us": end_us,
            }
            for (monitor, series), end_us in some
        ]
        session.connection().execute(moved, values)


class _Ledger:
    """The updates of a transaction: what is stored is read at once before, what is new is written at once after."""

    def __init__(self, session: Session, owner: DeploymentRow, updates: Sequence[Update], now_us: int) -> None:
        self._session = session
        self._owner = owner
        self._now_us = now_us
        self._judged_until = _judged_until(session, owner.id, {monitor for monitor, *_ in updates})
        self._stored = set(self._judged_until)
        changing = [(monitor, series) for monitor, series, _, transition in updates if transition is not None]
        keys = {alert_key(owner.name, monitor, series) for monitor, series in changing}
        self._firing = _firing(session, keys)
        self._seqs = _last_seqs(session, keys)
        self._states: dict[Place, tuple[SeriesState, AlertTableRow | None]] = {}
        self._events: list[tuple[AlertTableRow, dict[str, Any]]] = []
        self.touched: list[AlertTableRow] = []

    def take(self, monitor: Monitor, series: SeriesKey, state: SeriesState, transition: Transition | None) -> None:
        """Bring alert and state of a series to what an update says."""
        place = (monitor.id, series)
        known = place in self._judged_until
        if known and not _is_news(self._judged_until[place], state):
            return
        self._judged_until[place] = state.last_window_end_us
        _, alert = self._states.get(place, (None, None))
        if transition is not None:
            alert = self._apply(monitor, transition)
        self._states[place] = (state, alert)

    def store(self) -> None:
        """Write everything."""
        self._session.flush()
        for some in threads.chunks(self._events):
            rows = [{"alert_id": alert.id, **event} for alert, event in some]
            self._session.execute(insert(AlertEventRow), rows)
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for (monitor, series), (state, alert) in self._states.items():
            if alert is not None:
                state = replace(state, alert_id=_firing_id(alert))  # noqa: PLW2901 - the store alone knows the id
            row = {"deployment_id": self._owner.id, "monitor": monitor, **asdict(series)}
            row |= {"state": asdict(state), "last_window_end_us": state.last_window_end_us}
            ((old if (monitor, series) in self._stored else new).append)(row)
        for rows in threads.chunks(new):
            self._session.execute(insert(MonitorStateRow), rows)
        for rows in threads.chunks(old):
            self._session.execute(update(MonitorStateRow), rows)

    def _apply(self, monitor: Monitor, transition: Transition) -> AlertTableRow | None:
        """Brings the alert of the transition's series to what the transition says, and adds the event."""
        key = alert_key(self._owner.name, monitor.id, transition.judgement.observation.series)
        alert = self._firing.get(key)
        kind: str = transition.kind
        if alert is None and (kind == "resolved" or (kind == "changed" and _was_closed(self._session, key))):
            return None
        if kind != "resolved":
            kind = "opened" if alert is None else "changed"
        if alert is None:
            alert = self._firing[key] = self._open(key, monitor, transition)
        _update(alert, monitor, transition, now_us=self._now_us)
        self._seqs[key] = alert.seq
        if alert.status != "firing":
            del self._firing[key]
        event = {"seq": alert.seq, "kind": kind, "at_us": self._now_us, "details": alert.details, "actor": ""}
        self._events.append((alert, event))
        self.touched.append(alert)
        return alert

    def _open(self, key: str, monitor: Monitor, transition: Transition) -> AlertTableRow:
        observed = transition.judgement.observation
        alert = AlertTableRow(
            key=key,
            deployment_id=self._owner.id,
            monitor=monitor.id,
            **asdict(observed.series),
            status="firing",
            opened_window_start_us=observed.window_start_us,
            opened_window_end_us=observed.window_end_us,
            opened_at_us=self._now_us,
            resolved_at_us=None,
            acknowledged_at_us=None,
            acknowledged_by="",
            assignee="",
            muted_until_us=None,
            escalated_at_us=None,
            seq=self._seqs.get(key, 0),
        )
        self._session.add(alert)
        return alert


def _judged_until(session: Session, deployment_id: int, rules: Collection[str]) -> dict[Place, int | None]:
    row = MonitorStateRow
    query = select(row.monitor, row.metric, row.column, row.segment, row.version, row.last_window_end_us)
    found = session.execute(query.where(row.deployment_id == deployment_id, row.monitor.in_(sorted(rules))))
    return {
        (monitor, SeriesKey(metric=metric, column=column, segment=segment, version=version)): end_us
        for monitor, metric, column, segment, version, end_us in found
    }


def _firing(session: Session, keys: Collection[str]) -> dict[str, AlertTableRow]:
    found = {}
    for some in threads.chunks(keys):
        query = select(AlertTableRow).where(AlertTableRow.key.in_(some), AlertTableRow.status == "firing")
        found.update({alert.key: alert for alert in session.scalars(query)})
    return found


def _last_seqs(session: Session, keys: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in threads.chunks(keys):
        query = select(AlertTableRow.key, func.max(AlertTableRow.seq)).where(AlertTableRow.key.in_(some))
        found.update((key, seq) for key, seq in session.execute(query.group_by(AlertTableRow.key)))
    return found


def _was_closed(session: Session, key: str) -> bool:
    """Whether a person closed the newest alert of a key."""
    newest = select(func.max(AlertTableRow.id)).where(AlertTableRow.key == key).scalar_subquery()
    query = select(AlertEventRow.actor).where(AlertEventRow.alert_id == newest, AlertEventRow.kind == "resolved")
    return any(session.scalars(query))


def _is_news(judged_until_us: int | None, state: SeriesState) -> bool:
    if judged_until_us is None or state.last_window_end_us is None:
        return judged_until_us is None
    return state.last_window_end_us > judged_until_us


def _firing_id(alert: AlertTableRow) -> str | None:
    return str(alert.id) if alert.status == "firing" else None


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
