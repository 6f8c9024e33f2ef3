"""Consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "consent_said",
        sa.Column("id", KEY, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("medium", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("text_version", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("said_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_said")),
    )
    with op.batch_alter_table("consent_said", schema=None) as batch_op:
        batch_op.create_index("ix_consent_said_subscriber", ["subscriber_id", "id"], unique=False)

    op.create_table(
        "topic",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_topic")),
    )
    op.create_table(
        "consent",
        sa.Column("subscriber_id", KEY, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("text_version", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("said_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_consent_subscriber_id_subscriber")),
        sa.PrimaryKeyConstraint("subscriber_id", "medium", "topic", name=op.f("pk_consent")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("subscriber", schema=None) as batch_op:
        batch_op.add_column(sa.Column("standing", sa.String(length=16), server_default="customer", nullable=False))
        batch_op.add_column(sa.Column("chooses", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("preferred_medium", sa.String(length=16), nullable=True))
        batch_op.create_index(
            "ix_subscriber_chooses",
            ["id"],
            unique=False,
            sqlite_where=sa.text("chooses IS 1"),
            postgresql_where=sa.text("chooses IS true"),
        )
