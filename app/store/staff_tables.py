"""What staff are told, where it goes, and what became of it; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from app.store.tables import metadata
from app.store.types import Instant, Key

staff_recipient = Table(
    "staff_recipient",
    metadata,
    Column("endpoint", String(64), primary_key=True),
    Column("address", String(1024), primary_key=True),  # "" = the endpoint itself: a webhook, a room
    Column("language", String(16), nullable=False),
    Column("severity", String(16), nullable=False),  # the least severe notice that goes there
    Column("person", String(200), nullable=True),  # the name of the user it belongs to
    Column("step", Integer, nullable=True),  # whose turn it is when a promise slips: 1 first
)

staff_notice = Table(
    "staff_notice",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("spell", String(200), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("details", JSON, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("acknowledged_at", Instant, nullable=True),
    Column("acknowledged_by", String(200), nullable=True),
    Column("cleared_at", Instant, nullable=True),  # what it told of is over
    UniqueConstraint("kind", "subject", "spell"),  # whoever is second finds it told
)

staff_delivery = Table(
    "staff_delivery",
    metadata,
    Column("notice_id", ForeignKey("staff_notice.id"), primary_key=True),
    Column("endpoint", String(64), primary_key=True),
    Column("address", String(1024), primary_key=True),
    Column("language", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("provider_id", String(200), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),  # hand-overs that nobody answered
    Column("at", Instant, nullable=False),
    Column("due_at", Instant, nullable=True),  # queued: not before; sending: the lease of whoever sends
    Index("ix_staff_delivery_due", "state", "due_at"),
)
"""The ledger of nudges: its key makes a second one of the same notice to the same place impossible."""
