"""The tables of the control store: what changes in small transactions and must never be lost.

Times are integer microseconds since the epoch in UTC. A deployment, alert or monitor is never deleted by this module.
The tables are made by the migrations, not from here; a test holds both equal.
"""

from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_Key = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only where the type is INTEGER


class Table(DeclarativeBase):
    """Root of the mapped tables; `Table.metadata` is what the migrations must amount to."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        float: Double,
        bytes: LargeBinary,
        dict[str, Any]: JSON,
        list[str]: JSON,
    }


class RevisionRow(Table):
    """One row: the number of the newest change of configuration, over all deployments."""

    __tablename__ = "config_revision"
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    value: Mapped[int]


class DeploymentRow(Table):
    __tablename__ = "deployments"
    __table_args__ = (
        UniqueConstraint("name", name="uq_deployments_name"),
        CheckConstraint("alerts IN ('live', 'all')", name="ck_deployments_alerts"),
    )
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    name: Mapped[str]
    timezone: Mapped[str]
    task: Mapped[str | None]
    positive_class: Mapped[str | None]
    classes: Mapped[list[str] | None]
    alerts: Mapped[str]
    segments: Mapped[list[str]]
    created_at_us: Mapped[int]
    config_revision: Mapped[int]


class VersionRow(Table):
    __tablename__ = "versions"
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    first_seen_us: Mapped[int]


class BaselineRow(Table):
    __tablename__ = "baselines"
    __table_args__ = (
        UniqueConstraint("deployment_id", "version", "digest", name="uq_baselines_digest"),
        Index(
            "uq_baselines_active",
            "deployment_id",
            "version",
            unique=True,
            sqlite_where=text("status = 'active'"),
            postgresql_where=text("status = 'active'"),
        ),
        CheckConstraint("origin IN ('given', 'production')", name="ck_baselines_origin"),
        CheckConstraint("status IN ('incomplete', 'active', 'proposed')", name="ck_baselines_status"),
    )
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    version: Mapped[str]
    digest: Mapped[bytes]
    origin: Mapped[str]
    status: Mapped[str]
    parts: Mapped[int]
    rows: Mapped[int]
    bins_id: Mapped[bytes]
    created_at_us: Mapped[int]


class BaselinePartRow(Table):
    __tablename__ = "baseline_parts"
    baseline_id: Mapped[int] = mapped_column(ForeignKey("baselines.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payload: Mapped[bytes]


class MonitorRow(Table):
    """One rule of one deployment; `parameters` holds every field of the core's `Monitor` but the id."""

    __tablename__ = "monitors"
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    parameters: Mapped[dict[str, Any]]


class MonitorStateRow(Table):
    """Where one series of one monitor stands between two judgements."""

    __tablename__ = "monitor_states"
    __table_args__ = (
        ForeignKeyConstraint(
            ["deployment_id", "monitor"], ["monitors.deployment_id", "monitors.id"], name="fk_states_monitor"
        ),
    )
    deployment_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    monitor: Mapped[str] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    column: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[dict[str, Any]]
    last_window_end_us: Mapped[int | None]


class AlertTableRow(Table):
    """One opening of one alert key; at most one of a key fires at a time."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "uq_alerts_firing",
            "key",
            unique=True,
            sqlite_where=text("status = 'firing'"),
            postgresql_where=text("status = 'firing'"),
        ),
        Index("ix_alerts_key", "key", "id"),
        Index("ix_alerts_deployment", "deployment_id", "id"),
        CheckConstraint("status IN ('firing', 'resolved')", name="ck_alerts_status"),
    )
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    key: Mapped[str]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    monitor: Mapped[str]
    metric: Mapped[str]
    column: Mapped[str]
    segment: Mapped[str]
    version: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str]
    opened_window_start_us: Mapped[int]
    opened_window_end_us: Mapped[int]
    opened_at_us: Mapped[int]
    updated_at_us: Mapped[int]
    resolved_at_us: Mapped[int | None]
    value: Mapped[float | None]
    threshold: Mapped[float | None]
    details: Mapped[dict[str, Any]]
    seq: Mapped[int]


class AlertEventRow(Table):
    __tablename__ = "alert_events"
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    at_us: Mapped[int]
    details: Mapped[dict[str, Any]]


class OutboxTableRow(Table):
    """One message to one channel. `body` is what is signed and sent, byte for byte, however often it is tried.

    `alert_key` orders the messages of a channel; a message without an alert (a test) is a key of its own.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("delivery_id", name="uq_outbox_delivery_id"),
        UniqueConstraint("alert_id", "seq", "channel", name="uq_outbox_event"),
        Index(
            "ix_outbox_pending",
            "channel",
            "alert_key",
            "id",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        CheckConstraint("status IN ('pending', 'delivered', 'dead')", name="ck_outbox_status"),
    )
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    delivery_id: Mapped[str]
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"))
    alert_key: Mapped[str]
    seq: Mapped[int]
    channel: Mapped[str]
    event_type: Mapped[str]
    body: Mapped[bytes]
    status: Mapped[str]
    attempts: Mapped[int]
    next_attempt_us: Mapped[int]
    last_error: Mapped[str | None]
    created_at_us: Mapped[int]
    delivered_at_us: Mapped[int | None]


