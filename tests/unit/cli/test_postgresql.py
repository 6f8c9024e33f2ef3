"""The command line on a server database: made from nothing, worked on by two processes, ended as asked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from app.store import duties
from app.store.database import Database
from tests.patience import PATIENCE
from tests.postgres import Server

COMMAND = (sys.executable, "-m", "app.cli")


def test_migrate_and_two_workers(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = tmp_path_factory.mktemp("site")
    url = postgresql.create("by_hand")
    environment = {
        **os.environ,
        "CLARION_DATABASE_URL": url.replace("postgresql+psycopg", "postgresql"),
        "CLARION_SECRET_KEY": "a key that only tests know, long enough",
        "CLARION_PUBLISH_DIR": str(site),
    }
    with ExitStack() as end:
        end.callback(postgresql.drop, "by_hand")
        subprocess.run([*COMMAND, "migrate"], env=environment, check=True, timeout=PATIENCE, capture_output=True)
        database = Database(url)
        end.callback(database.close)
        working = [end.enter_context(_worker(environment)) for _ in range(2)]
        for one in working:
            end.callback(one.kill)
        deadline = time.monotonic() + PATIENCE
        while _alive(database) != 2 or not (site / "manifest.json").exists():
            assert time.monotonic() < deadline
            assert all(one.poll() is None for one in working)
            time.sleep(0.05)
        for one in working:
            one.terminate()
        assert [one.wait(PATIENCE) for one in working] == [0, 0]
        assert _alive(database) == 0, "they said goodbye"


def _worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, "work"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _alive(database: Database) -> int:
    with database.reading() as connection:
        return len(duties.workers(connection))
