"""Counts over a million."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.create_index(
            "ix_address_erased",
            ["id"],
            unique=False,
            sqlite_where=sa.text("value IS NULL"),
            postgresql_where=sa.text("value IS NULL"),
        )

    with op.batch_alter_table("subscriber_address", schema=None) as batch_op:
        batch_op.create_index(
            "ix_subscriber_address_preferred", ["subscriber_id", "medium", "preferred", "address_id"], unique=False
        )
