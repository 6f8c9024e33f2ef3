"""Answers to requests that carried an Idempotency-Key, so that a repeated one is answered and not done again."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from app.errors import Conflict, Invalid, Problem
from app.store.tables import idempotency

ABANDONED_AFTER: Final = timedelta(minutes=5)
"""A first request that never got its answer stored (the process died) blocks its key no longer than this."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    status: int
    headers: dict[str, str]
    body: bytes


def begin(connection: Connection, principal: str, key: str, fingerprint: bytes, now: datetime) -> StoredResponse | None:
    """None = go ahead, the key is now yours; otherwise the answer the first request got.

    Raise Invalid (code `idempotency_key_reused`) for another request under this key, Conflict (code
    `request_in_flight`) while the first one is being worked on, Conflict (code `answer_forgotten`) when its answer
    was forgotten with somebody's data.
    """
    mine = (idempotency.c.principal == principal) & (idempotency.c.key == key)
    row = connection.execute(select(idempotency).where(mine).with_for_update()).one_or_none()
    if row is not None and row.status is None and row.created_at + ABANDONED_AFTER < now:
        connection.execute(delete(idempotency).where(mine))
        row = None
    if row is None:
        connection.execute(
            insert(idempotency).values(principal=principal, key=key, fingerprint=fingerprint, created_at=now)
        )
        return None
    if not hmac.compare_digest(row.fingerprint, fingerprint):
        raise Invalid(
            Problem(
                "idempotency_key_reused",
                "This Idempotency-Key was used for a different request.",
                "Idempotency-Key",
                "Make a new key for every new request.",
            )
        )
    if row.status is None:
        raise Conflict(
            Problem(
                "request_in_flight",
                "The first request with this Idempotency-Key is still being worked on.",
                "Idempotency-Key",
                "Ask again with the same key in a second.",
            )
        )
    if row.response is None:
        raise Conflict(
            Problem(
                "answer_forgotten",
                "This was answered before; the answer was forgotten when a person's data was erased.",
                "Idempotency-Key",
                "Look how things stand before you do it again with a new key.",
            )
        )
    return StoredResponse(row.status, dict(row.headers or {}), row.response)


def finish(
    connection: Connection,
    principal: str,
    key: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    personal: bool = False,
) -> None:
    """`personal`: the answer may hold what people wrote or who they are."""
    mine = (idempotency.c.principal == principal) & (idempotency.c.key == key)
    kept = {"status": status, "headers": dict(headers), "response": body, "personal": personal}
    connection.execute(update(idempotency).where(mine).values(**kept))


def forget_personal(connection: Connection) -> None:
    """Of everybody: a body is not searched for names. What was done stays done, under its key."""
    held = idempotency.c.personal & idempotency.c.response.is_not(None)
    connection.execute(update(idempotency).where(held).values(response=None, headers={}))


def forget(connection: Connection, principal: str, key: str) -> None:
    """Free the key after a request that changed nothing and may be tried again (5xx)."""
    mine = (idempotency.c.principal == principal) & (idempotency.c.key == key) & idempotency.c.status.is_(None)
    connection.execute(delete(idempotency).where(mine))


def prune(connection: Connection, before: datetime) -> int:
    """Drop answers older than `before`; how many."""
    return connection.execute(delete(idempotency).where(idempotency.c.created_at < before)).rowcount
