"""Bring a database to the schema of this build; `clarion migrate` calls it."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app.store import partitions
from app.store.database import Database
from app.store.tables import metadata

for _file in Path(__file__).parent.glob("*_tables.py"):
    import_module(f"app.store.{_file.stem}")
SCHEMA = metadata
"""All tables: those of tables.py and, because they are imported here, those of the other *_tables.py."""

MIGRATIONS = Path(__file__).parents[2] / "migrations"
ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(7163874, 2)"
LOCK_LIMITS: Final = (
    "SET LOCAL lock_timeout = 2000; SET LOCAL statement_timeout = 0; "
    "SET LOCAL idle_in_transaction_session_timeout = 60000"
)
"""A migration that waits for a lock makes everybody behind it wait too: it gives up soon and tries again."""
TRIES: Final = 20
PAUSE_SECONDS: Final = 1.0
_LOCK_NOT_AVAILABLE: Final = "55P03"


class Phase(StrEnum):
    """A migration says `phase = "contract"` when versions before it cannot live with what it does."""

    EXPAND = "expand"
    """What running processes of the last version do not notice: run it before they are replaced."""
    CONTRACT = "contract"
    """What only the new version can live with: run it when no old process is left."""


def upgrade(db_url: str, *, until: Phase = Phase.CONTRACT, folder: Path = MIGRATIONS) -> None:
    """Apply the migrations that are missing, each in a transaction of its own; nothing happens when none is.

    EXPAND stops before the first that contracts. Safe to call from several processes at once: the second waits and
    finds the work done. A migration that leaves a row pointing nowhere is rolled back and raises RuntimeError.
    """
    database = Database(db_url)
    try:
        with database.reading() as connection:  # every file is read once, not once for each step
            scripts = ScriptDirectory.from_config(configuration(connection, folder))
        while (script := _next(database, until, scripts)) is not None:
            _patiently(database, script, scripts)
        if not database.is_sqlite:
            with database.writing() as tx:
                partitions.ensure_ahead(tx, datetime.now(UTC))
    finally:
        database.close()


def _next(database: Database, until: Phase, scripts: ScriptDirectory) -> Script | None:
    with database.reading() as connection:
        missing = _missing(scripts, MigrationContext.configure(connection).get_current_heads())
    if not missing:
        return None
    first = missing[-1]
    contracts = getattr(first.module, "phase", Phase.EXPAND) == Phase.CONTRACT
    return None if contracts and until is Phase.EXPAND else first


def _missing(scripts: ScriptDirectory, heads: tuple[str, ...]) -> list[Script]:
    """What a database at these heads lacks, the newest first."""
    return [step for step in scripts.iterate_revisions("head", heads or "base") if step.revision not in heads]


def _patiently(database: Database, script: Script, scripts: ScriptDirectory) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            _apply(database, script, scripts)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE or attempt == TRIES:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _apply(database: Database, script: Script, scripts: ScriptDirectory) -> None:
    def steps(heads: tuple[str, ...], _: MigrationContext) -> list[MigrationStep]:
        # Asked again behind the lock: another process may have taken the step meanwhile.
        return (
            [MigrationStep.upgrade_from_script(scripts.revision_map, script)]
            if script in _missing(scripts, heads)
            else []
        )

    with database.engine.connect().execution_options(clarion_write=True) as connection:
        if database.is_sqlite:
            _foreign_keys_off(connection)
        with connection.begin():
            if not database.is_sqlite:
                connection.exec_driver_sql(ONE_AT_A_TIME)
                connection.exec_driver_sql(LOCK_LIMITS)
            with EnvironmentContext(configuration(connection, Path(scripts.dir)), scripts, fn=steps):
                scripts.run_env()
            if database.is_sqlite:
                _check_foreign_keys(connection)


def is_current(database: Database) -> bool:
    """Whether the schema is the one of this version."""
    with database.reading() as connection:
        scripts = ScriptDirectory.from_config(configuration(connection))
        return MigrationContext.configure(connection).get_current_heads() == tuple(scripts.get_heads())


def configuration(connection: Connection, folder: Path = MIGRATIONS) -> Config:
    """Alembic's settings without an .ini file; migrations/env.py takes the connection from `attributes`."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _foreign_keys_off(connection: Connection) -> None:
    # Changing a table on SQLite means copying and dropping it, and a drop with foreign keys on empties the tables
    # that point to it. The pragma does nothing inside a transaction, hence on the bare connection before BEGIN.
    bare = cast("sqlite3.Connection", connection.connection.driver_connection)
    bare.execute("PRAGMA foreign_keys=OFF")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"the migration left {len(broken)} rows that point nowhere, first in table {broken[0][0]}")
