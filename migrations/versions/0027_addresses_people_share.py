"""Addresses people share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "shared_address",
        sa.Column("address_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_shared_address_address_id_address")),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_shared_address")),
        sqlite_with_rowid=False,
    )
    # Some tenths of a second for a million people. What a process of the last version links after this is found by
    # store.listing, which looks for all of them anew when it meets one that is not here.
    op.execute(
        "INSERT INTO shared_address (address_id)"
        " SELECT address_id FROM subscriber_address GROUP BY address_id HAVING count(*) > 1"
    )
