"""Longer places of staff."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("staff_recipient", "staff_delivery"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column(
                "address",
                existing_type=sa.String(length=320),
                type_=sa.String(length=1024),
                existing_nullable=False,
            )
