"""What people write back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "address_wish",
        sa.Column("address_id", KEY, nullable=False),
        sa.Column("wish", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_address_wish_address_id_address")),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_address_wish")),
    )
    op.create_table(
        "inbound",
        sa.Column("id", KEY, nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("address_id", KEY, nullable=False),
        sa.Column("medium", sa.Integer(), nullable=False),
        sa.Column("keyword", sa.String(length=16), nullable=False),
        sa.Column("effect", sa.String(length=32), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("broadcast", sa.BigInteger(), nullable=True),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=True),
        sa.Column("seen_by", sa.String(length=200), nullable=True),
        sa.Column("handled_ms", sa.BigInteger(), nullable=True),
        sa.Column("handled_by", sa.String(length=200), nullable=True),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("answer_state", sa.String(length=16), nullable=False),
        sa.Column("answer_reason", sa.String(length=64), nullable=False),
        sa.Column("answer_due_ms", sa.BigInteger(), nullable=True),
        sa.Column("answer_attempts", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_inbound_address_id_address")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("endpoint", "event_hash", name=op.f("uq_inbound_endpoint_event_hash")),
    )
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.create_index("ix_inbound_answer", ["answer_state", "answer_due_ms"], unique=False)
        batch_op.create_index("ix_inbound_of", ["address_id", "heard_ms"], unique=False)
        batch_op.create_index("ix_inbound_waiting", ["keyword", "handled_ms", "id"], unique=False)

    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.add_column(sa.Column("minor_news", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("suppression", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.String(length=16), nullable=True))
        batch_op.create_index("ix_suppression_at", ["at_ms"], unique=False)

    # Who said so, as far as the reason tells: what a person asked for themselves they may take back themselves.
    op.execute("UPDATE suppression SET source = 'person' WHERE reason = 'unsubscribed'")
    told = "'opted_out', 'bounced', 'complained', 'invalid'"
    op.execute(f"UPDATE suppression SET source = 'provider' WHERE reason IN ({told})")  # noqa: S608 - our own words
