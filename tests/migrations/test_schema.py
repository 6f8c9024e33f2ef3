"""The migrations produce exactly the tables the code is written against."""

from __future__ import annotations

import contextlib
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, text
from sqlalchemy.exc import OperationalError

from app.store import partitions
from app.store.database import Database
from app.store.migrate import LOCK_LIMITS, MIGRATIONS, SCHEMA, Phase, upgrade
from app.store.tables import NOT_ON_POSTGRESQL
from tests.databases import Databases
from tests.postgres import Server


@pytest.fixture
def migrated(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'migrated.db'}"
    upgrade(url)
    return url


def statements(url: str) -> dict[str, str]:
    """Every CREATE of a SQLite file by name, with its spaces made equal."""
    database = Database(url)
    with database.reading() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    database.close()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows if name != "alembic_version"}


def columns_and_rules(statement: str) -> list[str]:
    """The parts of a CREATE in any order: constraints may stand in another order than in the code."""
    inner = statement[statement.index("(") + 1 : statement.rindex(")")]
    tail = statement[statement.rindex(")") + 1 :]
    return [*sorted(part.strip() for part in inner.split(", ")), tail.strip()]


def test_a_migrated_database_has_the_tables_of_the_code(migrated: str) -> None:
    database = Database(migrated)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SCHEMA)
    database.close()
    assert differences == [], "tables changed: see migrations/draft.py"


@pytest.mark.postgresql
def test_a_migrated_server_has_the_tables_of_the_code_and_parts_for_the_weeks_to_come(
    postgresql: Server, request: pytest.FixtureRequest
) -> None:
    url = postgresql.create("migrated")
    request.addfinalizer(lambda: postgresql.drop("migrated"))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, (url, url)))
    upgrade(url)
    database = Database(url)
    with database.reading() as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # the machine may be busy
        weeks = partitions.parts(connection)
        parts = {f"{name}_w{week}" for name in weeks for week in weeks[name]}
        known = {"include_name": lambda name, kind, _: kind != "table" or name not in parts, "compare_type": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=known), SCHEMA)
    database.close()
    left_out = {each.name for each in NOT_ON_POSTGRESQL}
    assert [one for one in differences if one[0] != "add_fk" or one[1].name not in left_out] == []
    assert {len(each) for each in weeks.values()} == {3}
    assert set(weeks) == {table.name for table in partitions.PARTED}


@pytest.mark.postgresql
def test_a_migration_that_cannot_have_its_lock_lets_the_others_go_on(database: Database) -> None:
    """It gives up after two seconds and tries again; here the other one is quicker than that once."""
    with database.writing() as holder, database.engine.connect() as migrating:
        holder.execute(text("LOCK TABLE broadcast IN SHARE MODE"))
        migrating.exec_driver_sql(LOCK_LIMITS)
        with pytest.raises(OperationalError, match="lock timeout"):
            migrating.exec_driver_sql("ALTER TABLE broadcast ADD COLUMN later INTEGER")


def test_each_statement_is_the_one_the_code_would_make(migrated: str, database_url: str) -> None:
    made, wanted = statements(migrated), statements(database_url)
    assert made.keys() == wanted.keys()
    for name, statement in wanted.items():
        assert columns_and_rules(made[name]) == columns_and_rules(statement), name


def test_migrating_twice_changes_nothing(migrated: str) -> None:
    before = statements(migrated)
    database = Database(migrated)
    with database.writing() as connection:
        connection.execute(text("INSERT INTO schema_info (key, value) VALUES ('instance', 'kept')"))
    upgrade(migrated)
    with database.reading() as connection:
        kept = connection.execute(text("SELECT value FROM schema_info")).scalars().all()
    database.close()
    assert kept == ["kept"]
    assert statements(migrated) == before


def test_the_migration_runs_from_any_folder(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        upgrade("sqlite:///made here/new.db")
    assert (tmp_path / "made here" / "new.db").exists()


STEP = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "{number}", "{before}", None, None
{more}

def upgrade() -> None:
    op.execute("{statement}")
"""


@pytest.mark.both_databases
def test_expanding_stops_before_what_the_last_version_could_not_live_with(databases: Databases, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    steps = [
        ("9001", "ALTER TABLE pace ADD COLUMN extra INTEGER", ""),
        ("9002", "ALTER TABLE pace DROP COLUMN extra", 'phase = "contract"'),
    ]
    url = databases.new()
    database = Database(url)
    with database.writing() as tx:
        SCHEMA.drop_all(tx)
    upgrade(url)
    with database.reading() as connection:
        before = str(MigrationContext.configure(connection).get_current_revision())
    for number, statement, more in steps:
        words = STEP.format(number=number, before=before, statement=statement, more=more)
        (folder / "versions" / f"{number}_step.py").write_text(words, "utf-8")
        before = number
    for until, expected in ((Phase.EXPAND, "9001"), (Phase.EXPAND, "9001"), (Phase.CONTRACT, "9002")):
        upgrade(url, until=until, folder=folder)
        with database.reading() as connection:
            assert MigrationContext.configure(connection).get_current_revision() == expected
    database.close()


def test_times_have_room() -> None:
    """Milliseconds since 1970 need more than 32 bits, and so does whatever is added to them in SQL."""
    narrow = {
        f"{table.name}.{column.name}"
        for table in SCHEMA.tables.values()
        for column in table.columns
        if column.name.endswith("_ms") and not isinstance(column.type, BigInteger)
    }
    assert narrow == set()
