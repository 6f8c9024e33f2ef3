"""Drafts while they are written; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, String, Table, Text

from app.store.tables import metadata
from app.store.types import Instant, Key

draft_edit = Table(
    "draft_edit",
    metadata,
    Column("update_id", ForeignKey("crisis_update.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("document", JSON, nullable=False),
    Column("written_by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
)
"""What a draft said under each of its last revisions, and who wrote it: two who write at once are told apart by it."""

vouching = Table(
    "vouching",
    metadata,
    Column("update_id", ForeignKey("crisis_update.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("how", String(16), nullable=False),
    Column("vouched_by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", String(35), nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("waived_hash", String(64), nullable=True),
    Column("waived_by", String(200), nullable=True),
    Column("waived_reason", Text, nullable=True),
)
"""Who answers for the words of an update in a language, and which words of the source they had before them."""

text_vouching = Table(
    "text_vouching",
    metadata,
    Column("update_id", ForeignKey("crisis_update.id"), primary_key=True),
    Column("audience", String(64), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("how", String(16), nullable=False),
    Column("vouched_by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", String(35), nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("waived_hash", String(64), nullable=True),
    Column("waived_by", String(200), nullable=True),
    Column("waived_reason", Text, nullable=True),
)
"""The same of its other words for parts of the audience."""

waiting_reader = Table(
    "waiting_reader",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("medium", Integer, primary_key=True, autoincrement=False),
    Column("address_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(35), nullable=False),
    Column("area", String(200), nullable=False),
)
"""Who waits for the words of a broadcast in their own language; set aside while the audience is listed."""

waiting_language = Table(
    "waiting_language",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(35), primary_key=True),
    Column("readers", Integer, nullable=False),
    Column("taken_by", BigInteger, nullable=True),
)
"""How many deliveries wait in each language, and which broadcast brings them: one at most, so nobody gets it twice."""

translation_task = Table(
    "translation_task",
    metadata,
    Column("id", Key, primary_key=True),
    Column("update_id", ForeignKey("crisis_update.id"), nullable=False, index=True),
    Column("language", String(35), nullable=False),
    Column("source", String(35), nullable=False),
    Column("source_words", JSON, nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("asked_by", String(200), nullable=False),
    Column("asked_user", Key, nullable=True),
    Column("asked_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("revoked_at", Instant, nullable=True),
    Column("done_at", Instant, nullable=True),
    Column("done_by", String(200), nullable=True),
)
"""A translation somebody without an account was asked for, of exactly these words."""
