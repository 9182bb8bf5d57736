"""What people say of metrics of their own: direction, unit, baseline."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployments", sa.Column("metrics", sa.JSON(), nullable=False, server_default="{}"))
