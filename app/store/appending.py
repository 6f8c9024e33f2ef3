"""Rows that nobody has yet, many at a time: COPY on PostgreSQL, one statement run many times on SQLite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Boolean, Connection, Integer, LargeBinary, Table, func, select
from sqlalchemy.exc import DBAPIError

from app.store.database import Database

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
_MEANT: Final = re.compile(r"[\\\t\n\r]")
_MANY_ROWS: Final = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL synchronous_commit = off"
)
_UNWRITTEN: Final = (
    "SELECT (pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn())::float8"
    " / least(pg_size_bytes(current_setting('wal_buffers')), 4194304)"
)
_LATER: Final = _UNWRITTEN + ", set_config('synchronous_commit', 'off', true)"
MOST_UNWRITTEN: Final = 0.5
"""Of PostgreSQL's memory for its log: a disk that lags behind is waited for between transactions, holding nothing."""
_SOMETHING: Final = "SELECT pg_logical_emit_message(true, 'clarion', '')"
"""In the log and nowhere else: its commit waits until all before it is on the disk. Left to itself PostgreSQL takes its
time, up to `wal_writer_delay` (0.2 s).
"""
_ROWS_A_STATEMENT: Final = 20
_NARROW: Final = 4
"""Columns: so few cost less to put in than a statement costs to begin."""
_NULL: Final = r"\N"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""What means something in the text form of COPY."""


def many_rows(connection: Connection) -> None:
    """For a transaction that takes many rows in and says itself how far it has come.

    PostgreSQL need not have it on its disk before it goes on: what a crash of the server takes away is taken in again,
    and whatever anybody commits later brings what was before it along. And it finds rows by their index from the
    beginning, also while it believes the tables are small.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_MANY_ROWS)


def unwritten(connection: Connection) -> float:
    """How much of what PostgreSQL may hold in memory of its log waits for the disk, of 4 MB at most.

    At 1 whoever changes a row stands still until the disk has taken some of it, with all locks held; before that,
    whoever reads a page in the place of one that was changed after what the disk has. 0 on SQLite.
    """
    if connection.dialect.name == "sqlite":
        return 0.0
    return float(connection.exec_driver_sql(_UNWRITTEN).scalar_one())


def go_on_later(connection: Connection) -> float:
    """For the end of a transaction that is a step of many and says itself how far it has come: it need not be on
    PostgreSQL's disk before others come in, as with `many_rows`. What `unwritten` says.
    """
    if connection.dialect.name == "sqlite":
        return 0.0
    return float(connection.exec_driver_sql(_LATER).one()[0])


def wait_for_the_disk(db: Database, behind: float) -> None:
    """Between two steps, holding nothing: until the disk has taken all of it, when so much was `unwritten`."""
    if behind > MOST_UNWRITTEN:
        with db.writing(alone=False) as tx:
            tx.exec_driver_sql(_SOMETHING)


def append_new(
    connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]], shared: Mapping[str, int] = NOTHING
) -> None:
    """Append rows in columns of one length; all of them have the numbers of `shared` in common.

    A row whose key is there already is a fault: look first, in the same transaction, with the writers' lock.
    """
    if not len(next(iter(columns.values()))):
        return
    if connection.dialect.positional:
        _run_many(connection, _statement(table, columns, shared), list(zip(*columns.values(), strict=True)))
        return
    names = ", ".join((*columns, *shared))
    line = "\t".join([*(_form(table, name) for name in columns), *(f"{number:d}" for number in shared.values())]) + "\n"
    ready = [_copied(table, name, column) for name, column in columns.items()]
    _copy(connection, f"COPY {table.name} ({names}) FROM STDIN", line, zip(*ready, strict=True))


def append_if_new(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> int:
    """The same for SQLite, where a row whose key is there already is left out; how many were not."""
    statement = _statement(table, columns, NOTHING) + " ON CONFLICT DO NOTHING"
    rows = list(zip(*columns.values(), strict=True))
    return connection.exec_driver_sql(statement, rows, {"preserve_rowcount": True}).rowcount


def _run_many(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Narrow rows go in many to a statement."""
    whole = len(rows) - len(rows) % _ROWS_A_STATEMENT if len(rows[0]) < _NARROW else 0
    if whole:
        head, values = statement.split(" VALUES ")
        many = f"{head} VALUES {', '.join([values] * _ROWS_A_STATEMENT)}"
        steps = range(0, whole, _ROWS_A_STATEMENT)
        joined = [tuple(chain.from_iterable(rows[at : at + _ROWS_A_STATEMENT])) for at in steps]
        connection.exec_driver_sql(many, joined)
    if whole < len(rows):
        connection.exec_driver_sql(statement, rows[whole:])


def _statement(table: Table, columns: Mapping[str, Sequence[Any]], shared: Mapping[str, int]) -> str:
    values = ", ".join([*("?" * len(columns)), *(f"{number:d}" for number in shared.values())])
    return f"INSERT INTO {table.name} ({', '.join((*columns, *shared))}) VALUES ({values})"  # noqa: S608 - our own names


def reserve(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """As many ids nobody else is given, so long as everybody who draws one has the writers' lock."""
    if not count:
        return ()
    if connection.dialect.name == "sqlite":  # the only writer there is
        last = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        return range(last + 1, last + 1 + count)
    sequence = f"pg_get_serial_sequence('{table.name}', 'id')::regclass"
    drawn = f"SELECT setval(its.own, nextval(its.own) + {count - 1:d}) FROM (SELECT {sequence} AS own OFFSET 0) AS its"  # noqa: S608 - our own names
    last = connection.exec_driver_sql(drawn).scalar_one()
    return range(last + 1 - count, last + 1)


def _form(table: Table, name: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, LargeBinary):
        return r"\\x%s"
    return "%d" if isinstance(kind, Integer | Boolean) else "%s"


def _copied(table: Table, name: str, column: Sequence[Any]) -> Sequence[Any]:
    form = _form(table, name)
    if form == "%d":
        return column
    if form != "%s":
        return [value.hex() for value in column]
    if table.c[name].nullable and None in column:
        return [_NULL if text is None else text.translate(_ESCAPES) for text in column]
    return [text.translate(_ESCAPES) for text in column] if _MEANT.search("".join(column)) else column


def _copy(connection: Connection, statement: str, line: str, rows: Iterable[tuple[Any, ...]]) -> None:
    dialect = connection.dialect
    driver: Any = connection.connection.driver_connection
    faults = dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write("".join(map(line.__mod__, rows)))
    except faults as fault:
        raise DBAPIError.instance(statement, None, fault, faults, hide_parameters=True, dialect=dialect) from fault
