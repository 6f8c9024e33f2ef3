"""What the link checker found; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from app.store.tables import metadata
from app.store.types import Instant

link_check = Table(
    "link_check",
    metadata,
    Column("url_hash", LargeBinary(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("status", Integer, nullable=False),
    Column("checked_at", Instant, nullable=False),
    Column("failing_since", Instant, nullable=True),
)
"""The last word about each address. The hash is SHA-256: an address may be longer than an index likes."""

link_run = Table(
    "link_run",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("begun_at", Instant, nullable=False),
)
"""One row: when all links were looked at last, by whichever process."""
