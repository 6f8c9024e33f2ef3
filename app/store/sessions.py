"""Where people are signed in, the browsers they are known by, and wrong guesses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from app.store.account_tables import known_device, session, sign_in_failure
from app.store.upsert import insert_or_update


@dataclass(frozen=True, slots=True)
class SessionRow:
    """Without its secret."""

    id: int
    user_id: int
    agent: str
    """What the browser calls itself; at most 200 characters."""
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None


_SHOWN = (
    session.c.id, session.c.user_id, session.c.agent, session.c.created_at, session.c.seen_at, session.c.expires_at,
    session.c.confirmed_at, session.c.ended_at,
)  # fmt: skip


def add(
    connection: Connection,
    user_id: int,
    secret_hash: bytes,
    agent: str,
    now: datetime,
    expires_at: datetime,
    confirmed_at: datetime | None,
) -> SessionRow:
    values = {
        "user_id": user_id, "secret_hash": secret_hash, "agent": agent[:200], "created_at": now, "seen_at": now,
        "expires_at": expires_at, "confirmed_at": confirmed_at,
    }  # fmt: skip
    key = connection.execute(insert(session).values(**values).returning(session.c.id)).scalar_one()
    return SessionRow(key, user_id, agent[:200], now, now, expires_at, confirmed_at, None)


def presented(connection: Connection, secret_hash: bytes) -> SessionRow | None:
    """Also one that is over."""
    row = connection.execute(select(*_SHOWN).where(session.c.secret_hash == secret_hash)).one_or_none()
    return None if row is None else SessionRow(*row)


def get(connection: Connection, session_id: int) -> SessionRow | None:
    row = connection.execute(select(*_SHOWN).where(session.c.id == session_id)).one_or_none()
    return None if row is None else SessionRow(*row)


def confirm(connection: Connection, session_id: int, now: datetime) -> None:
    """Its owner has just proved with a code that it is they."""
    values = {"seen_at": now, "confirmed_at": now}
    connection.execute(update(session).where(session.c.id == session_id).values(**values))


def see(connection: Connection, session_id: int, now: datetime) -> None:
    connection.execute(update(session).where(session.c.id == session_id).values(seen_at=now))


def end(connection: Connection, session_id: int, now: datetime) -> None:
    """Ending twice keeps the first time."""
    mine = (session.c.id == session_id) & session.c.ended_at.is_(None)
    connection.execute(update(session).where(mine).values(ended_at=now))


def end_all(connection: Connection, user_id: int, now: datetime, *, but: int | None = None) -> int:
    """How many there were."""
    mine = (session.c.user_id == user_id) & session.c.ended_at.is_(None) & (session.c.expires_at > now)
    if but is not None:
        mine &= session.c.id != but
    return connection.execute(update(session).where(mine).values(ended_at=now)).rowcount


def open_ones(connection: Connection, now: datetime, user_id: int | None = None) -> list[SessionRow]:
    """Those that were neither ended nor reached their end, the last seen first; of one user or of everybody."""
    query = select(*_SHOWN).where(session.c.ended_at.is_(None), session.c.expires_at > now)
    if user_id is not None:
        query = query.where(session.c.user_id == user_id)
    return [SessionRow(*row) for row in connection.execute(query.order_by(session.c.seen_at.desc()).limit(200))]


def prune(connection: Connection, before: datetime) -> int:
    """Drop sessions and failures that were over before this; how many sessions."""
    connection.execute(delete(sign_in_failure).where(sign_in_failure.c.last_at < before))
    return connection.execute(delete(session).where(session.c.expires_at < before)).rowcount


def know_device(connection: Connection, user_id: int, secret_hash: bytes, now: datetime) -> None:
    row = {"user_id": user_id, "secret_hash": secret_hash, "seen_at": now}
    insert_or_update(connection, known_device, [row], ["user_id", "secret_hash"], ["seen_at"])


def knows_device(connection: Connection, user_id: int, secret_hash: bytes) -> bool:
    mine = (known_device.c.user_id == user_id) & (known_device.c.secret_hash == secret_hash)
    return connection.execute(select(known_device.c.user_id).where(mine)).first() is not None


def forget_devices(connection: Connection, user_id: int) -> None:
    connection.execute(delete(known_device).where(known_device.c.user_id == user_id))


def failures(connection: Connection, bucket: bytes) -> tuple[int, datetime] | None:
    """How many wrong guesses, and when the last one was."""
    row = connection.execute(select(sign_in_failure).where(sign_in_failure.c.bucket == bucket)).one_or_none()
    return None if row is None else (row.failures, row.last_at)


def note_failure(connection: Connection, bucket: bytes, count: int, now: datetime) -> None:
    row = {"bucket": bucket, "failures": count, "last_at": now}
    insert_or_update(connection, sign_in_failure, [row], ["bucket"], ["failures", "last_at"])


def forgive(connection: Connection, bucket: bytes) -> None:
    connection.execute(delete(sign_in_failure).where(sign_in_failure.c.bucket == bucket))
