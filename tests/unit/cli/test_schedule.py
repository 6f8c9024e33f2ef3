"""Schedules on the command line, and `tick` that fires them where no service runs."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from app.clock import SystemClock
from app.domain.principals import HOST
from app.domain.reading import iso
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.save_document import save_document
from tests.architecture.test_docs import commands
from tests.architecture.tree import ROOT
from tests.rig.cadences import PLAYBOOK
from tests.unit.cli.conftest import Clarion

SENTENCES = {"en": {"headline": "Power is out in {place}", "impact": "No light.", "duration": "Until {until}."}}

SOON = (
    *["schedule", "add", "soon", "--crisis", "power", "--every", "9m", "--endpoint", "texts", "--audience", "everyone"],
)


@pytest.fixture
def desk(clarion: Clarion) -> Clarion:
    """Signed in as an author; a crisis with a playbook, and one fact."""
    clarion.prepare()
    db = Database(f"sqlite:///{clarion.file}")
    book = {**PLAYBOOK, "stages": {"progress": SENTENCES}}
    save_document(db, HOST, Kind.PLAYBOOK, "outage", book, 0, SystemClock().now())
    starts = SystemClock().now() + timedelta(days=3)
    work = {"titles": {"en": "New mast"}, "starts": iso(starts), "ends": iso(starts + timedelta(hours=1))}
    save_document(db, HOST, Kind.PLANNED_WORK, "new-mast", work, 0, SystemClock().now())
    db.close()
    clarion.become("ada", "author")
    clarion.done("crisis", "open", "power", "--title", "en=Power", "--severity", "major", "--playbook", "outage")
    clarion.done("crisis", "fact", "power", "place", "Riverside", "--source", "grid")
    return clarion


def test_the_commands_of_the_documentation_run(desk: Clarion) -> None:
    page = (ROOT / "docs" / "cadence.md").read_text(encoding="utf-8")
    for words in commands(page):
        if words[1:3] == ["schedule", "approve"]:
            desk.done(*SOON)
            desk.done("tick")
            desk.become("ben", "approver")
        if "--person" in words:
            desk.become("root", "admin")
        desk.done(*words[1:])
    assert not desk.json("schedule", "list")["paused"]


def test_faults_are_explained_and_times_are_shown(desk: Clarion) -> None:
    for words, code in (
        (("schedule", "add", "s", "--crisis", "power"), 1),
        (("schedule", "add", "s", "--crisis", "power", "--cron", "0 0 30 2 *"), 1),
        (("schedule", "add", "s", "--crisis", "power", "--every", "5s"), 1),
        (("schedule", "add", "s", "--crisis", "power", "--every", "1h", "--timezone", "Mars/Olympus"), 1),
        (("schedule", "show", "nothing"), 3),
        (("schedule", "confirm", "9"), 3),
    ):
        assert desk(*words).code == code, words
    made = desk.json("schedule", "add", "s", "--crisis", "power", "--cron", "@hourly", "--timezone", "Asia/Vientiane")
    assert len(made["next"]) == 5
    assert "every hour (Asia/Vientiane)" in desk.done("schedule", "list").out
    assert "+07" in desk.done("schedule", "next", "s").out
    assert desk("schedule", "approve", "s").code == 6, "an author is no approver"


def test_tick_fires_what_is_due(desk: Clarion) -> None:
    desk.done(*SOON)
    ticked = desk.json("tick")
    assert ticked["schedules"] == {"fired": 1, "missed": 0, "paused": False}
    (plan,) = desk.json("schedule", "waiting")["items"]
    assert "Riverside" in json.dumps(desk.json("update", "show", str(plan["update_id"])), ensure_ascii=False)
    assert desk.json("tick")["schedules"]["fired"] == 0, "once"


def test_the_ticks_of_the_example_units_run(desk: Clarion) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    units = "\n".join(re.findall(r"^```(?:cron|ini|yaml)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    ticks = re.findall(r"clarion,? (tick[^\]\n]*)", units)
    assert len(ticks) == 3
    for tick in ticks:
        desk.done(*re.split(r"[, ]+", tick))
