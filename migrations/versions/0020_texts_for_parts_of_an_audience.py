"""Texts for parts of an audience."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listed",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("variant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "variant", "language", name=op.f("pk_listed")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.add_column(sa.Column("other_language", sa.String(length=35), nullable=True))
