"""Connections: one fair writer and many readers on SQLite, a pool on PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from app.errors import Problem, Unavailable

BUSY_TIMEOUT_MS = 5_000
WRITE_WAIT_SECONDS = 10.0
UNUSABLE: Final = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""What a database raises that is gone, full, locked, read-only or hanging, or that ended our transaction because we had
stood still in the middle of it.
"""
DOWN: Final = (*UNUSABLE, Unavailable)
"""The same, or it did not take the change in time."""
FAULTS: Final = (*DOWN, DBAPIError)
"""Whatever a database may answer instead of doing what it was asked."""
SERVER: Final = {
    "connect_timeout": 5,
    "application_name": "clarion",
    # A network that swallows packets is noticed in some ten seconds, not in the kernel's fifteen minutes.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "prepare_threshold": None,  # behind a pooler the next statement may meet another server session
}
"""How every connection to PostgreSQL is opened."""
LIMITS: Final = (
    "SET LOCAL statement_timeout = 30000; SET LOCAL lock_timeout = 5000; "
    "SET LOCAL idle_in_transaction_session_timeout = 5000"  # so the locks of a frozen process do not outlive its lease
)
"""At the head of every transaction: what was SET for a session would meet somebody else's behind a pooler."""


ONE_WRITER: Final = "SELECT pg_advisory_xact_lock(7163874, 1)"
"""SQLite's single writer, for PostgreSQL: first come first served, and let go with the transaction, pooler or not."""


class Doubtful(Unavailable):
    """The commit was asked for and never answered: the change stands, or it does not."""

    def __init__(self) -> None:
        sentence = "The database did not say whether it made the change."
        super().__init__(Problem("database_doubtful", sentence, "", "Look before you try again."))


class Database:
    """`writing()` and `reading()` each give a connection inside one transaction.

    SQLite: writers of this process queue in order and start with BEGIN IMMEDIATE (a plain BEGIN fails
    under load with SQLITE_BUSY_SNAPSHOT, which no busy timeout retries). Never hold a transaction
    over anything slower than memory.
    """

    def __init__(self, url: str, *, bulk: bool = False) -> None:
        """`bulk`: for a process that writes much and calls `checkpoint` itself, between transactions and at its end.

        Until then a power cut (not a kill) may take back its last transactions on SQLite; it must be able to go on from
        there, and must itself see to it that nothing points nowhere.
        """
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.url = parsed
        self._writers = _TicketLock()
        if self.is_sqlite:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                parsed,
                poolclass=QueuePool,
                pool_size=8,
                max_overflow=24,
                pool_use_lifo=True,  # few connections stay warm, so few page caches fill
                pool_timeout=10,
                connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
                hide_parameters=True,
            )
            _harden_sqlite(self.engine, bulk=bulk)
            self._readers = self.engine
        else:
            self.engine = create_engine(
                parsed,
                pool_size=8,
                max_overflow=8,
                pool_timeout=5,
                pool_pre_ping=True,
                connect_args=SERVER,
                hide_parameters=True,
            )
            _limit_server(self.engine)
            self._readers = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back when anything is raised inside.

        Writers come one after the other, on both databases: what one of them has read stays true until it commits.
        `alone=False` is for those who lock the very rows they go by and must not queue behind the others on PostgreSQL:
        an engine's turn, a slice of a pace. Raise Doubtful when only the commit itself failed.
        """
        if not self.is_sqlite:
            with self.engine.connect() as connection, _begin(connection):
                if alone:
                    connection.exec_driver_sql(ONE_WRITER)
                yield connection
            return
        if not self._writers.acquire(WRITE_WAIT_SECONDS):
            raise _busy()
        try:
            with self.engine.connect().execution_options(clarion_write=True) as connection, _begin(connection):
                yield connection
        finally:
            self._writers.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: one consistent picture. Writing through it is a mistake."""
        with self._readers.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()

    def checkpoint(self) -> None:
        """SQLite: write what was committed back into the file. Nobody waits for it; nothing happens on PostgreSQL."""
        if self.is_sqlite:
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                connection.close()

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _begin(connection: Connection) -> Iterator[None]:
    try:
        transaction = connection.begin()
    except OperationalError as error:
        if "locked" in str(error.orig) or "busy" in str(error.orig):
            raise _busy() from error
        raise
    with ExitStack() as undo:
        undo.callback(transaction.rollback)
        yield
        undo.pop_all()
    try:
        transaction.commit()
    except DBAPIError as error:
        raise Doubtful from error


def _busy() -> Unavailable:
    return Unavailable(
        Problem(
            "database_busy",
            "The database did not take the change in time; nothing was changed.",
            "",
            "Try again in a moment.",
        ),
        retry_after=1.0,
    )


def _harden_sqlite(engine: Engine, *, bulk: bool) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own signature
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute(f"PRAGMA cache_size={-32_768 if bulk else -4_096}")
        if bulk:
            # The same page of an index is written by many transactions: back into the file, and safely onto the disk,
            # it goes at `checkpoint`. What a power cut takes away before is the last transactions, each as a whole.
            cursor.execute("PRAGMA wal_autocheckpoint=0")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA foreign_keys=OFF")  # it links only what it has just put there or found
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("clarion_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _limit_server(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(LIMITS)


class _TicketLock:
    """A lock that serves waiters in the order they came, so that nobody starves behind the engine."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        with self._guard:
            if not self._held and not self._waiting:
                self._held = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(timeout):
            return True
        with self._guard:
            if turn.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False
