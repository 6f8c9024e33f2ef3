"""The last look at each page that should carry the banner's script tag."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from app.domain.page_checks import PageCheck, PageVerdict
from app.store.target_tables import page_check
from app.store.upsert import insert_or_update

_CHANGED = ("verdict", "detail", "checked_at", "since", "looks")


def everything(connection: Connection) -> dict[tuple[str, str], PageCheck]:
    """By site and address, in their order."""
    rows = connection.execute(select(page_check).order_by(page_check.c.site, page_check.c.url))
    return {(row.site, row.url): _check(row) for row in rows}


def record(connection: Connection, checks: Iterable[PageCheck]) -> None:
    rows = [
        {
            "site": one.site,
            "url_hash": _hash(one.url),
            "url": one.url,
            "verdict": one.verdict.value,
            "detail": one.detail,
            "checked_at": one.checked_at,
            "since": one.since,
            "looks": one.looks,
        }
        for one in checks
    ]
    insert_or_update(connection, page_check, rows, ["site", "url_hash"], _CHANGED)


def forget(connection: Connection, pages: Collection[tuple[str, str]]) -> None:
    for site, url in pages:
        mine = (page_check.c.site == site) & (page_check.c.url_hash == _hash(url))
        connection.execute(delete(page_check).where(mine))


def _hash(url: str) -> bytes:
    return hashlib.sha256(url.encode()).digest()


def _check(row: Row[Any]) -> PageCheck:
    return PageCheck(row.site, row.url, PageVerdict(row.verdict), row.detail, row.checked_at, row.since, row.looks)
