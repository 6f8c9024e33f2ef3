"""Systems that report facts, and which of their webhooks were taken; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, String, Table

from app.store.tables import metadata
from app.store.types import Instant

fact_source = Table(
    "fact_source",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("saved_by", String(200), nullable=False),
)
"""What a system signs its webhooks with."""

fact_webhook = Table(
    "fact_webhook",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("message", String(200), primary_key=True),
    Column("at", Instant, nullable=False),
)
"""Those of the last minutes: taken once however often they come; older ones are refused for their time."""
