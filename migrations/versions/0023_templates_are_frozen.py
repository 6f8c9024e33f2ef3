"""Templates of one's own are frozen with the words they make."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("update_revision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("templates", sa.JSON(), nullable=True))
