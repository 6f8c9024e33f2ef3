"""Numbers beside each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sign_up", schema=None) as batch_op:
        batch_op.add_column(sa.Column("neighbours", sa.LargeBinary(length=16), nullable=True))
        batch_op.create_index("ix_sign_up_neighbours", ["neighbours", "sent_at"], unique=False)
