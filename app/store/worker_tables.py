"""What workers on several machines share besides the ledger: how fast each endpoint may be used."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, Table

from app.store.tables import metadata

pace = Table(
    "pace",
    metadata,
    Column("endpoint", ForeignKey("endpoint.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("rate", Float, nullable=False),  # recipients a second: falls on 429, creeps back to the endpoint's own
    Column("tokens", Float, nullable=False),
    Column("at_ms", BigInteger, nullable=False),  # the moment `rate` and `tokens` are true of
    Column("throttled_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),  # compare-and-set
)