class ReceiptRow(Table):
    """What came of one attempt."""

    __tablename__ = "receipts"
    __table_args__ = (Index("ix_receipts_outbox", "outbox_id", "id"),)
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"))
    at_us: Mapped[int]
    outcome: Mapped[str]
    status_code: Mapped[int | None]
    detail: Mapped[str]


class AccessRevisionRow(Table):
    """One row: the number of the newest change of a token."""

    __tablename__ = "access_revision"
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    value: Mapped[int]


class TokenRow(Table):
    """What is shown to be let in; `digest` is the SHA-256 of the secret, which is stored nowhere."""

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint("scope IN ('ingest', 'read', 'admin')", name="ck_tokens_scope"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    scope: Mapped[str]
    deployments: Mapped[list[str]]
    digest: Mapped[bytes]
    created_at_us: Mapped[int]
    created_by: Mapped[str]
    expires_at_us: Mapped[int | None]
    revoked_at_us: Mapped[int | None]
    last_used_at_us: Mapped[int | None]
    successor: Mapped[str | None]


class RequestRow(Table):
    """One upload over HTTP; `key` is its sender's Idempotency-Key, `digest` names target and body."""

    __tablename__ = "requests"
    __table_args__ = (
        UniqueConstraint("deployment", "key", name="uq_requests_key"),
        Index("ix_requests_created", "created_at_us"),
        Index(
            "ix_requests_taken",
            "id",
            sqlite_where=text("status = 'taken'"),
            postgresql_where=text("status = 'taken'"),
        ),
        CheckConstraint("status IN ('taken', 'sent', 'refused')", name="ck_requests_status"),
    )
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    deployment: Mapped[str]
    key: Mapped[str | None]
    digest: Mapped[bytes]
    epoch: Mapped[bytes]
    first_seq: Mapped[int]
    answer: Mapped[dict[str, Any]]
    status: Mapped[str]
    created_at_us: Mapped[int]


class AgentRow(Table):
    """A shipper process; `details`: its epochs, deployments, losses and clock."""

    __tablename__ = "agents"
    __table_args__ = (Index("ix_agents_last_contact", "last_contact_us"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    agent_version: Mapped[str]
    protocol: Mapped[int]
    state: Mapped[str]
    first_contact_us: Mapped[int]
    last_contact_us: Mapped[int]
    details: Mapped[dict[str, Any]]


class IntakeDayRow(Table):
    """What a deployment put into the frame log on a day (since 1970, UTC); only the newest is kept."""

    __tablename__ = "intake_days"
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    deployment: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int]


class DeletionRow(Table):
    """A deletion on demand; `prediction` is the digest of a prediction id, `counts` the rows that went, by kind."""

    __tablename__ = "deletions"
    id: Mapped[str] = mapped_column(primary_key=True)
    deployment: Mapped[str]
    version: Mapped[str | None]
    start_us: Mapped[int | None]
    end_us: Mapped[int | None]
    prediction: Mapped[bytes | None]
    requested_by: Mapped[str]
    requested_at_us: Mapped[int]
    counts: Mapped[dict[str, Any]]
    done_at_us: Mapped[int | None]
