"""Where the website is published and what visitors find there; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from app.store.tables import metadata
from app.store.types import Instant, Key

target = Table(
    "target",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("secrets", LargeBinary, nullable=False),
    Column("public_url", Text, nullable=False),
    Column("revision", Integer, nullable=False),
)

target_state = Table(
    "target_state",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("placed_at", Instant, nullable=True),
    Column("held", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("error", String(300), nullable=False),
    Column("failing_since", Instant, nullable=True),
    Column("note", String(300), nullable=False),
)
"""No foreign key: the folder of each machine has no row in `target`."""

read_back = Table(
    "read_back",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("detail", String(300), nullable=False),
    Column("looked_at", Instant, nullable=False),
    Column("since", Instant, nullable=True),  # when the verdict stopped being "as published"; NULL = it is
    Column("skew", Float, nullable=True),  # seconds its clock is ahead of ours; NULL = it does not tell
)
"""The last look at each public address."""

page_check = Table(
    "page_check",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("url_hash", LargeBinary(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("detail", String(300), nullable=False),
    Column("checked_at", Instant, nullable=False),
    Column("since", Instant, nullable=True),
    Column("looks", Integer, nullable=False),  # with this verdict, one after the other
)
"""The last look at each page that should carry the script tag. The hash is SHA-256 of the address."""

preview_link = Table(
    "preview_link",
    metadata,
    Column("id", Key, primary_key=True),
    Column("update_id", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("site", String(64), nullable=False),
    Column("document", JSON, nullable=False),  # the words as they were: a draft keeps none of its earlier revisions
    Column("until", Instant, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("revoked_at", Instant, nullable=True),
    Index("ix_preview_link_update_id", "update_id"),
)

revoked_pass = Table(
    "revoked_pass",
    metadata,
    Column("pass_hash", LargeBinary(32), primary_key=True),
    Column("until", Instant, nullable=False),
    Column("revoked_by", String(200), nullable=False),
    Column("revoked_at", Instant, nullable=False),
)
"""Passes of open links that were taken back before their end; the hash is SHA-256 of the pass."""
