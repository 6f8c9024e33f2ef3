"""What every test may ask for. Fakes are handed in; nothing here patches anything.

Whatever asks for `database`, `database_url` or `api` and lies in one of the folders TWICE, or is marked
`both_databases`, runs on SQLite and on PostgreSQL; marked `postgresql` only there; everything else on SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from app.clock import FrozenClock
from app.keyring import Keyring
from app.store.database import Database
from app.store.migrate import SCHEMA
from tests.databases import TEMPLATE, Clones, Databases, Files
from tests.memory import write_to_memory
from tests.postgres import Server
from tests.rig.virtual import VIRTUAL
from tests.spreading import spread

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""A Tuesday, outside every holiday and clock change of the places in the samples."""

TWICE = [Path(__file__).parent / "unit" / area for area in ("store", "engine")]


settings.register_profile("dice", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("dice"), derandomize=True)
settings.load_profile("steady")
"""The same examples in every run, however long they take; `--hypothesis-profile=dice` looks for new ones."""


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # workers inherit it
        write_to_memory()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = [items[place] for place in spread([item.nodeid.partition("::")[0] for item in items], workers)]


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> str | tuple[str, dict[str, object]]:
    return VIRTUAL if request.node.get_closest_marker("virtual_time") else "asyncio"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring("a key that only tests know, long enough to be one")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the whole schema and no rows, made once and copied by `database`."""
    path = tmp_path_factory.mktemp("schema") / "empty.db"
    database = Database(f"sqlite:///{path}")
    with database.writing() as connection:
        SCHEMA.create_all(connection)
    database.close()
    return path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dialect" not in metafunc.fixturenames:
        return
    test = metafunc.definition
    if test.get_closest_marker("postgresql"):
        metafunc.parametrize("dialect", ["postgresql"], indirect=True)
    elif test.get_closest_marker("both_databases") or any(test.path.is_relative_to(folder) for folder in TWICE):
        metafunc.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "sqlite")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """This session's server (each xdist worker has its own), with a database TEMPLATE: schema, no rows."""
    with Server() as server:
        database = Database(server.create(TEMPLATE))
        with database.writing() as connection:
            SCHEMA.create_all(connection)
        database.close()
        yield server


@pytest.fixture
def databases(request: pytest.FixtureRequest, dialect: str, tmp_path: Path) -> Iterator[Databases]:
    """For tests that need more than one, or copies of one."""
    if dialect == "sqlite":
        yield Files(tmp_path, request.getfixturevalue("empty_database"))
        return
    clones = Clones(request.getfixturevalue("postgresql"))
    try:
        yield clones
    finally:
        clones.close()


@pytest.fixture
def database_url(databases: Databases) -> str:
    return databases.new()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def api(database: Database, database_url: str, clock: FrozenClock, tmp_path: Path) -> Iterator[Any]:
    """A `tests.faces.Api`: the HTTP surface with a token for every role."""
    from tests.faces import open_api  # late, so that tests of the domain do not load the web framework

    with open_api(database, database_url, clock, tmp_path / "site") as opened:
        yield opened
