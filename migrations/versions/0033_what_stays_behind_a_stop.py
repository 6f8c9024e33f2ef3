"""What stays behind a STOP; and whoever said STOP where a bounce stood already, or before it came, has said it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0031"
branch_labels = None
depends_on = None

_SAID_LAST = """
    SELECT heard.heard_ms FROM inbound AS heard
    WHERE heard.address_id = suppression.address_id AND heard.effect IN ('stopped', 'stopped_before')
    AND NOT EXISTS (
        SELECT 1 FROM inbound AS later
        WHERE later.address_id = heard.address_id AND later.effect = 'started' AND later.id > heard.id
    )
    ORDER BY heard.id DESC LIMIT 1
"""


def upgrade() -> None:
    op.add_column("suppression", sa.Column("behind_reason", sa.String(length=32), nullable=True))
    op.add_column("suppression", sa.Column("behind_at_ms", sa.BigInteger(), nullable=True))
    op.add_column("suppression", sa.Column("behind_source", sa.String(length=16), nullable=True))
    op.execute(
        f"""
        UPDATE suppression SET behind_reason = reason, behind_at_ms = at_ms, behind_source = source,
            reason = 'opted_out', at_ms = ({_SAID_LAST}), source = 'person'
        WHERE reason NOT IN ('opted_out', 'unsubscribed') AND EXISTS ({_SAID_LAST})
        """  # noqa: S608 - nothing of anybody's in it
    )
