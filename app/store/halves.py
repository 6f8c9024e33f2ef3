"""A question about every subscriber in two halves at once: a count uses two cores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy import ColumnElement, Connection, func, select, true

from app.store.tables import subscriber

T = TypeVar("T")
Half = Callable[[ColumnElement[int]], ColumnElement[bool]]
"""The condition over a column of subscribers' ids that holds for one half. Both sides of a join need it: else
PostgreSQL reads everybody's links for either half.
"""
Question = Callable[[Connection, Half], T]
"""Asked of the subscribers of a half."""
WORTH: Final = 50_000
"""Subscribers below which one thread is as fast."""
_second: Final = threading.Lock()
"""One helper in a process: whoever comes meanwhile asks alone, and connections never run out."""


def in_halves(connection: Connection, question: Question[T]) -> list[T]:
    """The answers for each half, or the one for everybody: asked outside of a write transaction, a second connection
    takes one half in a thread of its own. SQLite uses one core a connection and lets go of the interpreter meanwhile;
    PostgreSQL shares out much by itself, but not what looks into own columns. The halves may differ by what was
    committed in between.
    """
    middle = _middle(connection)
    if middle is None or not _second.acquire(blocking=False):
        return [question(connection, lambda _id: true())]
    try:
        _serially(connection)
        with ThreadPoolExecutor(1) as helper:
            upper = helper.submit(_apart, connection, question, lambda id_: id_ > middle)
            lower = question(connection, lambda id_: id_ <= middle)
            return [lower, upper.result()]
    finally:
        _second.release()


def _serially(connection: Connection) -> None:
    """For this transaction: two halves that PostgreSQL shares out again took up to twice as long on two cores."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")


def _middle(connection: Connection) -> int | None:
    options, sqlite = connection.get_execution_options(), connection.dialect.name == "sqlite"
    if options.get("clarion_write") or not (sqlite or options.get("postgresql_readonly")):
        return None
    first, last = (connection.scalar(select(end(subscriber.c.id))) for end in (func.min, func.max))
    return (first + last) // 2 if first is not None and last - first >= WORTH else None


def _apart(connection: Connection, question: Question[T], half: Half) -> T:
    with connection.engine.connect() as other:
        try:
            _serially(other)
            return question(other, half)
        finally:
            other.rollback()
