"""Alerts and their history, for reading; `transitions` writes them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import func, or_, select
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
    acknowledged_at_us: int | None = None
    acknowledged_by: str = ""
    assignee: str = ""
    muted_until_us: int | None = None
    escalated_at_us: int | None = None

    def is_muted(self, now_us: int) -> bool:
        """Is nobody told of it now, since a person said so?"""
        return self.muted_until_us is not None and now_us < self.muted_until_us


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One step in the life of an alert: opened, changed or resolved with its grounds, or what a person (`actor`) did."""

    seq: int
    kind: str
    at_us: int
    details: dict[str, Any]
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which alerts; what is None says nothing. Each of `words` stands in one of its names, in whatever case.

    `before` is the id of the last alert of the page before.
    """

    deployment: str | None = None
    status: str | None = None
    severity: str | None = None
    monitor: str | None = None
    owner: str | None = None
    acknowledged: bool | None = None
    since_us: int | None = None
    words: tuple[str, ...] = ()
    before: int | None = None
    limit: int = 100


def listed(session: Session, wanted: Wanted) -> list[AlertRow]:
    """Newest first."""
    row = AlertTableRow
    query = select(row, DeploymentRow.name).join(DeploymentRow, DeploymentRow.id == row.deployment_id)
    for column, asked in (
        (DeploymentRow.name, wanted.deployment),
        (row.status, wanted.status),
        (row.severity, wanted.severity),
        (row.monitor, wanted.monitor),
        (DeploymentRow.owner, wanted.owner),
    ):
        if asked is not None:
            query = query.where(column == asked)
    if wanted.acknowledged is not None:
        query = query.where((row.acknowledged_by != "") == wanted.acknowledged)
    if wanted.since_us is not None:
        query = query.where(row.opened_at_us >= wanted.since_us)
    texts = (
        DeploymentRow.name, DeploymentRow.owner, row.monitor, row.metric, row.column, row.segment, row.version, row.assignee,
        row.acknowledged_by,
    )  # fmt: skip
    for word in wanted.words:
        query = query.where(or_(*(text.icontains(word, autoescape=True) for text in texts)))
    if wanted.before is not None:
        query = query.where(row.id < wanted.before)
    found = session.execute(query.order_by(row.id.desc()).limit(wanted.limit))
    return [value(one, name) for one, name in found]


def find(session: Session, alert: int) -> AlertRow | None:
    """The alert of that number, or None."""
    row = session.get(AlertTableRow, alert)
    if row is None:
        return None
    return value(row, session.get_one(DeploymentRow, row.deployment_id).name)


def events(session: Session, alert: int) -> list[AlertEvent]:
    """The history of an alert, oldest first."""
    return histories(session, [alert]).get(alert, [])


def histories(session: Session, alerts: Collection[int]) -> dict[int, list[AlertEvent]]:
    """The history of each alert that has one, oldest first."""
    query = select(AlertEventRow).where(AlertEventRow.alert_id.in_(alerts))
    found: dict[int, list[AlertEvent]] = defaultdict(list)
    for row in session.scalars(query.order_by(AlertEventRow.alert_id, AlertEventRow.seq)):
        found[row.alert_id].append(AlertEvent(row.seq, row.kind, row.at_us, row.details, row.actor))
    return dict(found)


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """Firing alerts by deployment and by (severity, whether acknowledged); seconds until what was acknowledged and resolved, summed."""

    firing: Mapping[str, int]
    open: Mapping[tuple[str, bool], int]
    acknowledged: tuple[int, float]
    resolved: tuple[int, float]


def figures(session: Session) -> AlertFigures:
    """The figures of all alerts that there are."""
    row = AlertTableRow
    name = select(DeploymentRow.name, func.count()).join(row, row.deployment_id == DeploymentRow.id)
    firing = session.execute(name.where(row.status == "firing").group_by(DeploymentRow.name))
    by_severity = select(row.severity, row.acknowledged_by != "", func.count()).where(row.status == "firing")
    acknowledged = session.execute(
        select(func.count(), func.sum(row.acknowledged_at_us - row.opened_at_us)).where(
            row.acknowledged_at_us.is_not(None)
        )
    ).one()
    resolved = session.execute(
        select(func.count(), func.sum(row.resolved_at_us - row.opened_at_us)).where(row.resolved_at_us.is_not(None))
    ).one()
    return AlertFigures(
        {deployment: count for deployment, count in firing},  # noqa: C416 - rows, not pairs, to the type checker
        {
            (severity, bool(is_acknowledged)): count
            for severity, is_acknowledged, count in session.execute(
                by_severity.group_by(row.severity, row.acknowledged_by != "")
            )
        },
        (acknowledged[0], (acknowledged[1] or 0) / 1e6),
        (resolved[0], (resolved[1] or 0) / 1e6),
    )


@dataclass(frozen=True, slots=True)
class AlertTimes:
    """Of the alerts that opened since a time: how many, how many were acknowledged and resolved, and the median seconds until then."""

    opened: int
    acknowledged: int
    median_to_acknowledge_s: float | None
    resolved: int
    median_to_resolve_s: float | None


def times(session: Session, since_us: int) -> AlertTimes:
    """The times of the alerts that opened at `since_us` or later."""
    row = AlertTableRow
    query = select(row.opened_at_us, row.acknowledged_at_us, row.resolved_at_us).where(row.opened_at_us >= since_us)
    found = session.execute(query).all()
    acknowledged = [(at - opened) / 1e6 for opened, at, _ in found if at is not None]
    resolved = [(at - opened) / 1e6 for opened, _, at in found if at is not None]
    return AlertTimes(len(found), len(acknowledged), _median(acknowledged), len(resolved), _median(resolved))


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


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
        acknowledged_at_us=row.acknowledged_at_us,
        acknowledged_by=row.acknowledged_by,
        assignee=row.assignee,
        muted_until_us=row.muted_until_us,
        escalated_at_us=row.escalated_at_us,
    )


def add_event(
    session: Session,
    alert: AlertTableRow,
    kind: str,
    *,
    now_us: int,
    actor: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds a step to the history of a stored alert."""
    alert.seq += 1
    session.add(
        AlertEventRow(
            alert_id=alert.id, seq=alert.seq, kind=kind, at_us=now_us, details=dict(details or {}), actor=actor
        )
    )
