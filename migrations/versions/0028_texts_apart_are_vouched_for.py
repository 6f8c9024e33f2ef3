"""Texts apart are vouched for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "text_vouching",
        sa.Column("update_id", KEY, nullable=False),
        sa.Column("audience", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("vouched_by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=35), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("waived_hash", sa.String(length=64), nullable=True),
        sa.Column("waived_by", sa.String(length=200), nullable=True),
        sa.Column("waived_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["update_id"], ["crisis_update.id"], name=op.f("fk_text_vouching_update_id_crisis_update")
        ),
        sa.PrimaryKeyConstraint("update_id", "audience", "language", name=op.f("pk_text_vouching")),
    )
