"""Who has seen to what in a crisis, and what one shift tells the next; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table, Text

from app.store.tables import metadata
from app.store.types import Instant, Key

crisis_check = Table(
    "crisis_check",
    metadata,
    Column("crisis", ForeignKey("crisis.slug"), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("actor", String(200), nullable=False),
    Column("at", Instant, nullable=False),
)
"""What of the role checklist is done; what is not there is open."""

handover = Table(
    "handover",
    metadata,
    Column("id", Key, primary_key=True),
    Column("crisis", ForeignKey("crisis.slug"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("text", Text, nullable=False),
)
