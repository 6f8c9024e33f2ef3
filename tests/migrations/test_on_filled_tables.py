"""Migrations run where people's rows are, not on empty tables: those are kept, and old rows fit the new columns."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Connection, Date, Float, Integer, LargeBinary, MetaData, Table, func, select, text
from sqlalchemy.types import Boolean

from app.clock import to_ms
from app.store import partitions
from app.store.database import Database
from app.store.migrate import MIGRATIONS, SCHEMA, upgrade
from tests.databases import Databases

STOPS: tuple[str, ...] = ("0001", "0014", "0026", "0029")
"""After these every table that is empty gets two rows; then the migrations go on."""
PART = re.compile(r"_w\d+$")
NOW = to_ms(datetime.now(UTC)) << 10
SAID = {
    ("suppression", "reason"): ["bounced", "bounced"],
    ("inbound", "effect"): ["stopped_before", "for_staff"],
    ("subscriber", "languages"): ["en", "gu"],
}


def steps(folder: Path) -> Iterator[Path]:
    """The migrations as far as each stop, then all."""
    for number in (*STOPS, "9999"):
        target = folder / f"until_{number}"
        shutil.copytree(MIGRATIONS, target)
        for one in (target / "versions").glob("[0-9]*.py"):
            if one.name[:4] > number:
                one.unlink()
        yield target


def value(table: str, column: Column[Any], n: int) -> Any:
    said = SAID.get((table, column.name))
    if said is not None:
        return said[n - 1]
    kind = column.type
    if column.name == "broadcast" or (table, column.name) == ("broadcast", "id"):
        return NOW + n
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer | Float):
        return n
    if isinstance(kind, LargeBinary):
        return f"{n}".encode()
    if isinstance(kind, Date):
        return date(2026, 11, n)
    return {} if isinstance(kind, JSON) else str(n)


def fill(connection: Connection) -> dict[str, Table]:
    found = MetaData()
    found.reflect(connection, only=lambda name, _: PART.search(name) is None and name != "alembic_version")
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # the machine may be busy
        partitions.ensure(connection, NOW)
    for table in found.sorted_tables:
        if connection.scalar(select(func.count()).select_from(table)) == 0:
            needed = [one for one in table.columns if not one.nullable]
            connection.execute(
                table.insert(), [{one.name: value(table.name, one, n) for one in needed} for n in (1, 2)]
            )
    return dict(found.tables)


@pytest.mark.both_databases
def test_nothing_that_stood_there_is_lost_on_the_way_to_the_present_schema(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.new()
    database = Database(url)
    with database.writing() as tx:
        SCHEMA.drop_all(tx)
        tx.execute(text("DROP TABLE IF EXISTS alembic_version"))
    filled: dict[str, Table] = {}
    for folder in steps(tmp_path):
        upgrade(url, folder=folder)
        with database.writing() as tx:
            filled |= fill(tx)
    with database.reading() as connection:
        rows = {name: connection.scalar(select(func.count()).select_from(text(name))) for name in filled}
        assert {name: number for name, number in rows.items() if not number} == {}
        assert connection.scalar(text("SELECT count(*) FROM crisis_update WHERE severity IS NOT NULL")) == 0
        listed = "SELECT reason, source, behind_reason FROM suppression ORDER BY address_id"
        assert [tuple(row) for row in connection.execute(text(listed))] == [
            ("opted_out", "person", "bounced"), ("bounced", "provider", None),
        ]  # fmt: skip
    database.close()
