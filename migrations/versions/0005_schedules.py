"""Schedules, their occurrences, and the updates planned by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("crisis", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("fired", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_hash", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("slug", name=op.f("uq_schedule_slug")),
    )
    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_schedule_crisis"), ["crisis"], unique=False)
        batch_op.create_index("ix_schedule_wake", ["state", "wake_at"], unique=False)

    op.create_table(
        "scheduler",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticked_at", sa.BigInteger(), nullable=False),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduler")),
    )
    op.create_table(
        "occurrence",
        sa.Column("id", KEY, nullable=False),
        sa.Column("schedule_id", KEY, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name=op.f("fk_occurrence_schedule_id_schedule"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("schedule_id", "due_at", name=op.f("uq_occurrence_schedule_id_due_at")),
    )
    op.create_table(
        "planned_update",
        sa.Column("id", KEY, nullable=False),
        sa.Column("occurrence_id", KEY, nullable=False),
        sa.Column("crisis", sa.String(length=64), nullable=False),
        sa.Column("update_id", KEY, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("act_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("approver", sa.Integer(), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["crisis"], ["crisis.slug"], name=op.f("fk_planned_update_crisis_crisis")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"],
            ["occurrence.id"],
            name=op.f("fk_planned_update_occurrence_id_occurrence"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["update_id"], ["crisis_update.id"], name=op.f("fk_planned_update_update_id_crisis_update")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_update")),
        sa.UniqueConstraint("occurrence_id", "crisis", name=op.f("uq_planned_update_occurrence_id_crisis")),
    )
    with op.batch_alter_table("planned_update", schema=None) as batch_op:
        batch_op.create_index("ix_planned_update_act", ["act_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_planned_update_crisis"), ["crisis"], unique=False)
