"""Alerts and their history, for reading; `transitions` writes them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tidegauge_collector.control.tables import AlertEventRow, AlertTableRow, DeploymentRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert as it stands; `threshold` is in the unit of `value`, `details` are the grounds of the last transition."""

    id: int
    key: str
    deployment: str
    monitor: str
    metric: str
    column: str
    segment: str
    version: str
    severity: str
    status: str
    opened_window_start_us: int
    opened_window_end_us: int
    opened_at_us: int
    updated_at_us: int
    resolved_at_us: int | None
    value: float | None
    threshold: float | None
    details: dict[str, Any]
    seq: int


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One step in the life of an alert: opened, changed or resolved, with its grounds."""

    seq: int
    kind: str
    at_us: int
    details: dict[str, Any]


def listed(
    session: Session, *, deployment: str | None, status: str | None, limit: int, before: int | None
) -> list[AlertRow]:
    """Newest first; `before` is the id of the last alert of the page before."""
    query = select(AlertTableRow, DeploymentRow.name).join(
        DeploymentRow, DeploymentRow.id == AlertTableRow.deployment_id
    )
    if deployment is not None:
        query = query.where(DeploymentRow.name == deployment)
    if status is not None:
        query = query.where(AlertTableRow.status == status)
    if before is not None:
        query = query.where(AlertTableRow.id < before)
    found = session.execute(query.order_by(AlertTableRow.id.desc()).limit(limit))
    return [value(row, name) for row, name in found]


def events(session: Session, alert: int) -> list[AlertEvent]:
    """The history of an alert, oldest first."""
    rows = session.scalars(select(AlertEventRow).where(AlertEventRow.alert_id == alert).order_by(AlertEventRow.seq))
    return [AlertEvent(row.seq, row.kind, row.at_us, row.details) for row in rows]


def value(row: AlertTableRow, deployment: str) -> AlertRow:
    """The stored row as a plain value."""
    return AlertRow(
        id=row.id,
        key=row.key,
        deployment=deployment,
        monitor=row.monitor,
        metric=row.metric,
        column=row.column,
        segment=row.segment,
        version=row.version,
        severity=row.severity,
        status=row.status,
        opened_window_start_us=row.opened_window_start_us,
        opened_window_end_us=row.opened_window_end_us,
        opened_at_us=row.opened_at_us,
        updated_at_us=row.updated_at_us,
        resolved_at_us=row.resolved_at_us,
        value=row.value,
        threshold=row.threshold,
        details=row.details,
        seq=row.seq,
    )
