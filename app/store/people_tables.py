"""What people agreed to hear; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from app.store.tables import metadata
from app.store.types import Key

consent = Table(
    "consent",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("topic", String(64), primary_key=True),  # "" = whatever comes by this medium
    Column("granted", Boolean, nullable=False),
    Column("how", String(16), nullable=False),
    Column("text_version", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("said_by", String(200), nullable=False),
    sqlite_with_rowid=False,
)
"""What holds now; whoever never said anything has no row."""

consent_said = Table(
    "consent_said",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscriber_id", BigInteger, nullable=False),
    Column("medium", Integer, nullable=False),
    Column("topic", String(64), nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("how", String(16), nullable=False),
    Column("text_version", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("said_by", String(200), nullable=False),
    Index("ix_consent_said_subscriber", "subscriber_id", "id"),
)
"""Every statement, append only: the proof."""
