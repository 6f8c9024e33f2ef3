"""A command loads what it needs and nothing else: counted in modules, since seconds depend on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import typer

from app.cli.menu import MENU, only, whole
from tests.patience import PATIENCE
from tests.unit.cli.conftest import Clarion

COUNT = """
import contextlib, io, json, sys
from app.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""
FOR_OTHERS = {
    "fastapi",
    "psycopg",
    "holidays",
    "jinja2",
    "email_validator",
    "aiohttp",
    "pycurl",
    "pyreqwest",
    "twilio",
    "uvicorn",
}


def loaded(*words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *words], env=dict(os.environ), capture_output=True, text=True, timeout=PATIENCE,
        check=True,
    )  # fmt: skip
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


def test_the_overview_loads_no_command() -> None:
    modules = loaded("--help")
    assert not modules & {*FOR_OTHERS, "sqlalchemy", "pydantic", "app.settings", "app.cli.desk"}
    assert len(modules) < 400, "it was 1,300"


def test_a_list_loads_neither_the_web_framework_nor_what_renders_and_sends(clarion: Clarion) -> None:
    clarion.become("vic", "viewer")
    modules = loaded("update", "list")
    assert not modules & FOR_OTHERS
    assert not {"app.wiring", "app.templating", "app.publishing.building"} & modules
    assert len(modules) < 1_000, "it was 1,300"


def test_the_menu_says_what_the_commands_say() -> None:
    root = typer.main.get_command(whole())
    commands = root.commands  # type: ignore[attr-defined]
    said = {name: " ".join((command.help or "").split("\n\n")[0].split()) for name, command in commands.items()}
    assert said == {entry.name: entry.words for entry in MENU}


def test_each_entry_leads_to_its_command() -> None:
    for entry in MENU:
        commands = typer.main.get_command(only(entry.name)).commands  # type: ignore[attr-defined]
        assert entry.name in commands
