"""Why people are spared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outcome_suppressed",
            ["broadcast", "reason"],
            unique=False,
            sqlite_where=sa.text("result = 'suppressed'"),
            postgresql_where=sa.text("result = 'suppressed'"),
        )
