"""The last word about each link, and when all were looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update

from app.domain.link_checks import LinkCheck, LinkReason, LinkState
from app.store.link_tables import link_check, link_run
from app.store.upsert import insert_missing, insert_or_update

_RUN: Final = 1
_NAMES: Final = ("state", "reason", "status", "checked_at", "failing_since")


def everything(connection: Connection) -> Mapping[str, LinkCheck]:
    """By address, in the order of addresses."""
    rows = connection.execute(select(link_check).order_by(link_check.c.url))
    return {row.url: _check(row) for row in rows}


def dead(connection: Connection) -> frozenset[str]:
    query = select(link_check.c.url).where(link_check.c.state == LinkState.DEAD.value)
    return frozenset(connection.execute(query).scalars())


def record(connection: Connection, checks: Iterable[LinkCheck]) -> None:
    rows = [
        {
            "url_hash": _hash(one.url),
            "url": one.url,
            "state": one.state.value,
            "reason": one.reason.value,
            "status": one.status,
            "checked_at": one.checked_at,
            "failing_since": one.failing_since,
        }
        for one in checks
    ]
    insert_or_update(connection, link_check, rows, ["url_hash"], _NAMES)


def forget(connection: Connection, urls: Collection[str]) -> None:
    for url in urls:
        connection.execute(delete(link_check).where(link_check.c.url_hash == _hash(url)))


def claim_run(connection: Connection, now: datetime, every: timedelta) -> bool:
    """True for the one process that shall look at all links now; the next may after `every`."""
    insert_missing(connection, link_run, [{"id": _RUN, "begun_at": now - 2 * every}], ["id"])
    due = (link_run.c.id == _RUN) & (link_run.c.begun_at <= now - every)
    return connection.execute(update(link_run).where(due).values(begun_at=now)).rowcount == 1


def last_run(connection: Connection) -> datetime | None:
    found: datetime | None = connection.execute(select(link_run.c.begun_at)).scalar_one_or_none()
    return found


def _hash(url: str) -> bytes:
    return hashlib.sha256(url.encode()).digest()


def _check(row: Row[Any]) -> LinkCheck:
    return LinkCheck(
        row.url, LinkState(row.state), LinkReason(row.reason), row.status, row.checked_at, row.failing_since
    )
