"""Areas and frozen audiences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_area")),
    )
    op.create_table(
        "frozen_audience",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("variant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "variant", name=op.f("pk_frozen_audience")),
    )
    with op.batch_alter_table("shard", schema=None) as batch_op:
        batch_op.create_index("ix_shard_by_address", ["broadcast", "medium", "first_address"], unique=False)

    with op.batch_alter_table("subscriber", schema=None) as batch_op:
        batch_op.add_column(sa.Column("postcode", sa.String(length=16), server_default="", nullable=False))
        batch_op.create_index(batch_op.f("ix_subscriber_postcode"), ["postcode"], unique=False)
    held = (
        "attributes ->> 'postcode'"
        if op.get_bind().dialect.name == "postgresql"
        else "json_extract(attributes, '$.postcode')"
    )
    plain = f"upper(replace(replace({held}, ' ', ''), '-', ''))"
    op.execute(f"UPDATE subscriber SET postcode = substr({plain}, 1, 16) WHERE {held} IS NOT NULL")  # noqa: S608
