"""Tokens for the collector's doors, and the revision by which a running collector sees that they have changed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('access_revision',
    sa.Column('id', KEY, nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('tokens',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('scope', sa.String(), nullable=False),
    sa.Column('deployments', sa.JSON(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('created_at_us', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('expires_at_us', sa.BigInteger(), nullable=True),
    sa.Column('revoked_at_us', sa.BigInteger(), nullable=True),
    sa.Column('last_used_at_us', sa.BigInteger(), nullable=True),
    sa.Column('successor', sa.String(), nullable=True),
    sa.CheckConstraint("scope IN ('ingest', 'read', 'admin')", name='ck_tokens_scope'),
    sa.PrimaryKeyConstraint('id')
    )
    op.execute("INSERT INTO access_revision (id, value) VALUES (1, 0)")
