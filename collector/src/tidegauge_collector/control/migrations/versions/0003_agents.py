"""Agents seen, so that one that falls silent over a restart is known; and the bytes of today, by which quotas go on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agents',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('host', sa.String(), nullable=False),
    sa.Column('pid', sa.BigInteger(), nullable=False),
    sa.Column('agent_version', sa.String(), nullable=False),
    sa.Column('protocol', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('first_contact_us', sa.BigInteger(), nullable=False),
    sa.Column('last_contact_us', sa.BigInteger(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_agents_last_contact', 'agents', ['last_contact_us'], unique=False)
    op.create_table('intake_days',
    sa.Column('day', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('deployment', sa.String(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'deployment')
    )
