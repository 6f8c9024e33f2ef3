"""Severity of what was said: the crisis's when the words of an update were handed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("crisis_update", sa.Column("severity", sa.String(length=16), nullable=True))
