"""INSERT .. ON CONFLICT, which SQLAlchemy spells per database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

Rows = Sequence[Mapping[str, Any]]


def insert_missing(connection: Connection, table: Table, rows: Rows, keys: Sequence[str]) -> None:
    """Insert the rows whose `keys` are not there yet; leave the others alone."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(index_elements=list(keys)), rows)


def insert_new(
    connection: Connection, table: Table, row: Mapping[str, Any], keys: Sequence[str], wanted: Column[int]
) -> int | None:
    """Insert one row and give its `wanted` column; None when `keys` are there already, also by a transaction that
    commits while this one waits for it.
    """
    statement = _insert(connection, table).values(dict(row)).on_conflict_do_nothing(index_elements=list(keys))
    made = connection.execute(statement.returning(wanted)).scalar_one_or_none()
    return None if made is None else int(made)


def append_missing(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Append rows whose primary key is not there yet; each holds every column of the table, in its order.

    For many rows of plain numbers and texts: handed to the driver as they are, a fifth of what a mapping costs.
    """
    if rows and connection.dialect.positional:
        connection.exec_driver_sql(_appending(table, connection.dialect), list(rows))
    elif rows:
        names = table.columns.keys()
        keys = table.primary_key.columns.keys()
        insert_missing(connection, table, [dict(zip(names, row, strict=True)) for row in rows], keys)


@lru_cache(maxsize=32)
def _appending(table: Table, dialect: Dialect) -> str:
    return str(sqlite.insert(table).on_conflict_do_nothing().compile(dialect=dialect))


def insert_or_update(
    connection: Connection,
    table: Table,
    rows: Rows,
    keys: Sequence[str],
    changed: Sequence[str],
    also: Mapping[str, ColumnElement[Any]] | None = None,
) -> None:
    """Insert the rows; where `keys` are already there set the columns `changed`, and those of `also` as it says."""
    if not rows:
        return
    statement = _insert(connection, table)
    fresh = {**{name: statement.excluded[name] for name in changed}, **(also or {})}
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=fresh), rows)


def insert_selected(connection: Connection, table: Table, columns: Sequence[str], rows: Select[Any]) -> None:
    """Insert what a query finds, inside the database; rows whose primary key is there already are left alone."""
    connection.execute(_insert(connection, table).from_select(list(columns), rows).on_conflict_do_nothing())


def insert_found(connection: Connection, table: Table, columns: Sequence[str], rows: Select[Any]) -> int:
    """Insert what a query finds, inside the database; how many there were. A row that is there already is a fault."""
    filled = table.insert().from_select(list(columns), rows).execution_options(preserve_rowcount=True)
    return connection.execute(filled).rowcount


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
