"""Who hears of alerts: monitors as definitions, threads of channels, silences, and what people do with an alert."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    for name, kind, default in (("owner", sa.String(), ""), ("importance", sa.String(), "normal"), ("labels", sa.JSON(), "{}"), ("runbook", sa.String(), "")):
        op.add_column("deployments", sa.Column(name, kind, nullable=False, server_default=default))
    for name in ("acknowledged_at_us", "muted_until_us", "escalated_at_us"):
        op.add_column("alerts", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("acknowledged_by", "assignee"):
        op.add_column("alerts", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("alert_events", sa.Column("actor", sa.String(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("thread_id", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("begun_at_us", sa.BigInteger(), nullable=True))
    op.create_index("uq_outbox_thread", "outbox", ["thread_id", "seq"], unique=True)
    op.create_index("ix_outbox_created", "outbox", ["created_at_us"])
    op.create_table(
        "monitor_definitions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("deployments", sa.JSON(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("updated_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("origin IN ('default', 'file', 'api')", name="ck_definitions_origin"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "silences",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("starts_at_us", sa.BigInteger(), nullable=False),
        sa.Column("ends_at_us", sa.BigInteger(), nullable=False),
        sa.Column("weekly", sa.JSON(), nullable=True),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_silences_ends", "silences", ["ends_at_us"])
    op.create_table(
        "threads",
        sa.Column("id", KEY, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("told_at_us", sa.BigInteger(), nullable=True),
        sa.Column("due_us", sa.BigInteger(), nullable=True),
        sa.Column("opened_at_us", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_us", sa.BigInteger(), nullable=True),
        sa.Column("remembered", sa.JSON(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'closed')", name="ck_threads_status"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_threads_open", "threads", ["channel", "key"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_threads_key", "threads", ["channel", "key", "id"])
    op.create_index("ix_threads_due", "threads", ["due_us"])
    op.create_index("ix_threads_opened", "threads", ["opened_at_us", "channel"])
    op.create_table(
        "thread_members",
        sa.Column("thread_id", KEY, nullable=False),
        sa.Column("alert_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"]),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"]),
        sa.PrimaryKeyConstraint("thread_id", "alert_id"),
    )
    op.create_index("ix_members_alert", "thread_members", ["alert_id"])
