"""Lists are copied in: PostgreSQL no longer asks for each link whether both ends are there (docs/adr/0009)."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

GONE = (
    ("subscriber", "fk_subscriber_language_list_id_language_list"),
    ("subscriber_address", "fk_subscriber_address_address_id_address"),
    ("subscriber_address", "fk_subscriber_address_subscriber_id_subscriber"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, name in GONE:
            op.drop_constraint(name, table, type_="foreignkey")
