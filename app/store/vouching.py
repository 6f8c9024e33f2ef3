"""Who vouched for which language of an update, and of its other words for parts of the audience."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, select, update

from app.domain.vouching import How, Voucher
from app.store.upsert import insert_or_update
from app.store.writing_tables import text_vouching, vouching

_CHANGING = [
    "how", "vouched_by", "at", "source", "source_hash", "waived_hash", "waived_by", "waived_reason",
]  # fmt: skip


def of_update(connection: Connection, update_id: int, audience: str = "") -> list[Voucher]:
    """Of its main words, or of those for a part of the audience."""
    return [_voucher(row) for row in connection.execute(select(_table(audience)).where(_mine(update_id, audience)))]


def put(connection: Connection, update_id: int, voucher: Voucher, audience: str = "") -> None:
    """In the place of whoever vouched for that language before; a waiver ends with it."""
    row = {
        "update_id": update_id,
        **({"audience": audience} if audience else {}),
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
    key = ["update_id", *(["audience"] if audience else []), "language"]
    insert_or_update(connection, _table(audience), [row], key, _CHANGING)


def forget(connection: Connection, update_id: int, but: Collection[str], audience: str = "") -> None:
    """Languages that are no longer there."""
    table = _table(audience)
    connection.execute(delete(table).where(_mine(update_id, audience), table.c.language.not_in(sorted(but))))


def forget_texts(connection: Connection, update_id: int, but: Collection[str]) -> None:
    """Words for parts of the audience that are no longer there."""
    mine = text_vouching.c.update_id == update_id
    connection.execute(delete(text_vouching).where(mine, text_vouching.c.audience.not_in(sorted(but))))


def waive(
    connection: Connection, update_id: int, language: str, source_hash: str, by: str, reason: str, audience: str = ""
) -> None:
    table = _table(audience)
    values = {"waived_hash": source_hash, "waived_by": by, "waived_reason": reason}
    connection.execute(update(table).where(_mine(update_id, audience), table.c.language == language).values(**values))


def _table(audience: str) -> Table:
    return text_vouching if audience else vouching


def _mine(update_id: int, audience: str) -> ColumnElement[bool]:
    if not audience:
        return vouching.c.update_id == update_id
    return and_(text_vouching.c.update_id == update_id, text_vouching.c.audience == audience)


def _voucher(row: Row[Any]) -> Voucher:
    return Voucher(
        row.language, How(row.how), row.vouched_by, row.at, row.source, row.source_hash,
        row.waived_hash, row.waived_by, row.waived_reason,
    )  # fmt: skip
