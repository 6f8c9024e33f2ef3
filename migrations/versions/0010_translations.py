"""Translations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "translation_task",
        sa.Column("id", KEY, nullable=False),
        sa.Column("update_id", KEY, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("source", sa.String(length=35), nullable=False),
        sa.Column("source_words", sa.JSON(), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_user", KEY, nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["update_id"], ["crisis_update.id"], name=op.f("fk_translation_task_update_id_crisis_update")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_translation_task")),
    )
    with op.batch_alter_table("translation_task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_translation_task_update_id"), ["update_id"], unique=False)

    op.create_table(
        "vouching",
        sa.Column("update_id", KEY, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("vouched_by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=35), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("waived_hash", sa.String(length=64), nullable=True),
        sa.Column("waived_by", sa.String(length=200), nullable=True),
        sa.Column("waived_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["update_id"], ["crisis_update.id"], name=op.f("fk_vouching_update_id_crisis_update")),
        sa.PrimaryKeyConstraint("update_id", "language", name=op.f("pk_vouching")),
    )
