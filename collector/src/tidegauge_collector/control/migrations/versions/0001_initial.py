"""Deployments, versions, baselines, monitors, alerts and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('config_revision',
    sa.Column('id', KEY, nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('deployments',
    sa.Column('id', KEY, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('timezone', sa.String(), nullable=False),
    sa.Column('task', sa.String(), nullable=True),
    sa.Column('positive_class', sa.String(), nullable=True),
    sa.Column('classes', sa.JSON(), nullable=True),
    sa.Column('alerts', sa.String(), nullable=False),
    sa.Column('segments', sa.JSON(), nullable=False),
    sa.Column('created_at_us', sa.BigInteger(), nullable=False),
    sa.Column('config_revision', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("alerts IN ('live', 'all')", name='ck_deployments_alerts'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('name', name='uq_deployments_name')
    )
    op.create_table('alerts',
    sa.Column('id', KEY, nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('deployment_id', KEY, nullable=False),
    sa.Column('monitor', sa.String(), nullable=False),
    sa.Column('metric', sa.String(), nullable=False),
    sa.Column('column', sa.String(), nullable=False),
    sa.Column('segment', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('severity', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('opened_window_start_us', sa.BigInteger(), nullable=False),
    sa.Column('opened_window_end_us', sa.BigInteger(), nullable=False),
    sa.Column('opened_at_us', sa.BigInteger(), nullable=False),
    sa.Column('updated_at_us', sa.BigInteger(), nullable=False),
    sa.Column('resolved_at_us', sa.BigInteger(), nullable=True),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('threshold', sa.Double(), nullable=True),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("status IN ('firing', 'resolved')", name='ck_alerts_status'),
    sa.ForeignKeyConstraint(['deployment_id'], ['deployments.id']),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_alerts_deployment', 'alerts', ['deployment_id', 'id'], unique=False)
    op.create_index('ix_alerts_key', 'alerts', ['key', 'id'], unique=False)
    op.create_index('uq_alerts_firing', 'alerts', ['key'], unique=True, sqlite_where=sa.text("status = 'firing'"), postgresql_where=sa.text("status = 'firing'"))
    op.create_table('baselines',
    sa.Column('id', KEY, nullable=False),
    sa.Column('deployment_id', KEY, nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('origin', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('parts', sa.BigInteger(), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('bins_id', sa.LargeBinary(), nullable=False),
    sa.Column('created_at_us', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("origin IN ('given', 'production')", name='ck_baselines_origin'),
    sa.CheckConstraint("status IN ('incomplete', 'active', 'proposed')", name='ck_baselines_status'),
    sa.ForeignKeyConstraint(['deployment_id'], ['deployments.id']),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('deployment_id', 'version', 'digest', name='uq_baselines_digest')
    )
    op.create_index('uq_baselines_active', 'baselines', ['deployment_id', 'version'], unique=True, sqlite_where=sa.text("status = 'active'"), postgresql_where=sa.text("status = 'active'"))
    op.create_table('monitors',
    sa.Column('deployment_id', KEY, nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('parameters', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['deployment_id'], ['deployments.id']),
    sa.PrimaryKeyConstraint('deployment_id', 'id')
    )
    op.create_table('versions',
    sa.Column('deployment_id', KEY, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('first_seen_us', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['deployment_id'], ['deployments.id']),
    sa.PrimaryKeyConstraint('deployment_id', 'name')
    )
    op.create_table('alert_events',
    sa.Column('alert_id', KEY, nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('at_us', sa.BigInteger(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alerts.id']),
    sa.PrimaryKeyConstraint('alert_id', 'seq')
    )
    op.create_table('baseline_parts',
    sa.Column('baseline_id', KEY, nullable=False),
    sa.Column('part', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('payload', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['baseline_id'], ['baselines.id']),
    sa.PrimaryKeyConstraint('baseline_id', 'part')
    )
    op.create_table('monitor_states',
    sa.Column('deployment_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('monitor', sa.String(), nullable=False),
    sa.Column('metric', sa.String(), nullable=False),
    sa.Column('column', sa.String(), nullable=False),
    sa.Column('segment', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('state', sa.JSON(), nullable=False),
    sa.Column('last_window_end_us', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['deployment_id', 'monitor'], ['monitors.deployment_id', 'monitors.id'], name='fk_states_monitor'),
    sa.PrimaryKeyConstraint('deployment_id', 'monitor', 'metric', 'column', 'segment', 'version')
    )
    op.create_table('outbox',
    sa.Column('id', KEY, nullable=False),
    sa.Column('delivery_id', sa.String(), nullable=False),
    sa.Column('alert_id', KEY, nullable=True),
    sa.Column('alert_key', sa.String(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('event_type', sa.String(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.Column('next_attempt_us', sa.BigInteger(), nullable=False),
    sa.Column('last_error', sa.String(), nullable=True),
    sa.Column('created_at_us', sa.BigInteger(), nullable=False),
    sa.Column('delivered_at_us', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("status IN ('pending', 'delivered', 'dead')", name='ck_outbox_status'),
    sa.ForeignKeyConstraint(['alert_id'], ['alerts.id']),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('alert_id', 'seq', 'channel', name='uq_outbox_event'),
    sa.UniqueConstraint('delivery_id', name='uq_outbox_delivery_id')
    )
    op.create_index('ix_outbox_pending', 'outbox', ['channel', 'alert_key', 'id'], unique=False, sqlite_where=sa.text("status = 'pending'"), postgresql_where=sa.text("status = 'pending'"))
    op.create_table('receipts',
    sa.Column('id', KEY, nullable=False),
    sa.Column('outbox_id', KEY, nullable=False),
    sa.Column('at_us', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('status_code', sa.BigInteger(), nullable=True),
    sa.Column('detail', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['outbox_id'], ['outbox.id']),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_receipts_outbox', 'receipts', ['outbox_id', 'id'], unique=False)
    op.execute("INSERT INTO config_revision (id, value) VALUES (1, 0)")
