"""At a terminal the commands ask for what is missing: an agent with a customer on the line, staff who declare."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

from app.domain.principals import HOST
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.save_document import save_document
from tests.architecture.tree import ROOT
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.unit.cli.conftest import Clarion
from tests.unit.usecases.announcements import TEMPLATES

ANSWERS = ("1200", "gold", "no-income", "worn-out", "2", "connection", "")
"""The third question is asked again after "gold"; a choice may be named or numbered; the last one is left open."""


def at_terminal(words: tuple[str, ...], typed: tuple[str, ...]) -> str:
    """What it says when a person types these lines; its standard input is a terminal."""
    master, slave = pty.openpty()
    try:
        os.write(master, "".join(f"{line}\n" for line in typed).encode())
        ran = subprocess.run(
            [sys.executable, "-m", "app.cli", *words],
            cwd=ROOT,
            stdin=slave,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(master)
        os.close(slave)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_an_agent_is_asked_until_the_result_stands(clarion: Clarion) -> None:
    clarion.become("ann", "viewer")
    said = at_terminal(("triage",), ANSWERS)
    assert said.count("What has the biggest effect on your finances right now?") == 2
    assert "Solve first: There is no connection" in said


def test_staff_are_asked_for_answers_and_for_the_first_words_gaps(clarion: Clarion) -> None:
    clarion.prepare()
    db = Database(f"sqlite:///{clarion.file}")
    playbook = json.loads((TEMPLATES / "playbooks" / "service-outage.json").read_text(encoding="utf-8"))
    save_document(db, HOST, Kind.PLAYBOOK, "service-outage", playbook, 0, NOON)
    db.close()
    clarion.become("asha", "author")
    said = at_terminal(("crisis", "declare", "--slug", "dark"), (*ANSWERS, "Riverside", "2026-03-10T11:30Z"))
    assert "dark is open, severity major" in said
    assert "Riverside" in clarion("update", "preview", "1", "--json").out
