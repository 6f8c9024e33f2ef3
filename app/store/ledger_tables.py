"""The ledger's schema: plain rows, integer keys, no arrays, no JSON, the same on both databases.

Times are integers, milliseconds since 1970 UTC (the column ends in `_ms`), because the ledger compares and adds
them in SQL. A *delivery* is not a table: it is a view over recipient, shard, outcome, due and receipt_state;
`domain.delivery.state_of` says how, `store.deliveries` says the same in SQL. On PostgreSQL the tables that grow
with the audience have weekly parts: see store.partitions.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.store.tables import metadata
from app.store.types import Key

address = Table(
    "address",
    metadata,
    Column("id", Key, primary_key=True),
    Column("medium", Integer, nullable=False),
    Column("value", String(1024), nullable=True),  # NULL = erased; the row stays so that counts stay true
    Column("value_hash", LargeBinary(16), nullable=False),  # keyed, see store.addresses
    UniqueConstraint("medium", "value_hash"),
)

_ERASED = address.c.value.is_(None)
Index("ix_address_erased", address.c.id, sqlite_where=_ERASED, postgresql_where=_ERASED)
"""Few among a million, so that whoever counts whom a message reaches need not look at the others."""

shared_address = Table(
    "shared_address",
    metadata,
    Column("address_id", ForeignKey("address.id"), primary_key=True),
    sqlite_with_rowid=False,
)
"""Those that several people have, see store.sharers."""

suppression = Table(
    "suppression",
    metadata,
    Column("address_id", ForeignKey("address.id"), primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("source", String(16), nullable=True),  # who says so: person | provider | staff; see store.addresses
    Column("behind_reason", String(32), nullable=True),  # what stays when the person's own STOP is taken back
    Column("behind_at_ms", BigInteger, nullable=True),
    Column("behind_source", String(16), nullable=True),
    Index("ix_suppression_at", "at_ms"),
)

broadcast = Table(
    "broadcast",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),  # time-ordered: milliseconds << 10
    Column("update_id", ForeignKey("crisis_update.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("crisis", String(64), nullable=False, index=True),
    Column("state", String(16), nullable=False),  # staging ready sending paused stopping cancelling ended cancelled
    Column("drill", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("corrects", BigInteger, nullable=True),  # the broadcast whose words were wrong
    Column("staged_subscriber", BigInteger, nullable=False),  # cursor of the resumable staging
    Column("staged_shard", BigInteger, nullable=False),  # the same among the addresses that several people share
    Column("stage_total", Integer, nullable=False),  # subscribers to look at, for the progress bar
    Column("sent_ms", BigInteger, nullable=True),
    Column("expires_ms", BigInteger, nullable=True),
    Column(
        "site_confirmed_ms", BigInteger, nullable=True
    ),  # read back; NULL after the bound = no link in short messages
    Column("site_bound_ms", BigInteger, nullable=True),
    Column("canary", Float, nullable=False),  # how many go first alone: a count from 1 up, a share below 1, 0 = all
    Column("canary_wait_ms", BigInteger, nullable=False),
    Column("canary_until_ms", BigInteger, nullable=True),  # while set, only shards with `canary` may be claimed
    Column("forgotten", Integer, nullable=False),  # 1 = only the totals are left, see store.retention
    Column("other_language", String(35), nullable=True),  # of who reads none of its languages; "" = nothing is sent
    Column("minor_news", Integer, nullable=False, server_default="0"),  # 1 = held back from who asked for LESS
)

recipient = Table(
    "recipient",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("address_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(16), nullable=False),
    Column("variant", Integer, nullable=False),
    Column("area", String(64), nullable=False, server_default=""),  # as staged; which matter is asked when composing
    postgresql_partition_by="RANGE (broadcast)",
    sqlite_with_rowid=False,
)

listed = Table(
    "listed",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("variant", Integer, primary_key=True, autoincrement=False),
    Column("language", String(16), primary_key=True),
    Column("recipients", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""The frozen audience, counted while it was cut into shards."""

