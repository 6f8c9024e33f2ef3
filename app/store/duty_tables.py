"""Who does what among the processes that share a database, and how far they have come."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from app.store.tables import metadata

duty = Table(
    "duty",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("done_ms", BigInteger, nullable=True),  # when it was last carried out; NULL = never, or not noted
    sqlite_with_rowid=False,
)

worker = Table(
    "worker",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

poll = Table(
    "poll",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("endpoint", Integer, primary_key=True, autoincrement=False),
    Column("round", Integer, nullable=False),  # rounds begun
    Column("after_address", BigInteger, nullable=False),  # how far the present round has come
    Column("due_ms", BigInteger, nullable=True),  # NULL = nothing more is asked
    Index("ix_poll_due", "due_ms"),
    sqlite_with_rowid=False,
)
