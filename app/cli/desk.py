"""What a command works with: the configured database, the person behind CLARION_TOKEN, and two ways to answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from pydantic import BaseModel
from rich.console import Console

from app.clock import Clock, SystemClock
from app.domain.principals import Actor, permit
from app.domain.reading import iso
from app.errors import Invalid, Problem, Unauthenticated, Unavailable
from app.keyring import Keyring
from app.settings import Settings
from app.store.database import Database
from app.terminal import console
from app.usecases.authenticate import authenticate

if TYPE_CHECKING:
    from app.wiring import Wiring

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]


@dataclass
class Desk:
    settings: Settings
    clock: Clock
    db: Database
    out: Console = field(default_factory=console)
    err: Console = field(default_factory=lambda: console(error=True))

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.settings.resolved_secret_key())

    @cached_property
    def wiring(self) -> Wiring:
        """Everything that renders, publishes and sends; loading it takes a second, so only who needs it asks."""
        from app.wiring import build

        return build(self.settings, clock=self.clock)

    @cached_property
    def actor(self) -> Actor:
        """Raise Unauthenticated without a usable CLARION_TOKEN."""
        token = self.settings.token.get_secret_value()
        if not token:
            raise Unauthenticated(
                Problem(
                    "token_missing",
                    "CLARION_TOKEN is not set, so nobody knows who acts.",
                    "CLARION_TOKEN",
                    "Make one on this host: clarion token add NAME --role ROLE --user USER; then export it.",
                )
            )
        return authenticate(self.db, token, self.now())

    @property
    def step_up(self) -> timedelta | None:
        """How long a code of the actor's counts; None = nobody asks for one."""
        minutes = self.settings.step_up_minutes
        return timedelta(minutes=minutes) if minutes else None

    def allowed(self, act: str) -> Actor:
        """The actor, who may do this act. Raise Forbidden otherwise."""
        permit(self.actor, act)
        return self.actor

    def now(self) -> datetime:
        return self.clock.now()

    def answer(self, value: object, show: Callable[[Console], None], *, as_json: bool) -> None:
        """The value as JSON, or whatever `show` draws."""
        if as_json:
            write_json(self.out, value)
        else:
            show(self.out)


@contextmanager
def at_desk(settings: Settings | None = None, *, new: bool = False) -> Iterator[Desk]:
    """The desk of the configured database, closed at the end.

    Raise Unavailable when an SQLite file is not there: a typing error must not make an empty one. `new` permits it.
    """
    settings = settings or Settings()
    _quiet(settings)
    path = settings.sqlite_path()
    if path is not None and not new and not path.exists():
        raise Unavailable(
            Problem(
                "database_missing",
                f"There is no database at {path}.",
                "CLARION_DATABASE_URL",
                "Name the right one, or make it: clarion migrate",
            )
        )
    desk = Desk(settings, SystemClock(), Database(settings.database_url))
    try:
        yield desk
    finally:
        desk.db.close()


def write_json(screen: Console, value: object, *, line: bool = False) -> None:
    """Never wrapped, never coloured; `line` puts it on one line."""
    screen.file.write(json.dumps(plain(value), ensure_ascii=False, indent=None if line else 2) + "\n")
    screen.file.flush()


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """Rows, models, times and words as JSON knows them."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def moment(text: str | None, name: str) -> datetime | None:
    """ISO 8601; without an offset UTC. Raise Invalid, naming the option."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            Problem("bad_time", f"“{text}” is not a time.", name, "Write it like 2026-11-22T14:30:00Z.")
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def pairs(given: list[str], name: str) -> dict[str, str]:
    """`["en=Outage"]` -> {"en": "Outage"}. Raise Invalid, naming the option."""
    found = [one.partition("=") for one in given]
    wrong = [one[0] for one in found if not one[1] or not one[0]]
    if wrong:
        raise Invalid(Problem("bad_pair", f"“{wrong[0]}” has no value.", name, f"Write {name} NAME=VALUE."))
    return {key.strip(): value for key, _, value in found}


def document_from(path: str) -> dict[str, Any]:
    """A JSON object out of a file, or of standard input for `-`. Raise Invalid."""
    try:
        found = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise Invalid(Problem("bad_json", f"This is not JSON: {error}.", path, "Correct it there.")) from None
    if not isinstance(found, dict):
        raise Invalid(Problem("bad_json", "This is JSON, but not an object.", path, 'Begin with "{".'))
    return cast("dict[str, Any]", found)


def _quiet(settings: Settings) -> None:
    from app.observe import configure_logging

    configure_logging(settings.log_level if "log_level" in settings.model_fields_set else "ERROR")