shard = Table(
    "shard",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("first_address", BigInteger, nullable=False),
    Column("last_address", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("endpoint", Integer, nullable=False),
    Column("home", Integer, nullable=False),  # the endpoint it was staged for; another one while that is down
    Column("canary", Integer, nullable=False),  # 1 = goes first alone
    Column("lane", Integer, nullable=False),
    Column("wave_offset_ms", BigInteger, nullable=False),
    Column("not_before_ms", BigInteger, nullable=True),  # NULL = not released yet
    Column("owner", String(64), nullable=True),
    Column("fence", Integer, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("watermark", BigInteger, nullable=False),  # the last admitted address id
    Column("admitted", Integer, nullable=False),
    Column(
        "rest_state", String(16), nullable=True
    ),  # what became of the never-admitted rest: cancelled | superseded | expired
    Column("accepted", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("filtered", Integer, nullable=False),  # of `failed`, those refused for the words
    Column("suppressed", Integer, nullable=False),
    Column("superseded", Integer, nullable=False),
    Column("expired", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("dead", Integer, nullable=False),
    Column("retrying", Integer, nullable=False),  # rows of this shard in `due` waiting for another attempt
    Column("returned", Integer, nullable=False),  # rows in `due` that were admitted but never asked about
    Column("unsure", Integer, nullable=False),  # rows in `due` whose last attempt is unknown
    Index("ix_shard_claim", "endpoint", "rest_state", "lane", "not_before_ms"),
    Index("ix_shard_by_address", "broadcast", "medium", "first_address"),
    sqlite_with_rowid=False,
)

outcome = Table(
    "outcome",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("address_id", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("result", String(16), primary_key=True),  # one attempt may be unknown first and accepted later
    Column("endpoint", Integer, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("provider_id", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(
        "ix_outcome_over",  # few of many: the page of failures must not look at everybody
        "broadcast",
        "medium",
        "address_id",
        "reason",
        sqlite_where=text("result IN ('failed', 'dead')"),
        postgresql_where=text("result IN ('failed', 'dead')"),
    ),
    Index(
        "ix_outcome_suppressed",  # why, counted without looking at anybody else
        "broadcast",
        "reason",
        sqlite_where=text("result = 'suppressed'"),
        postgresql_where=text("result = 'suppressed'"),
    ),
    postgresql_partition_by="RANGE (broadcast)",
    sqlite_with_rowid=False,
)

due = Table(
    "due",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("address_id", BigInteger, primary_key=True, autoincrement=False),
    Column("shard", Integer, nullable=False),
    Column("endpoint", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),  # attempts made so far
    Column("why", String(16), nullable=False),  # retry | returned | unknown
    Column("reason", String(64), nullable=False),
    Column("due_ms", BigInteger, nullable=True),  # NULL = waits for a person or a receipt
    Column("asked", Integer, nullable=False),  # searches made at the provider
    Column("since_ms", BigInteger, nullable=False),
    Column("owner", String(64), nullable=True),
    Column("fence", Integer, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
    Index("ix_due_when", "endpoint", "due_ms"),
    Index("ix_due_owner", "owner", sqlite_where=text("owner IS NOT NULL"), postgresql_where=text("owner IS NOT NULL")),
    sqlite_with_rowid=False,
)

receipt = Table(
    "receipt",
    metadata,
    Column("id", Key, primary_key=True),
    Column("broadcast", BigInteger, nullable=False),
    Column("endpoint", Integer, nullable=False),
    Column("event_hash", LargeBinary(16), nullable=False),
    Column("medium", Integer, nullable=False),
    Column("address_id", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("provider_id", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),  # by the provider's clock
    Column("heard_ms", BigInteger, nullable=False),  # by ours
    Column("raw", Text, nullable=False),  # as received, addresses masked
    Column("applied", String(32), nullable=True),  # NULL = waiting; else the named reason of what it did
    UniqueConstraint("broadcast", "endpoint", "event_hash"),
    Index("ix_receipt_waiting", "applied", "id"),
)

receipt_state = Table(
    "receipt_state",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("address_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    postgresql_partition_by="RANGE (broadcast)",
    sqlite_with_rowid=False,
)

receipt_count = Table(
    "receipt_count",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("endpoint", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("deliveries", Integer, nullable=False),
    sqlite_with_rowid=False,
)
