"""`clarion demo`, and the web process it starts for itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.processes import listen
from app.errors import Conflict, Invalid, Problem
from app.settings import Settings
from app.terminal import console

app = typer.Typer()

DEFAULT_FOLDER: Final = Path("data/demo")
MARK: Final = ".clarion-demo"
"""A folder with this file is the demo's own: it may be emptied."""


@app.command()
def demo(
    people: Annotated[int, typer.Option(min=50, max=200_000, help="Subscribers in the generated list.")] = 20_000,
    keep: Annotated[bool, typer.Option("--keep", help="Keep everything running at the end, until Ctrl-C.")] = False,
) -> None:
    """Play a whole crisis against loopback providers; exit code 0 only if every figure adds up."""
    settings = _settings()
    _fresh(settings)
    from app.demo.story import play

    if not play(settings, console(), people=people, keep=keep):
        raise typer.Exit(1)


@app.command(hidden=True)
def demo_web(host: str, port: int) -> None:
    """The demo's web process: like `serve`, but webhooks may go to loopback, where the demo's providers are."""
    settings = Settings()
    from app.main import create_app
    from app.observe import configure_logging
    from app.wiring import build

    configure_logging("ERROR")
    listen(create_app(wiring=build(settings, allow_private=True)), settings, host=host, port=port)


def _settings() -> Settings:
    """The configured ones; what is not configured is the demo's own folder."""
    given = Settings()
    chosen = {name: getattr(given, name) for name in given.model_fields_set}
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


def _fresh(settings: Settings) -> None:
    """An empty database; raise Conflict rather than remove one that no demo made."""
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
