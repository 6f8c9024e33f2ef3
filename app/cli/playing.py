"""`clarion demo`, and the web process it starts for itself."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.cli.processes import listen
from app.errors import Conflict, Invalid, Problem
from app.settings import Settings, Timings
from app.terminal import console

app = typer.Typer()

DEFAULT_FOLDER: Final = Path("data/demo")
ROOT: Final = Path(__file__).parents[2]
LOOPBACK: Final = "127.0.0.1"
TIMINGS: Final = Timings(site_bound=20.0, settle=3.0)
"""A busy laptop may need far more than two seconds for the banner; and nobody wants to watch ten seconds of doubt."""
MARK: Final = ".clarion-demo"
"""A folder with this file is the demo's own: it may be emptied."""


@app.command()
def demo(
    people: Annotated[int, typer.Option(min=50, max=200_000, help="Subscribers in the generated list.")] = 20_000,
    keep: Annotated[bool, typer.Option("--keep", help="Keep everything running at the end, until Ctrl-C.")] = False,
) -> None:
    """Play a whole crisis against loopback providers; exit code 0 only if every figure adds up."""
    from app.demo.stage import Web
    from app.demo.story import organisation, play
    from app.observe import configure_logging
    from app.store.migrate import upgrade
    from app.wiring import build

    configure_logging("ERROR")
    name, timezone = organisation()
    with _kept_port() as port:
        settings = _settings(
            public_url=f"http://{LOOPBACK}:{port}", organisation=name, timezone=timezone, timings=TIMINGS
        )
        path = _fresh(settings)
        upgrade(settings.database_url)
        command = [sys.executable, "-m", "app.cli", "demo-web", LOOPBACK, str(port)]
        web = Web(command, _environment(settings), path.parent / "web.log")
        wiring = build(settings, allow_private=True)
        try:
            well = play(wiring, console(), web, path.parent, people=people, keep=keep)
        finally:
            wiring.db.close()
    if not well:
        raise typer.Exit(1)


@app.command(hidden=True)
def demo_web(host: str, port: int) -> None:
    """The demo's web process: like `serve`, but webhooks may go to loopback, where the demo's providers are."""
    settings = Settings()
    from app.observe import configure_logging
    from app.wiring import build

    configure_logging("ERROR")
    listen(lambda: build(settings, allow_private=True), settings, host=host, port=port)


def _settings(**own: object) -> Settings:
    """The configured ones, over them the demo's own; what is not configured lies in the demo's folder."""
    given = Settings()
    chosen: dict[str, Any] = {name: getattr(given, name) for name in given.model_fields_set} | own
    chosen.setdefault("database_url", f"sqlite:///{DEFAULT_FOLDER}/clarion.db")
    path = Settings(**chosen).sqlite_path()
    if path is None:
        raise Invalid(
            Problem(
                "demo_on_sqlite",
                "The demo plays on SQLite: it empties the database it finds.",
                "CLARION_DATABASE_URL",
                "Leave it out, or name an SQLite file.",
            )
        )
    chosen.setdefault("publish_dir", path.parent / "site")
    return Settings(**chosen)


def _environment(settings: Settings) -> dict[str, str]:
    """The same settings for the web process."""
    own = {
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "PUBLIC_URL": settings.public_url,
        "PUBLISH_DIR": str(settings.publish_dir),
        "ORGANISATION": settings.organisation,
        "TIMEZONE": settings.timezone,
        "DEFAULT_LANGUAGE": settings.default_language,
        "TIMINGS_SITE_BOUND": str(settings.timings.site_bound),
        "TIMINGS_SETTLE": str(settings.timings.settle),
    }
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        **{f"CLARION_{name}": value for name, value in own.items()},
        "PYTHONPATH": os.pathsep.join(paths),
    }


@contextmanager
def _kept_port() -> Iterator[int]:
    """A port that nobody is given by chance meanwhile; whoever names it may listen on it."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((LOOPBACK, 0))  # never listens: then another that allows it too may be bound beside it
        yield int(door.getsockname()[1])


def _fresh(settings: Settings) -> Path:
    """Where the new database will be; raise Conflict rather than remove one that no demo made."""
    path = settings.sqlite_path()
    assert path is not None  # noqa: S101 - _settings saw to it
    mark = path.parent / MARK
    if path.exists() and not mark.exists():
        raise Conflict(
            Problem(
                "not_a_demo",
                f"{path} was not made by a demo, so it will not be replaced.",
                "CLARION_DATABASE_URL",
                "Leave it out, or name a file that does not exist.",
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    for suffix in ("", "-wal", "-shm", ".engine"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path
