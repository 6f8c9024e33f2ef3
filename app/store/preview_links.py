"""Links to words nobody has released yet: which words, until when, and which were taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.domain.preview_links import PreviewLink
from app.errors import not_found
from app.store.target_tables import preview_link


@dataclass(frozen=True, slots=True)
class PreviewRow:
    link: PreviewLink
    document: dict[str, Any]
    """The words as they were when the link was made."""
    made_by: str
    made_at: datetime
    revoked_at: datetime | None


def add(
    connection: Connection,
    update_id: int,
    revision: int,
    document: Mapping[str, Any],
    site: str,
    until: datetime,
    by: str,
    now: datetime,
) -> PreviewRow:
    values = {
        "update_id": update_id,
        "revision": revision,
        "document": dict(document),
        "site": site,
        "until": until,
        "made_by": by,
        "made_at": now,
    }
    key = connection.execute(insert(preview_link).values(**values).returning(preview_link.c.id)).scalar_one()
    return get(connection, key)


def get(connection: Connection, link_id: int) -> PreviewRow:
    found = find(connection, link_id)
    if found is None:
        raise not_found("preview link", link_id)
    return found


def find(connection: Connection, link_id: int) -> PreviewRow | None:
    row = connection.execute(select(preview_link).where(preview_link.c.id == link_id)).one_or_none()
    return None if row is None else _row(row)


def of_update(connection: Connection, update_id: int) -> list[PreviewRow]:
    """The newest first."""
    mine = select(preview_link).where(preview_link.c.update_id == update_id).order_by(preview_link.c.id.desc())
    return [_row(row) for row in connection.execute(mine)]


def revoke(connection: Connection, link_id: int, now: datetime) -> None:
    mine = (preview_link.c.id == link_id) & preview_link.c.revoked_at.is_(None)
    connection.execute(update(preview_link).where(mine).values(revoked_at=now))


def _row(row: Row[Any]) -> PreviewRow:
    link = PreviewLink(row.id, row.update_id, row.revision, row.site, row.until)
    return PreviewRow(link, row.document, row.made_by, row.made_at, row.revoked_at)
