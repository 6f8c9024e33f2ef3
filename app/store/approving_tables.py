"""What is known about approvals beside the update itself; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Integer, String, Table

from app.store.tables import metadata
from app.store.types import Instant

approval_look = Table(
    "approval_look",
    metadata,
    Column("update_id", ForeignKey("crisis_update.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), primary_key=True),
    Column("at", Instant, nullable=False),
)
"""When each approver opened these very words for the first time."""

holding_approval = Table(
    "holding_approval",
    metadata,
    Column("playbook", String(64), primary_key=True),
    Column("person", ForeignKey("user_account.id"), primary_key=True),  # the first account of whoever approved
    Column("user_id", ForeignKey("user_account.id"), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("review_on", Date, nullable=False),
    Column("at", Instant, nullable=False),
)
"""Who has approved the first words of a playbook in advance, and of which sentences."""

holding_use = Table(
    "holding_use",
    metadata,
    Column("update_id", ForeignKey("crisis_update.id"), primary_key=True),
    Column("playbook", String(64), nullable=False),
    Column("sentences_hash", String(64), nullable=False),  # of the sentences it was filled from
    Column("content_hash", String(64), nullable=False),  # of the words as they were filled
    Column("at", Instant, nullable=False),
)
"""Drafts that are nothing but such sentences with their values filled in."""
