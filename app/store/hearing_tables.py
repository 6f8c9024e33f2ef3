"""What people write back, and what they wish of us; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from app.store.tables import metadata
from app.store.types import Key

inbound = Table(
    "inbound",
    metadata,
    Column("id", Key, primary_key=True),
    Column("endpoint", Integer, nullable=False),
    Column("event_hash", LargeBinary(16), nullable=False),
    Column("address_id", ForeignKey("address.id"), nullable=False),
    Column("medium", Integer, nullable=False),
    Column("keyword", String(16), nullable=False),  # "" = a message for people
    Column("effect", String(32), nullable=False),  # what the keyword did, by its named reason
    Column("words", LargeBinary, nullable=True),  # sealed; NULL = a keyword, or forgotten
    Column("language", String(35), nullable=False),  # in which they are answered
    Column("broadcast", BigInteger, nullable=True),  # the last one this address had got
    Column("heard_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=True),
    Column("seen_by", String(200), nullable=True),
    Column("handled_ms", BigInteger, nullable=True),
    Column("handled_by", String(200), nullable=True),
    Column("answer", String(16), nullable=False),  # "" = none
    Column("answer_state", String(16), nullable=False),  # none | queued | sending | accepted | failed | unknown
    Column("answer_reason", String(64), nullable=False),
    Column("answer_due_ms", BigInteger, nullable=True),  # queued: not before; sending: the lease of whoever sends
    Column("answer_attempts", Integer, nullable=False),
    Column("provider_id", String(200), nullable=False),
    UniqueConstraint("endpoint", "event_hash"),
    Index("ix_inbound_answer", "answer_state", "answer_due_ms"),
    Index("ix_inbound_waiting", "keyword", "handled_ms", "id"),
    Index("ix_inbound_of", "address_id", "heard_ms"),
)
"""One row a message, and at most one answer to each: the row is the answer's place in the queue too."""

address_wish = Table(
    "address_wish",
    metadata,
    Column("address_id", ForeignKey("address.id"), primary_key=True),
    Column("wish", String(16), nullable=False),  # less
    Column("at_ms", BigInteger, nullable=False),
)
"""What the people behind an address asked for by a word of their own, until they ask for something else."""
