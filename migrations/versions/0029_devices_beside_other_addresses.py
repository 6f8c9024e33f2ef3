"""Devices are asked for beside other addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sign_up", sa.Column("beside", sa.BigInteger(), nullable=True))
