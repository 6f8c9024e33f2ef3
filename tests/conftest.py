"""What every test may ask for. Fakes are handed in; nothing here patches anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.clock import FrozenClock
from app.keyring import Keyring
from app.store.database import Database
from app.store.migrate import SCHEMA

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""A Tuesday, outside every holiday and clock change of the places in the samples."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


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


@pytest.fixture
def database_url(tmp_path: Path, empty_database: Path) -> str:
    path = tmp_path / "clarion.db"
    shutil.copyfile(empty_database, path)
    return f"sqlite:///{path}"


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
