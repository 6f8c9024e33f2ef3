"""Failures are found without looking at everybody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outcome_over",
            ["broadcast", "medium", "address_id", "reason"],
            unique=False,
            sqlite_where=sa.text("result IN ('failed', 'dead')"),
            postgresql_where=sa.text("result IN ('failed', 'dead')"),
        )
