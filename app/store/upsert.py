"""INSERT .. ON CONFLICT, which SQLAlchemy spells per database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Column, Connection, Dialect, Select, Table, any_, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

Rows = Sequence[Mapping[str, Any]]
Row = tuple[Any, ...]
_OTHER_ESCAPES: Final = re.compile(r'(?<!\\)(?:\\\\)*\\[^"\\]')
AT_ONCE: Final = (1024, 256, 128, 64, 32, 16, 8, 4, 2, 1)
"""Rows a statement: few sizes, so that each is prepared once."""


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

    For many rows of plain numbers and texts: handed to the driver as they are, a fifth of what a mapping costs, and
    many in one statement, since SQLite's driver fights for the interpreter's lock at every one.
    """
    if rows and connection.dialect.positional:
        for size, some in _portions(rows):
            connection.exec_driver_sql(_appending(table, connection.dialect, size), tuple(chain.from_iterable(some)))
    elif rows:
        insert_tuples(connection, table, tuple(table.columns.keys()), rows, tuple(table.primary_key.columns.keys()))


def append_alike(
    connection: Connection, table: Table, shared: Mapping[str, Any], own: Mapping[str, Sequence[Any]]
) -> None:
    """Append rows that have `shared` in common and their `own` in columns of one length, all columns of the table
    among them; rows whose primary key is there already are left alone. What is shared is handed over once.
    """
    dialect, names, columns = connection.dialect, (tuple(shared), tuple(own)), list(own.values())
    if not dialect.positional:
        arrays = {f"p{at}": list(column) for at, column in enumerate(columns)}
        common = {f"s{at}": value for at, value in enumerate(shared.values())}
        connection.exec_driver_sql(_appending_arrays(table, *names, dialect), {**common, **arrays})
        return
    head = tuple(shared.values())
    for size, some in _portions(list(zip(*columns, strict=True))):
        connection.exec_driver_sql(_appending_alike(table, *names, size), (*head, *chain.from_iterable(some)))


def _portions(rows: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row]]]:
    """Cut into statements of the usual sizes. Nearly full ones are filled up with their last row, which is then there
    already: one statement more costs more than some rows for nothing.
    """
    at, left = 0, len(rows)
    for size in AT_ONCE:
        while left > 0 and left >= size - size // 4:
            some = rows[at : at + size]
            yield size, [*some, *repeat(rows[-1], size - len(some))]
            at, left = at + size, left - size


@lru_cache(maxsize=32)
def _appending_alike(table: Table, shared: tuple[str, ...], own: tuple[str, ...], size: int) -> str:
    """For SQLite, where a parameter that has a number can stand in every row."""
    common = [f"?{at}" for at in range(1, len(shared) + 1)]
    rows = (range(start, start + len(own)) for start in range(len(shared) + 1, len(shared) + size * len(own), len(own)))
    values = ", ".join(f"({', '.join([*common, *(f'?{at}' for at in row)])})" for row in rows)
    into = f"INSERT INTO {table.name} ({', '.join(shared + own)})"
    return f"{into} VALUES {values} ON CONFLICT DO NOTHING"


@lru_cache(maxsize=32)
def _appending_arrays(table: Table, shared: tuple[str, ...], own: tuple[str, ...], dialect: Dialect) -> str:
    kinds = {name: table.c[name].type.compile(dialect) for name in shared + own}
    common = ", ".join(f"CAST(%(s{at})s AS {kinds[name]})" for at, name in enumerate(shared))
    arrays = ", ".join(f"CAST(%(p{at})s AS {kinds[name]}[])" for at, name in enumerate(own))
    into = f"INSERT INTO {table.name} ({', '.join(shared + own)})"
    return f"{into} SELECT {common}, own.* FROM unnest({arrays}) AS own ON CONFLICT DO NOTHING"  # noqa: S608 - the same


def insert_tuples(
    connection: Connection,
    table: Table,
    names: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    keys: tuple[str, ...],
    changed: tuple[str, ...] = (),
) -> int:
    """Insert rows whose values stand in the order of `names`; how many were written.

    Where `keys` are already there the columns `changed` are set, without any the row is left alone. Texts fit their
    columns. In one round trip: SQLite's own loop, on PostgreSQL an array for each column.
    """
    if not rows:
        return 0
    statement = _inserting(table, names, keys, changed, connection.dialect)
    if connection.dialect.positional:
        given: Any = rows if isinstance(rows, list) else list(rows)
    else:
        given = {f"p{at}": as_array(column) for at, column in enumerate(zip(*rows, strict=True))}
    return connection.exec_driver_sql(statement, given, {"preserve_rowcount": True}).rowcount


def as_array(column: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever the driver takes
    """A column with a value, in PostgreSQL's own notation of an array, which costs a tenth of what the driver's takes.
    It is JSON's but for the brackets and a few escapes; a column it cannot say is left to the driver.
    """
    first = column[0]
    if isinstance(first, bytes):
        if None in column:
            return list(column)
        return '{"' + '","'.join([rf"\\x{value.hex()}" for value in column]) + '"}'
    if not isinstance(first, int | str):
        return list(column)
    written = json.dumps(column, ensure_ascii=False)
    return list(column) if _OTHER_ESCAPES.search(written) else f"{{{written[1:-1]}}}"


@lru_cache(maxsize=32)
def _inserting(
    table: Table, names: tuple[str, ...], keys: tuple[str, ...], changed: tuple[str, ...], dialect: Dialect
) -> str:
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    fresh = ", ".join(f"{name} = excluded.{name}" for name in changed)
    otherwise = f"ON CONFLICT ({', '.join(keys)}) DO {f'UPDATE SET {fresh}' if fresh else 'NOTHING'}"
    if dialect.positional:
        return f"{into} VALUES ({', '.join('?' * len(names))}) {otherwise}"
    types = [table.c[name].type.compile(dialect) for name in names]
    arrays = ", ".join(f"CAST(%(p{at})s AS {kind}[])" for at, kind in enumerate(types))
    return f"{into} SELECT * FROM unnest({arrays}) {otherwise}"  # noqa: S608 - our own names


def is_listed(connection: Connection, column: Column[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Whether the column is one of these numbers: one parameter, however many they are."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(numbers))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(list(numbers), ARRAY(BigInteger)))


@lru_cache(maxsize=32)
def _appending(table: Table, dialect: Dialect, size: int) -> str:
    one = str(sqlite.insert(table).on_conflict_do_nothing().compile(dialect=dialect))
    values = one[one.index("(", one.index("VALUES")) : one.rindex(")") + 1]
    return one.replace(values, ", ".join([values] * size))


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


def insert_or_add(connection: Connection, table: Table, rows: Rows, keys: Sequence[str], number: str) -> None:
    """Insert the rows; where `keys` are already there their `number` is added to the one that stands there."""
    if rows:
        statement = _insert(connection, table)
        more = {number: table.c[number] + statement.excluded[number]}
        connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=more), rows)


def insert_selected(connection: Connection, table: Table, columns: Sequence[str], rows: Select[Any]) -> None:
    """Insert what a query finds, inside the database; rows whose primary key is there already are left alone."""
    connection.execute(_insert(connection, table).from_select(list(columns), rows).on_conflict_do_nothing())


def insert_found(connection: Connection, table: Table, columns: Sequence[str], rows: Select[Any]) -> int:
    """Insert what a query finds, inside the database; how many there were. A row that is there already is a fault."""
    filled = table.insert().from_select(list(columns), rows).execution_options(preserve_rowcount=True)
    return connection.execute(filled).rowcount


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
