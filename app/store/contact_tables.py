"""What is reported about contact channels while they work; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table

from app.store.tables import metadata
from app.store.types import Instant

contact_live = Table(
    "contact_live",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("wait_minutes", Integer, nullable=True),
    Column("waited_at", Instant, nullable=True),
    Column("staffed", Boolean, nullable=True),
    Column("staffed_at", Instant, nullable=True),
    Column("staffed_since", Instant, nullable=True),
)
"""The last word about each channel."""

contact_wait = Table(
    "contact_wait",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("slot", Instant, primary_key=True),
    Column("minutes", Integer, nullable=False),
)
"""One wait in every five minutes at most, for the best times."""

contact_presence = Table(
    "contact_presence",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("begins", Instant, primary_key=True),
    Column("ends", Instant, nullable=False),
    Column("staffed", Boolean, nullable=False),
)
"""Runs of reports that said the same, for the kept hours."""

contact_secret = Table(
    "contact_secret",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""What the channel's own system signs its webhooks with."""
