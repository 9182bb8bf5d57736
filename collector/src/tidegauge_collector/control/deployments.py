"""Deployments and their model versions: made when first heard of, afterwards changed by people only.

What an agent proposes fills what a deployment does not have: everything when it is made, later only the three things that
cannot be guessed at the start (task, positive class, classes), while they are still unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from tidegauge_collector.control import definitions, revisions
from tidegauge_collector.control.tables import DeploymentRow, VersionRow
from tidegauge_collector.core.custom import CustomMetric, custom_json, read_custom
from tidegauge_collector.core.shapes import plain

MAX_METRICS = 1_000


@dataclass(frozen=True, slots=True)
class Deployment:
    """One monitored endpoint; `config_revision` is the global revision at the last change of its configuration."""

    id: int
    name: str
    timezone: str
    task: str | None
    positive_class: str | None
    classes: tuple[str, ...] | None
    alerts: str
    segments: tuple[str, ...]
    created_at_us: int
    config_revision: int
    owner: str = ""
    importance: str = "normal"
    labels: Mapping[str, str] = field(default_factory=dict)
    runbook: str = ""
    starred: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    importances: Mapping[str, float] = field(default_factory=dict)
    exclude_ranges: tuple[str, ...] = ()
    metrics: Mapping[str, CustomMetric] = field(default_factory=dict)

    def leaves_out(self, column: str) -> bool:
        """Whether a column is watched and measured only where it is named."""
        return any(fnmatchcase(column, pattern) for pattern in self.excluded)


@dataclass(frozen=True, slots=True)
class Version:
    """One model of a deployment, as first seen in its telemetry."""

    name: str
    role: str
    first_seen_us: int


def ensure(session: Session, name: str, proposal: Mapping[str, Any], now_us: int) -> Deployment:
    """The deployment of that name, made with its default monitors where it is new; see the module for `proposal`.

    Raises ValueError where a proposal for a new deployment is no setting (unknown time zone, unknown kind of alerts).
    """
    row = session.scalars(select(DeploymentRow).where(DeploymentRow.name == name)).one_or_none()
    if row is None:
        row = _make(session, name, proposal, now_us)
    elif _fill(row, proposal):
        revisions.bump(session, row)
    return _value(row)


def row_of(session: Session, name: str) -> DeploymentRow:
    """The stored row; raises LookupError where there is no such deployment."""
    row = session.scalars(select(DeploymentRow).where(DeploymentRow.name == name)).one_or_none()
    if row is None:
        raise LookupError(f"deployment {name!r} does not exist: it is made by its first frame, or by ensure_deployment")
    return row


def find(session: Session, name: str) -> Deployment | None:
    """The deployment of that name, or None."""
    row = session.scalars(select(DeploymentRow).where(DeploymentRow.name == name)).one_or_none()
    return None if row is None else _value(row)


def listed(session: Session) -> list[Deployment]:
    """All deployments by name."""
    return [_value(row) for row in session.scalars(select(DeploymentRow).order_by(DeploymentRow.name))]


def change(session: Session, name: str, changes: Mapping[str, Any], *, actor: str, now_us: int) -> tuple[int, ...]:
    """Sets what people say of a deployment (see `core.attributes`), and brings its monitors to its new labels; alerts withdrawn by it.

    Raises LookupError where there is no such deployment.
    """
    row = row_of(session, name)
    for attribute, value in changes.items():
        setattr(row, attribute, plain(value))
    revisions.bump(session, row)
    defined = definitions.current(session)
    return definitions.materialise(session, row, defined, actor=actor, now_us=now_us).withdrawn


def change_metric(session: Session, name: str, metric: str, said: CustomMetric | None) -> CustomMetric | None:
    """Sets what people say of a metric of their own, None: nothing; what was said before.

    Raises LookupError where there is no such deployment, or nothing was said, ValueError beyond the 1,000th.
    """
    row = row_of(session, name)
    others = {one: value for one, value in row.metrics.items() if one != metric}
    if said is None and metric not in row.metrics:
        raise LookupError(f"nothing is said of metric {metric!r:.140} of {name!r}")
    if said is not None and len(others) >= MAX_METRICS:
        raise ValueError(f"{name!r} has {MAX_METRICS} metrics already: delete one first")
    before = row.metrics.get(metric)
    row.metrics = others if said is None else {**others, metric: custom_json(said)}
    revisions.bump(session, row)
    return None if before is None else read_custom(before)


def ensure_version(session: Session, deployment: str, name: str, role: str, now_us: int) -> Version:
    """The version of that name, made where it is new. The role first seen stays: frames do not promote."""
    key = (row_of(session, deployment).id, name)
    row = session.get(VersionRow, key)
    if row is None:
        row = VersionRow(deployment_id=key[0], name=name, role=role, first_seen_us=now_us)
        session.add(row)
    return Version(row.name, row.role, row.first_seen_us)


def versions(session: Session, deployment: str) -> list[Version]:
    """The versions of a deployment, oldest first."""
    rows = session.scalars(
        select(VersionRow)
        .where(VersionRow.deployment_id == row_of(session, deployment).id)
        .order_by(VersionRow.first_seen_us, VersionRow.name)
    )
    return [Version(row.name, row.role, row.first_seen_us) for row in rows]


def _make(session: Session, name: str, proposal: Mapping[str, Any], now_us: int) -> DeploymentRow:
    if not name:
        raise ValueError("a deployment needs a name: the empty one was given")
    row = DeploymentRow(
        name=name,
        timezone=_known_zone(name, proposal.get("timezone") or "UTC"),
        task=proposal.get("task") or None,
        positive_class=proposal.get("positive_class") or None,
        classes=_texts(proposal.get("classes")) or None,
        alerts=_known_alerts(name, proposal.get("alerts") or "live"),
        segments=_texts(proposal.get("segments")),
        created_at_us=now_us,
        config_revision=0,
    )
    session.add(row)
    session.flush()
    revisions.bump(session, row)
    definitions.materialise(session, row, definitions.current(session), actor="", now_us=now_us)
    return row


def _fill(row: DeploymentRow, proposal: Mapping[str, Any]) -> bool:
    """Sets what is still unknown and now proposed; says whether anything was."""
    found = {
        "task": proposal.get("task"),
        "positive_class": proposal.get("positive_class"),
        "classes": _texts(proposal.get("classes")),
    }
    missing = {name: value for name, value in found.items() if value and getattr(row, name) is None}
    for name, value in missing.items():
        setattr(row, name, value)
    return bool(missing)


def _texts(values: Sequence[Any] | None) -> list[str]:
    return [str(value) for value in values or ()]


def _known_zone(deployment: str, name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise ValueError(
            f"time zone {name!r} proposed for deployment {deployment!r} is unknown: use an IANA name such as 'Europe/Rome'"
        ) from problem
    return name


def _known_alerts(deployment: str, kind: str) -> str:
    if kind not in {"live", "all"}:
        raise ValueError(f"alerts={kind!r} proposed for deployment {deployment!r}: use 'live' or 'all'")
    return kind


def _value(row: DeploymentRow) -> Deployment:
    return Deployment(
        id=row.id,
        name=row.name,
        timezone=row.timezone,
        task=row.task,
        positive_class=row.positive_class,
        classes=None if row.classes is None else tuple(row.classes),
        alerts=row.alerts,
        segments=tuple(row.segments),
        created_at_us=row.created_at_us,
        config_revision=row.config_revision,
        owner=row.owner,
        importance=row.importance,
        labels=row.labels,
        runbook=row.runbook,
        starred=tuple(row.starred),
        excluded=tuple(row.excluded),
        importances=row.importances,
        exclude_ranges=tuple(row.exclude_ranges),
        metrics={name: read_custom(one) for name, one in row.metrics.items()},
    )
