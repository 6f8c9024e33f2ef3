"""The audit chain: append only, each row sealed by the hash of the one before.

hash = SHA-256(previous hash || canonical JSON of the row). The head (last number and hash) is kept a second
time in `schema_info`: it orders concurrent writers on PostgreSQL, and it shows when the tail was cut off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from app.clock import to_ms
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.tables import audit, schema_info
from app.store.upsert import insert_missing

GENESIS: Final = bytes(32)
_HEAD_KEY: Final = "audit_head"


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry; publish it elsewhere and a later `verify` can prove that nothing before it changed."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"

    @staticmethod
    def parse(text: str) -> Head:
        seq, _, digest = text.partition(":")
        return Head(int(seq), bytes.fromhex(digest))


@dataclass(frozen=True, slots=True)
class AuditRow:
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    body: dict[str, Any]
    hash: bytes


def append(
    connection: Connection, actor_name: str, action: str, subject: str, body: Mapping[str, object], now: datetime
) -> int:
    """Add one entry and return its number. The last act of the caller's transaction, never an address in `body`."""
    insert_missing(connection, schema_info, [{"key": _HEAD_KEY, "value": str(Head(0, GENESIS))}], ["key"])
    mine = schema_info.c.key == _HEAD_KEY
    before = Head.parse(connection.execute(select(schema_info.c.value).where(mine).with_for_update()).scalar_one())
    text = canonical(body)
    seq = before.seq + 1
    digest = _seal(before.hash, seq, to_ms(now), actor_name, action, subject, text)
    connection.execute(
        insert(audit).values(
            seq=seq,
            at=now,
            actor=actor_name,
            action=action,
            subject=subject,
            body=text,
            previous_hash=before.hash,
            hash=digest,
        )
    )
    connection.execute(update(schema_info).where(mine).values(value=str(Head(seq, digest))))
    return seq


def verify(connection: Connection, known: Head | None = None) -> int | None:
    """The number of the first entry that is missing, changed, moved or smuggled in; None = the chain is whole.

    `known` is a head written down earlier: it also finds a chain that was rewritten from some entry on.
    """
    previous = Head(0, GENESIS)
    rows = connection.execute(select(audit).order_by(audit.c.seq), execution_options={"yield_per": 1_000})
    for row in rows:
        expected = previous.seq + 1
        digest = _seal(previous.hash, row.seq, to_ms(row.at), row.actor, row.action, row.subject, row.body)
        if row.seq != expected or row.previous_hash != previous.hash or row.hash != digest:
            rows.close()
            return expected if row.seq > expected else int(row.seq)
        if known is not None and known.seq == expected and known.hash != digest:
            rows.close()
            return expected
        previous = Head(expected, digest)
    stored = head(connection)
    if stored != previous:
        return previous.seq + 1 if stored.seq > previous.seq else max(1, stored.seq)
    if known is not None and known.seq > previous.seq:
        return previous.seq + 1
    return None


def head(connection: Connection) -> Head:
    """`Head(0, GENESIS)` before the first entry."""
    value = connection.execute(select(schema_info.c.value).where(schema_info.c.key == _HEAD_KEY)).scalar_one_or_none()
    return Head(0, GENESIS) if value is None else Head.parse(value)


def page(
    connection: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT, subject: str | None = None
) -> Page[AuditRow]:
    """Newest first."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(check_limit(limit) + 1)
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(audit.c.seq < before)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    return cut_page(connection.execute(query).all(), limit, _row, lambda row: row.seq)


def actors(
    connection: Connection, subject: str, actions: Collection[str], since: datetime | None = None
) -> frozenset[str]:
    """Who has done any of these to it, from a moment on."""
    mine = (audit.c.subject == subject) & audit.c.action.in_(sorted(actions))
    if since is not None:
        mine &= audit.c.at >= since
    return frozenset(connection.scalars(select(audit.c.actor).where(mine).distinct()))


def find(connection: Connection, seq: int) -> AuditRow | None:
    row = connection.execute(select(audit).where(audit.c.seq == seq)).one_or_none()
    return None if row is None else _row(row)


def canonical(value: Mapping[str, object]) -> str:
    """JSON with sorted keys and no spaces: the same value always gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _seal(previous: bytes, seq: int, at_ms: int, actor: str, action: str, subject: str, body: str) -> bytes:
    row = {"seq": seq, "at": at_ms, "actor": actor, "action": action, "subject": subject, "body": body}
    return hashlib.sha256(previous + canonical(row).encode()).digest()


def _row(row: Row[Any]) -> AuditRow:
    return AuditRow(row.seq, row.at, row.actor, row.action, row.subject, json.loads(row.body), row.hash)
