"""Bring a database to the schema of this build; `clarion migrate` calls it."""

from __future__ import annotations

import sqlite3
from importlib import import_module
from pathlib import Path
from typing import cast

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.store.database import Database
from app.store.tables import metadata

for _file in Path(__file__).parent.glob("*_tables.py"):
    import_module(f"app.store.{_file.stem}")
SCHEMA = metadata
"""All tables: those of tables.py and, because they are imported here, those of the other *_tables.py."""

MIGRATIONS = Path(__file__).parents[2] / "migrations"
ONE_AT_A_TIME = 0x636C6172  # the key of PostgreSQL's advisory lock


def upgrade(db_url: str) -> None:
    """Apply every migration that is missing, in one transaction; nothing happens when none is.

    Safe to call from several processes at once: the second waits and finds the work done. A migration
    that leaves a row pointing nowhere is rolled back and raises RuntimeError.
    """
    database = Database(db_url)
    try:
        with database.engine.connect().execution_options(clarion_write=True) as connection:
            if database.is_sqlite:
                _foreign_keys_off(connection)
            with connection.begin():
                if not database.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
                command.upgrade(configuration(connection), "head")
                if database.is_sqlite:
                    _check_foreign_keys(connection)
    finally:
        database.close()


def is_current(database: Database) -> bool:
    """Whether the schema is the one of this version."""
    with database.reading() as connection:
        scripts = ScriptDirectory.from_config(configuration(connection))
        return MigrationContext.configure(connection).get_current_heads() == tuple(scripts.get_heads())


def configuration(connection: Connection) -> Config:
    """Alembic's settings without an .ini file; migrations/env.py takes the connection from `attributes`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
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
