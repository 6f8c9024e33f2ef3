"""Schedules, what fired of them, and the updates that were planned by it; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from app.store.tables import metadata
from app.store.types import Instant, Key

schedule = Table(
    "schedule",
    metadata,
    Column("id", Key, primary_key=True),
    Column("slug", String(64), nullable=False, unique=True),
    Column("document", JSON, nullable=False),
    Column("crisis", String(64), nullable=True, index=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("next_at", Instant, nullable=True),  # the first slot not dealt with
    Column("wake_at", Instant, nullable=True),  # next_at, or earlier where staff are asked first
    Column("fired", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("approved_at", Instant, nullable=True),
    Column("approved_by", Integer, nullable=True),  # a user
    Column("approved_hash", String(64), nullable=True),  # of what may go by itself
    Index("ix_schedule_wake", "state", "wake_at"),
)

occurrence = Table(
    "occurrence",
    metadata,
    Column("id", Key, primary_key=True),
    Column("schedule_id", ForeignKey("schedule.id", ondelete="CASCADE"), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("schedule_id", "due_at"),  # whoever is second finds it fired
)

planned = Table(
    "planned_update",
    metadata,
    Column("id", Key, primary_key=True),
    Column("occurrence_id", ForeignKey("occurrence.id", ondelete="CASCADE"), nullable=False),
    Column("crisis", ForeignKey("crisis.slug"), nullable=False, index=True),
    Column("update_id", ForeignKey("crisis_update.id"), nullable=True),
    Column("revision", Integer, nullable=False),  # of the draft: another one means that somebody edited it
    Column("due_at", Instant, nullable=False),
    Column("act_at", Instant, nullable=True),  # when it is looked at next; NULL = never again
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("digest", String(64), nullable=False),  # of the words before “nothing has changed”
    Column("approver", Integer, nullable=True),  # a user: who confirmed, or approved in advance
    Column("answered_by", String(200), nullable=True),
    Column("answered_at", Instant, nullable=True),
    UniqueConstraint("occurrence_id", "crisis"),
    Index("ix_planned_update_act", "act_at"),
)

scheduler = Table(
    "scheduler",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1: there is one clock of schedules
    Column("ticked_at", Instant, nullable=False),
    Column("paused_at", Instant, nullable=True),
    Column("reason", String(64), nullable=False),
)
