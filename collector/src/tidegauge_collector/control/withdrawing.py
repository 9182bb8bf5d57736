"""Alerts whose monitor goes, or no longer looks at their series: resolved at once, so that no ticket stays open for ever."""

from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tidegauge_collector.control.tables import (
    AlertEventRow,
    AlertTableRow,
    MonitorStateRow,
    ThreadMemberRow,
    ThreadRow,
)
from tidegauge_collector.core.judging import SeriesKey

WITHDRAWN = "withdrawn"


def withdraw(
    session: Session,
    deployment_id: int,
    monitor: str,
    *,
    goes: Callable[[SeriesKey], bool],
    reason: str,
    actor: str,
    now_us: int,
) -> list[int]:
    """Forgets the states of a monitor's series that go, resolves their firing alerts, has their threads say so; the alerts' ids."""
    states = select(MonitorStateRow).where(
        MonitorStateRow.deployment_id == deployment_id, MonitorStateRow.monitor == monitor
    )
    for row in session.scalars(states).all():
        if goes(_series(row)):
            session.delete(row)
    firing = select(AlertTableRow).where(
        AlertTableRow.deployment_id == deployment_id,
        AlertTableRow.monitor == monitor,
        AlertTableRow.status == "firing",
    )
    gone = [alert for alert in session.scalars(firing).all() if goes(_series(alert))]
    for alert in gone:
        _resolve(session, alert, reason=reason, actor=actor, now_us=now_us)
    session.flush()
    _have_told(session, [alert.id for alert in gone], now_us)
    return [alert.id for alert in gone]


def _series(row: MonitorStateRow | AlertTableRow) -> SeriesKey:
    return SeriesKey(metric=row.metric, column=row.column, segment=row.segment, version=row.version)


def _resolve(session: Session, alert: AlertTableRow, *, reason: str, actor: str, now_us: int) -> None:
    alert.status, alert.resolved_at_us, alert.updated_at_us = "resolved", now_us, now_us
    alert.seq += 1
    alert.details = {**alert.details, "reason": reason}
    session.add(
        AlertEventRow(
            alert_id=alert.id, seq=alert.seq, kind=WITHDRAWN, at_us=now_us, details=alert.details, actor=actor
        )
    )


def _have_told(session: Session, alerts: list[int], now_us: int) -> None:
    """Their open threads have something to say now."""
    threads = select(ThreadMemberRow.thread_id).where(ThreadMemberRow.alert_id.in_(alerts))
    session.execute(
        update(ThreadRow)
        .where(ThreadRow.id.in_(threads), ThreadRow.status == "open")
        .where((ThreadRow.due_us.is_(None)) | (ThreadRow.due_us > now_us))
        .values(due_us=now_us)
    )
