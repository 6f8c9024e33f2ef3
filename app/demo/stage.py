"""What the story needs around it: loopback providers, the web process, and people with tokens."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.demo.texts import story
from app.domain.principals import HOST, Actor, Role
from app.errors import Invalid, Problem, Unavailable
from app.usecases.authenticate import authenticate
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user

if TYPE_CHECKING:
    from app.wiring import Wiring
    from tests.rig.client import ControlClient

ROOT: Final = Path(__file__).parents[2]
START_SECONDS: Final = 180.0
STOP_SECONDS: Final = 20.0
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Web:
    """How the web process is started, and where it will answer."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path


@dataclass(frozen=True, slots=True)
class Stage:
    wiring: Wiring
    providers: Mapping[str, Any]
    """Base URL by provider, and `credentials`."""
    control: ControlClient
    folder: Path

    @property
    def url(self) -> str:
        return self.wiring.settings.public_base


@contextmanager
def stage(wiring: Wiring, web: Web, folder: Path) -> Iterator[Stage]:
    """Providers and web process, both processes of their own; ended at the end, whatever happens.

    Raise Invalid when the providers are not part of this installation, Unavailable when something does not start.
    """
    if find_spec("tests") is None or find_spec("tests.rig") is None:
        raise Invalid(
            Problem(
                "no_rig",
                "The demo's providers are in tests/rig, which this installation does not have.",
                "",
                "Run the demo from a clone of the source.",
            )
        )
    from tests.rig.ledger import Keep
    from tests.rig.process import RigProcess

    with RigProcess(keep=Keep.ENTRIES) as rig, _process(web, wiring.settings.public_base):
        yield Stage(wiring, rig.addresses, rig.control, folder)


def cast(wiring: Wiring) -> tuple[dict[str, Actor], dict[str, str]]:
    """The people of the story by role, and their tokens."""
    actors: dict[str, Actor] = {}
    tokens: dict[str, str] = {}
    now = wiring.clock.now()
    for role, name in story()["users"].items():
        user = create_user(wiring.db, HOST, name, Role(role), now)
        tokens[role] = create_token(wiring.db, HOST, f"{name}-demo", Role(role), now, user_id=user.id).secret
        actors[role] = authenticate(wiring.db, tokens[role], now)
    return actors, tokens


def fetch(url: str, seconds: float = 10.0) -> Any:  # noqa: ANN401 - JSON
    """A JSON document over HTTP; raise Unavailable."""
    try:
        with _DIRECT.open(url, timeout=seconds) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError) as error:
        raise Unavailable(Problem("no_answer", f"{url} does not answer: {error}.", "", "Try again.")) from error


@contextmanager
def _process(web: Web, url: str) -> Iterator[None]:
    with web.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - this very program
            web.command, env=web.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _until_ready(process, url, web.log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with _DIRECT.open(f"{url}/readyz", timeout=1.0):
                return
        except OSError:
            ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            raise Unavailable(
                Problem("not_started", "The demo's web process did not start.", "", f"Its own words are in {log}.")
            )
        time.sleep(0.05)
