"""The medium people prefer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("courtesy", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_media", sa.String(length=64), nullable=True))

    with op.batch_alter_table("subscriber", schema=None) as batch_op:
        batch_op.create_index(
            "ix_subscriber_preferred_medium",
            ["preferred_medium"],
            unique=False,
            sqlite_where=sa.text("preferred_medium IS NOT NULL"),
            postgresql_where=sa.text("preferred_medium IS NOT NULL"),
        )
