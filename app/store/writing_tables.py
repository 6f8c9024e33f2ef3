"""Drafts while they are written; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table

from app.store.tables import metadata
from app.store.types import Instant

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
