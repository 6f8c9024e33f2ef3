"""Databases for one test: new ones with the schema and no rows, and copies of one that was made ready."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import make_url

from tests.postgres import Server

TEMPLATE = "clarion_template"
"""On the session's server: the schema and no rows."""


class Databases(Protocol):
    def new(self) -> str:
        """The URL of an empty one."""
        ...

    def copy(self, url: str) -> str:
        """The URL of a copy; nobody may be connected to the original."""
        ...

    def drop(self, url: str) -> None: ...


class Files:
    """SQLite: everything in one folder, which its owner removes."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self._folder = folder
        self._empty = empty
        self._numbers: Iterator[int] = itertools.count()

    def new(self) -> str:
        return self.copy(f"sqlite:///{self._empty}")

    def copy(self, url: str) -> str:
        target = self._folder / f"clarion{next(self._numbers)}.db"
        return f"sqlite:///{shutil.copyfile(_file(url), target)}"

    def drop(self, url: str) -> None:
        _file(url).unlink()


class Clones:
    """PostgreSQL: databases of one server; `close` drops what is left."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._numbers: Iterator[int] = itertools.count()
        self._made: set[str] = set()

    def new(self) -> str:
        return self.copy(self._server.url(TEMPLATE))

    def copy(self, url: str) -> str:
        name = f"clarion_{next(self._numbers)}"
        self._made.add(name)
        return self._server.create(name, template=_name(url))

    def drop(self, url: str) -> None:
        self._server.drop(_name(url))
        self._made.discard(_name(url))

    def close(self) -> None:
        for name in sorted(self._made):
            self._server.drop(name)


def _file(url: str) -> Path:
    return Path(_name(url))


def _name(url: str) -> str:
    return make_url(url).database or ""
