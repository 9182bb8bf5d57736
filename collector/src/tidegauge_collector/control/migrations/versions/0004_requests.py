"""Uploads over HTTP that were taken: what answers a repeated Idempotency-Key, and which frames are still to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('requests',
    sa.Column('id', KEY, nullable=False),
    sa.Column('deployment', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=True),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('epoch', sa.LargeBinary(), nullable=False),
    sa.Column('first_seq', sa.BigInteger(), nullable=False),
    sa.Column('answer', sa.JSON(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('created_at_us', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("status IN ('taken', 'sent', 'refused')", name='ck_requests_status'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('deployment', 'key', name='uq_requests_key')
    )
    op.create_index('ix_requests_created', 'requests', ['created_at_us'], unique=False)
    op.create_index('ix_requests_taken', 'requests', ['id'], unique=False, sqlite_where=sa.text("status = 'taken'"), postgresql_where=sa.text("status = 'taken'"))
