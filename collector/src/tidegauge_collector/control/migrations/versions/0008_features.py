"""What people say of a deployment's features: starred, excluded, how important, and which times are like no other."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, default in (("starred", "[]"), ("excluded", "[]"), ("importances", "{}"), ("exclude_ranges", "[]")):
        op.add_column("deployments", sa.Column(name, sa.JSON(), nullable=False, server_default=default))
