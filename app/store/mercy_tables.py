"""What the engine's workers share about restraint; migrations/ must produce exactly this.

Times are milliseconds since 1970 UTC, as in ledger_tables.py.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from app.store.tables import metadata

_COUNTS = ("settled", "words", "addresses", "undelivered")

halt_mark = Table(
    "halt_mark",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("endpoint", Integer, primary_key=True, autoincrement=False),
    *(Column(f"begin_{name}", Integer, nullable=False) for name in _COUNTS),
    *(Column(f"half_{name}", Integer, nullable=False) for name in _COUNTS),
    Column("begin_ms", BigInteger, nullable=False),
    Column("half_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Where the window of outcomes begins that may halt a broadcast; moves on as outcomes come, and when staff resume."""

breaker = Table(
    "breaker",
    metadata,
    Column("endpoint", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),  # closed | open; an open one whose time is over is half-open
    Column("reason", String(64), nullable=False),
    Column("since_ms", BigInteger, nullable=False),  # of this state; failover counts from here
    Column("until_ms", BigInteger, nullable=False),  # open: nothing is tried before
    Column("probe_until_ms", BigInteger, nullable=False),  # one worker is trying until then
    Column("changed_ms", BigInteger, nullable=False),
    Column("trial_ms", BigInteger, nullable=False),  # when it was last lent a delivery of those it had lost
)

detour = Table(
    "detour",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("address_id", BigInteger, primary_key=True, autoincrement=False),
    Column("endpoint", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Deliveries that were tried at their shard's endpoint and go on at this other one; they count there."""
