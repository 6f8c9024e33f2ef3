"""A real PgBouncer in transaction mode, in front of a test's PostgreSQL server: Debian's package, where it is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy.engine import make_url

from tests.patience import PATIENCE
from tests.postgres import NOBODY, Server

PROGRAM: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
ABSENT: Final = "pgbouncer is not installed (Debian: apt-get install pgbouncer)"
SESSIONS: Final = 4
"""Of the server, for however many clients: nobody meets the same one twice by design."""


@contextmanager
def pooler(server: Server) -> Iterator[str]:
    """The folder of its socket; put it as `host` into a URL of the server's."""
    folder = Path(tempfile.mkdtemp(prefix="clarion-pool-"))  # a socket's path must stay short
    user = NOBODY if os.geteuid() == 0 else None
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "ini").write_text(
        f"[databases]\n* = host={server.folder}\n[pgbouncer]\npool_mode = transaction\n"
        f"listen_addr =\nunix_socket_dir = {folder}\nlisten_port = 6432\nauth_type = trust\n"
        f"auth_file = {folder}/users\nlogfile = {folder}/log\ndefault_pool_size = {SESSIONS}\nmax_client_conn = 200\n"
    )
    if user is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, user)
    process = subprocess.Popen([PROGRAM or "", "-q", folder / "ini"], user=user, group=user, cwd=folder)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (folder / ".s.PGSQL.6432").exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "pgbouncer does not come up"
            time.sleep(0.02)
        yield str(folder)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def through(folder: str, url: str) -> str:
    """The same database, by way of the pooler."""
    return make_url(url).set(query={"host": folder, "port": "6432"}).render_as_string(hide_password=False)


def plain(folder: str, url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A client that shares the pooler's sessions with Clarion and sets nothing."""
    name = make_url(url).database
    return psycopg.connect(host=folder, port=6432, user="postgres", dbname=name, autocommit=True)
