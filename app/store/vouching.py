"""Who vouched for which language of an update."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from app.domain.vouching import How, Voucher
from app.store.upsert import insert_or_update
from app.store.writing_tables import vouching

_CHANGING = [
    "how", "vouched_by", "at", "source", "source_hash", "waived_hash", "waived_by", "waived_reason",
]  # fmt: skip


def of_update(connection: Connection, update_id: int) -> list[Voucher]:
    return [_voucher(row) for row in connection.execute(select(vouching).where(vouching.c.update_id == update_id))]


def put(connection: Connection, update_id: int, voucher: Voucher) -> None:
    """In the place of whoever vouched for that language before; a waiver ends with it."""
    row = {
        "update_id": update_id,
        "language": voucher.language,
        "how": voucher.how.value,
        "vouched_by": voucher.by,
        "at": voucher.at,
        "source": voucher.source,
        "source_hash": voucher.source_hash,
        "waived_hash": None,
        "waived_by": None,
        "waived_reason": None,
    }
    insert_or_update(connection, vouching, [row], ["update_id", "language"], _CHANGING)


def forget(connection: Connection, update_id: int, but: Collection[str]) -> None:
    """Languages that are no longer there."""
    mine = (vouching.c.update_id == update_id) & vouching.c.language.not_in(sorted(but))
    connection.execute(delete(vouching).where(mine))


def waive(connection: Connection, update_id: int, language: str, source_hash: str, by: str, reason: str) -> None:
    mine = (vouching.c.update_id == update_id) & (vouching.c.language == language)
    values = {"waived_hash": source_hash, "waived_by": by, "waived_reason": reason}
    connection.execute(update(vouching).where(mine).values(**values))


def _voucher(row: Row[Any]) -> Voucher:
    return Voucher(
        row.language, How(row.how), row.vouched_by, row.at, row.source, row.source_hash,
        row.waived_hash, row.waived_by, row.waived_reason,
    )  # fmt: skip
