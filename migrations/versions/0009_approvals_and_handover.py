"""Approvals and handover."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "crisis_check",
        sa.Column("crisis", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["crisis"], ["crisis.slug"], name=op.f("fk_crisis_check_crisis_crisis")),
        sa.PrimaryKeyConstraint("crisis", "item", name=op.f("pk_crisis_check")),
    )
    op.create_table(
        "handover",
        sa.Column("id", KEY, nullable=False),
        sa.Column("crisis", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["crisis"], ["crisis.slug"], name=op.f("fk_handover_crisis_crisis")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    with op.batch_alter_table("handover", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handover_crisis"), ["crisis"], unique=False)

    op.create_table(
        "holding_approval",
        sa.Column("playbook", sa.String(length=64), nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["user_account.id"], name=op.f("fk_holding_approval_person_user_account")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_holding_approval_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("playbook", "person", name=op.f("pk_holding_approval")),
    )
    op.create_table(
        "approval_look",
        sa.Column("update_id", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["update_id"], ["crisis_update.id"], name=op.f("fk_approval_look_update_id_crisis_update")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_approval_look_user_id_user_account")),
        sa.PrimaryKeyConstraint("update_id", "revision", "user_id", name=op.f("pk_approval_look")),
    )
    op.create_table(
        "holding_use",
        sa.Column("update_id", KEY, nullable=False),
        sa.Column("playbook", sa.String(length=64), nullable=False),
        sa.Column("sentences_hash", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["update_id"], ["crisis_update.id"], name=op.f("fk_holding_use_update_id_crisis_update")
        ),
        sa.PrimaryKeyConstraint("update_id", name=op.f("pk_holding_use")),
    )
