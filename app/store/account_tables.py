"""How people prove who they are: what they know, what they have, where they are signed in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from app.store.tables import metadata
from app.store.types import Instant, Key

credential = Table(
    "credential",
    metadata,
    Column("user_id", ForeignKey("user_account.id"), primary_key=True),
    Column("email", String(320), nullable=False),  # "" = none
    Column("person", ForeignKey("user_account.id"), nullable=True),  # this person's first account; None = this one
    Column("local", Boolean, nullable=False),  # the break-glass account: whoever has a shell on the host
    Column("password_hash", Text, nullable=True),
    Column("password_at", Instant, nullable=True),
    Column("totp_secret", LargeBinary, nullable=True),  # sealed
    Column("totp_at", Instant, nullable=True),
    Column("totp_step", BigInteger, nullable=False),  # the last one used: a code counts once
)

email_owner = Table(
    "email_owner",
    metadata,
    Column("email_hash", LargeBinary, primary_key=True),
    Column("person", ForeignKey("user_account.id"), nullable=False),
)
"""Every address a person of staff ever had, so that whoever comes back under another name is known again."""

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("user_id", ForeignKey("user_account.id"), primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
    Column("used_at", Instant, nullable=True),
)

invitation = Table(
    "invitation",
    metadata,
    Column("id", Key, primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), nullable=False, index=True),
    Column("purpose", String(16), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=True),  # or taken back
)

session = Table(
    "session",
    metadata,
    Column("id", Key, primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("agent", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),  # whatever happens
    Column("confirmed_at", Instant, nullable=True),  # the last code; None = the password was right, the code is missing
    Column("ended_at", Instant, nullable=True),
    Index("ix_session_user", "user_id", "ended_at"),
)

known_device = Table(
    "known_device",
    metadata,
    Column("user_id", ForeignKey("user_account.id"), primary_key=True),
    Column("secret_hash", LargeBinary, primary_key=True),
    Column("seen_at", Instant, nullable=False),
)
"""Browsers somebody has signed in with: strangers' wrong guesses do not slow these down."""

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("bucket", LargeBinary, primary_key=True),  # keyed hash of a name, a network address or a device
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)
