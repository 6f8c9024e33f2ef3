"""Languages to come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "waiting_language",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("broadcast", "language", name=op.f("pk_waiting_language")),
    )
    op.create_table(
        "waiting_reader",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("area", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "address_id", name=op.f("pk_waiting_reader")),
    )
    with op.batch_alter_table("crisis_update", schema=None) as batch_op:
        batch_op.add_column(sa.Column("completes", KEY, nullable=True))
