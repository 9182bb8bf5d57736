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
        dict[str, Any] | None: JSON,
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
    owner: Mapped[str] = mapped_column(server_default="")
    importance: Mapped[str] = mapped_column(server_default="normal")
    labels: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    runbook: Mapped[str] = mapped_column(server_default="")
    starred: Mapped[list[str]] = mapped_column(server_default="[]")
    excluded: Mapped[list[str]] = mapped_column(server_default="[]")
    importances: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    exclude_ranges: Mapped[list[str]] = mapped_column(server_default="[]")
    metrics: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


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


class MonitorDefinitionRow(Table):
    """One rule for all deployments whose name matches one of the shell patterns `deployments`; `monitors` has what follows from it.

    `origin`: default, file or api; `source`: of a file its name.
    """

    __tablename__ = "monitor_definitions"
    __table_args__ = (CheckConstraint("origin IN ('default', 'file', 'api')", name="ck_definitions_origin"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    deployments: Mapped[list[str]]
    parameters: Mapped[dict[str, Any]]
    origin: Mapped[str]
    source: Mapped[str]
    updated_at_us: Mapped[int]


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
    acknowledged_at_us: Mapped[int | None]
    acknowledged_by: Mapped[str] = mapped_column(server_default="")
    assignee: Mapped[str] = mapped_column(server_default="")
    muted_until_us: Mapped[int | None]
    escalated_at_us: Mapped[int | None]


class AlertEventRow(Table):
    """One step in the life of an alert; `actor` is empty where judging took it."""

    __tablename__ = "alert_events"
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    at_us: Mapped[int]
    details: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(server_default="")


class SilenceRow(Table):
    """From when to when nobody is told of alerts that match; `weekly` repeats it. `matchers`: field -> shell pattern."""

    __tablename__ = "silences"
    __table_args__ = (Index("ix_silences_ends", "ends_at_us"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    matchers: Mapped[dict[str, Any]]
    starts_at_us: Mapped[int]
    ends_at_us: Mapped[int]
    weekly: Mapped[dict[str, Any] | None]
    comment: Mapped[str]
    created_by: Mapped[str]
    created_at_us: Mapped[int]
    ended_by: Mapped[str] = mapped_column(server_default="")


class ThreadRow(Table):
    """What one channel says of one group of alerts, from the first that fires to the last that is resolved.

    `key`: 32 hex digits, the same for every thread of the group in any channel. `told`: what the newest message said of each alert.
    `due_us`: when there may be something new to say. `remembered`: what the receiver calls it (a ticket's number, …).
    """

    __tablename__ = "threads"
    __table_args__ = (
        Index(
            "uq_threads_open",
            "channel",
            "key",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_threads_key", "channel", "key", "id"),
        Index("ix_threads_due", "due_us"),
        Index("ix_threads_opened", "opened_at_us", "channel"),
        CheckConstraint("status IN ('open', 'closed')", name="ck_threads_status"),
    )
    id: Mapped[int] = mapped_column(_Key, primary_key=True)
    channel: Mapped[str]
    route: Mapped[str]
    key: Mapped[str]
    labels: Mapped[dict[str, Any]]
    status: Mapped[str]
    seq: Mapped[int]
    told: Mapped[dict[str, Any]]
    told_at_us: Mapped[int | None]
    due_us: Mapped[int | None]
    opened_at_us: Mapped[int]
    closed_at_us: Mapped[int | None]
    remembered: Mapped[dict[str, Any]]


class ThreadMemberRow(Table):
    """An alert of which a thread tells."""

    __tablename__ = "thread_members"
    __table_args__ = (Index("ix_members_alert", "alert_id"),)
    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"), primary_key=True)


class OutboxTableRow(Table):
    """One message to one channel. `body` is what is signed and sent, byte for byte, however often it is tried.

    `alert_key` orders the messages of a channel; a message without an alert (a test) is a key of its own. `begun_at_us`: when the newest
    attempt began, None where its outcome is known: an attempt of which nobody knows may have arrived.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("delivery_id", name="uq_outbox_delivery_id"),
        UniqueConstraint("alert_id", "seq", "channel", name="uq_outbox_event"),
        Index("uq_outbox_thread", "thread_id", "seq", unique=True),
        Index("ix_outbox_created", "created_at_us"),
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
    thread_id: Mapped[int | None]
    begun_at_us: Mapped[int | None]


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
