"""What spares people; migrations/ must produce exactly this. Times are milliseconds since 1970 UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from app.store.tables import metadata

courtesy = Table(
    "courtesy",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("quiet_begins", Integer, nullable=True),  # minutes of the day, by each reader's own clock
    Column("quiet_ends", Integer, nullable=True),
    Column("quiet_media", String(64), nullable=True),  # codes, separated by commas
    Column("zone", String(64), nullable=True),  # of addresses that belong to nobody
    Column("most_a_day", Integer, nullable=True),
    Column("first_media", String(64), nullable=True),  # codes, the first choice first
    Column("asked_media", String(64), nullable=True),  # codes: among them people's own choice comes first
)
"""Only of broadcasts that hold somebody back: for all others the engine does not even look."""

quiet_wait = Table(
    "quiet_wait",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("until_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("people", Integer, nullable=False),  # deliveries put off until then
    sqlite_with_rowid=False,
)
"""Counters beside the rows in `due`, so that progress and ETA need no scan; what is past counts for nothing."""
