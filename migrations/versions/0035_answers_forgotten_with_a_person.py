"""Answers that are forgotten with a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency", sa.Column("personal", sa.Boolean(), nullable=False, server_default=sa.false()))
