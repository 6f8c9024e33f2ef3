"""A repeated request is answered, not done again."""

from __future__ import annotations

from datetime import datetime

from app.store import idempotency
from app.store.database import Database
from app.store.idempotency import StoredResponse


def begin_request(db: Database, principal: str, key: str, fingerprint: bytes, now: datetime) -> StoredResponse | None:
    """None = do it; otherwise the stored answer. Raises as `store.idempotency.begin`."""
    with db.writing() as tx:
        return idempotency.begin(tx, principal, key, fingerprint, now)


def finish_request(db: Database, principal: str, key: str, answer: StoredResponse, *, personal: bool = False) -> None:
    """`personal`: forgotten as soon as anybody is erased."""
    with db.writing() as tx:
        idempotency.finish(tx, principal, key, answer.status, answer.headers, answer.body, personal=personal)


def forget_request(db: Database, principal: str, key: str) -> None:
    """Free the key after a request that changed nothing and may be tried again."""
    with db.writing() as tx:
        idempotency.forget(tx, principal, key)
