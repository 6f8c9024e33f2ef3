"""What people agreed to hear; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from app.store.tables import metadata
from app.store.types import Instant, Key

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

sign_up = Table(
    "sign_up",
    metadata,
    Column("id", Key, primary_key=True),
    Column("medium", Integer, nullable=False),
    Column("value", String(1024), nullable=True),  # NULL once nobody needs it any more
    Column("value_hash", LargeBinary(16), nullable=False),
    Column("network", LargeBinary(16), nullable=True),  # keyed: where it came from, for a day
    Column("neighbours", LargeBinary(16), nullable=True),  # keyed: the thousand numbers it is one of
    Column("language", String(35), nullable=False),
    Column("area", String(64), nullable=False),
    Column("topics", JSON, nullable=False),
    Column("text_version", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # as of a nudge, or refused
    Column("reason", String(64), nullable=False),
    Column("endpoint", String(64), nullable=False),
    Column("provider_id", String(200), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("due_at", Instant, nullable=True),  # queued: not before; sending: the lease of whoever sends
    Column("sent_at", Instant, nullable=True),
    Column("confirmed_at", Instant, nullable=True),
    Column("beside", BigInteger, nullable=True),  # address whose holder asked for it, by their personal link
    Index("ix_sign_up_due", "state", "due_at"),
    Index("ix_sign_up_network", "network", "at"),
    Index("ix_sign_up_value_hash", "value_hash", "sent_at"),
    Index("ix_sign_up_neighbours", "neighbours", "sent_at"),
    Index("ix_sign_up_at", "at"),
)
"""Who asked to be written to, and the one confirmation each gets: a delivery like any other. Not a subscriber yet."""
