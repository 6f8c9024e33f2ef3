"""A database in use keeps every row through the migrations, and the code reads all of them afterwards."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    insert,
    select,
    text,
)

from app.clock import to_ms
from app.store import partitions
from app.store.database import Database
from app.store.migrate import MIGRATIONS, SCHEMA, upgrade
from app.store.tables import NOT_ON_POSTGRESQL
from tests.databases import Databases

pytestmark = pytest.mark.both_databases

BEFORE: Final = "0001"
"""What was released first: every later one is run on rows."""
ROWS: Final = 3
NOW: Final = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
BROADCAST: Final = to_ms(NOW) << 10
BROADCASTS: Final = ("broadcast", "broadcast_id")
KEPT: Final = """
    INSERT INTO subscriber (id, external_id, name, language_list_id, timezone, area, attributes, created_at, updated_at)
    VALUES (:id, 'p' || :id, '', 1, 'UTC', '', CAST(:own AS json), 0, 0)
"""
MADE_BY_MIGRATIONS: Final = {"shared_address": [(2,)]}


def fill(connection: Connection) -> None:
    """Some rows in every table there is, each pointing to the rows of its number."""
    tables = MetaData()
    tables.reflect(connection)
    for table in tables.sorted_tables:
        if table.name != "alembic_version" and whole(table.name, "table", None):
            rows = [{one.name: value(one, number) for one in table.columns} for number in range(1, ROWS + 1)]
            if table.name == "subscriber_address":
                rows[2]["address_id"] = 2  # two people at one address
            connection.execute(insert(table), rows)


def value(column: Column[Any], number: int) -> object:
    """Something that differs from row to row."""
    for key in column.foreign_keys:
        return value(key.column, number)
    table, name = column.table.name, column.name
    known = SCHEMA.tables[table].c.get(name) if table in SCHEMA.tables else None
    kind = column.type if known is None else known.type
    match getattr(kind, "impl_instance", kind):
        case Boolean():
            return bool(number % 2)
        case Integer():
            return BROADCAST + number if (table, name) == ("broadcast", "id") or name in BROADCASTS else number
        case Date():
            return NOW.date() + dt.timedelta(number)
        case LargeBinary(length=length):
            return bytes([number]) * min(length or 16, 16)
        case JSON():
            return {"number": number}
        case String(length=length):
            return f"{name} {number} “ગુ”" if length is None or length >= 64 else str(number)
    return number


def rows_of(connection: Connection, columns: Mapping[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for name, names in columns.items():
        table = SCHEMA.tables[name]
        rows = connection.execute(select(*(table.c[each] for each in names))).all()
        found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def test_every_row_of_a_database_in_use_is_there_after_the_migrations_and_is_read(
    databases: Databases, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    for one in (folder / "versions").glob("[0-9]*.py"):
        if one.name[:4] > BEFORE:
            one.unlink()
    url = databases.new()
    database = Database(url)
    with database.writing() as tx:
        SCHEMA.drop_all(tx)
    upgrade(url, folder=folder)
    with database.writing() as tx:
        be_patient(tx)
        partitions.ensure(tx, BROADCAST)
        fill(tx)
        old = MetaData()
        old.reflect(tx)
        columns = {name: [one.name for one in old.tables[name].columns] for name in SCHEMA.tables if name in old.tables}
        before = rows_of(tx, columns)
    assert all(len(rows) == ROWS for rows in before.values())

    upgrade(url)

    with database.reading() as connection:
        be_patient(connection)
        assert rows_of(connection, columns) == before
        for name, table in SCHEMA.tables.items():
            rows = connection.execute(select(table)).all()
            if name not in columns:
                assert [tuple(row) for row in rows] == MADE_BY_MIGRATIONS.get(name, []), name
        differences = compare_metadata(MigrationContext.configure(connection, opts={"include_name": whole}), SCHEMA)
    database.close()
    left_out = {one.name for one in NOT_ON_POSTGRESQL}
    assert [one for one in differences if one[0] != "add_fk" or one[1].name not in left_out] == []


def test_what_jsonb_cannot_hold_is_replaced_and_nothing_else(databases: Databases, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    for one in (folder / "versions").glob("[0-9]*.py"):
        if one.name[:4] > "0035":
            one.unlink()
    url = databases.new()
    database = Database(url)
    if database.is_sqlite:
        pytest.skip("SQLite keeps the text")
    with database.writing() as tx:
        SCHEMA.drop_all(tx)
    upgrade(url, folder=folder)
    owns: tuple[dict[str, str], ...] = (
        {"a": "\\u0000 \U0001f600"},
        {"a\0": "b", "c": "1"},
        {"\ud800": "\U0001f600"},
        {},
        {"ગુ": "x"},
    )
    with database.writing() as tx:
        tx.execute(text("INSERT INTO language_list (id, languages) VALUES (1, 'en')"))
        for number, own in enumerate(owns):
            tx.execute(text(KEPT), {"id": number, "own": json.dumps(own)})
    upgrade(url)
    with database.reading() as connection:
        found = connection.scalars(select(SCHEMA.tables["subscriber"].c.attributes).order_by(text("id"))).all()
    database.close()
    assert found == [owns[0], {"a\ufffd": "b", "c": "1"}, {"\ufffd": "\ufffd\ufffd"}, {}, owns[4]]


def be_patient(connection: Connection) -> None:
    """The machine may be busy between two statements."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def whole(name: str | None, kind: str, _: object) -> bool:
    """No weekly part of a table."""
    return kind != "table" or not str(name).rpartition("_w")[2].isdigit()
