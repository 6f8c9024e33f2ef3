"""Killed at any moment and given the same file again, an import goes on, counts nobody twice and leaves nobody out."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.domain.imports import ROWS_A_CHUNK
from app.domain.principals import Role
from app.keyring import Keyring
from app.store import audit, imports, subscribers
from app.store.database import Database
from app.store.tables import subscriber, subscriber_address
from app.usecases.create_token import create_token
from app.usecases.import_subscribers import import_subscribers
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.unit.usecases.people import ADMIN, AUTHOR

pytestmark = pytest.mark.both_databases
SECRET = "a key that only tests know, long enough to be one"
PEOPLE = 10_000
HEADER = "external_id,name,email,phone,languages\n"
BAD = range(0, PEOPLE, 100)
TWICE = range(50, PEOPLE, 500)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Every hundredth row is bad, every five hundredth stands there twice, the second time with another name."""
    with (path := tmp_path / "people.csv").open("w", encoding="utf-8") as to:
        to.write(HEADER)
        for n in range(PEOPLE):
            address = "nowhere" if n in BAD else f"p{n}@example.org"
            to.write(f"p{n},Person {n},{address},+4479{n:08d},en\n")
            if n in TWICE:
                to.write(f"p{n},Somebody else,other{n}@example.org,,gu\n")
    return path


def state_of(database: Database) -> tuple[int, int, int, int]:
    with database.reading() as connection:
        people = connection.scalar(select(func.count()).select_from(subscriber)) or 0
        links = connection.scalar(select(func.count()).select_from(subscriber_address)) or 0
        found = imports.page(connection).items
        return people, links, len(found), found[0].tally.rows if found else 0


def test_killed_again_and_again_it_comes_to_the_same_end(
    database: Database, database_url: str, keyring: Keyring, file: Path, dialect: str
) -> None:
    token = create_token(database, ADMIN, "importer", Role.AUTHOR, NOON).secret
    parsers = "2" if dialect == "postgresql" else "0"
    environment = {
        **os.environ, "CLARION_DATABASE_URL": database_url, "CLARION_SECRET_KEY": SECRET, "CLARION_TOKEN": token,
    }  # fmt: skip
    command = [sys.executable, "-m", "app.cli", "import", "subscribers", str(file), "--parsers", parsers]
    stood = 0
    for beyond in (1, 5_000):  # the moment that follows is the scheduler's choice
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while state_of(database)[3] < beyond and process.poll() is None:
            assert time.monotonic() < deadline, "the import does not move"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
        people, links, runs, rows = state_of(database)
        assert runs == 1, "the same file is the same import"
        assert rows >= stood
        assert rows % ROWS_A_CHUNK == 0 or rows == PEOPLE + len(TWICE)
        assert links <= 2 * people
        stood = rows
    with file.open("rb") as stream:
        report = import_subscribers(database, keyring, AUTHOR, stream, NOON, source=file.name)
    if report.resumed:  # else the last kill came after the end, and this was a new import of everybody
        assert report.resumed == stood
        assert report.created == PEOPLE - len(BAD)
    assert report.rows == PEOPLE + len(TWICE)
    assert (report.rejected, report.updated) == (len(BAD) + len(TWICE), 0)
    with database.reading() as connection:
        assert subscribers.count(connection) == PEOPLE - len(BAD)
        assert subscribers.get(connection, "p50").name == "Person 50", "the first row of a person counts"
        assert len(list(imports.all_errors(database, report.import_id))) == report.rejected
        assert audit.verify(connection) is None
    assert state_of(database)[1] == 2 * (PEOPLE - len(BAD))


def test_a_changed_file_is_an_import_of_its_own(database: Database, keyring: Keyring) -> None:
    text = HEADER + "ann,Ann,ann@example.org,,en\n"
    first = import_subscribers(database, keyring, AUTHOR, io.BytesIO(text.encode()), NOON)
    other = import_subscribers(database, keyring, AUTHOR, io.BytesIO(text.replace("Ann,", "Anna,").encode()), NOON)
    again = import_subscribers(database, Keyring(SECRET), AUTHOR, io.BytesIO(text.encode()), NOON)
    assert len({first.import_id, other.import_id, again.import_id}) == 3, "what has come to its end begins anew"
    assert [one.updated for one in (first, other, again)] == [0, 1, 1]
