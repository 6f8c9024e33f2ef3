"""Notices to staff on the command line, and `tick` that hands them over where no service runs."""

from __future__ import annotations

import json

import pytest

from app.domain.principals import HOST
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.save_endpoint import save_endpoint
from app.wiring import channel_facts
from tests.architecture.test_docs import commands
from tests.architecture.tree import ROOT
from tests.conftest import NOON
from tests.unit.cli.conftest import SECRET, Clarion


@pytest.fixture
def desk(clarion: Clarion) -> Clarion:
    clarion.prepare()
    clarion.become("root", "admin")
    return clarion


def test_notices_go_where_staff_say_and_are_acknowledged(desk: Clarion) -> None:
    assert "Nowhere" in desk.done("staff", "recipients").out
    desk.done("staff", "add", "texts", "+442071838750", "--severity", "major")
    assert "+44•••••••750" in desk.done("staff", "add", "mail", "mira@example.org").out
    made = desk.json("staff", "trial")
    assert len(made["deliveries"]) == 2
    assert "texts +44•••••••750: queued" in desk.done("staff", "notices").out
    desk.done("tick")
    (notice,) = desk.json("staff", "notices")["items"]
    assert {one["state"] for one in notice["deliveries"]} == {"accepted"}
    assert "takes care" in desk.done("staff", "acknowledge", str(notice["id"])).out
    assert "Nothing waits" in desk.done("staff", "notices").out
    assert notice["id"] == desk.json("staff", "notices", "--all")["items"][0]["id"]
    desk.done("staff", "remove", "texts", "+442071838750")
    assert [one["endpoint"] for one in desk.json("staff", "recipients")["recipients"]] == ["mail"]


def test_faults_are_explained(desk: Clarion) -> None:
    for words, code in (
        (("staff", "add", "texts"), 1),
        (("staff", "add", "nothing", "x"), 1),
        (("staff", "remove", "texts"), 3),
        (("staff", "acknowledge", "9"), 3),
    ):
        answer = desk(*words, "--json")
        assert answer.code == code, answer.err
        assert json.loads(answer.err)["errors"][0]["remedy"]


def test_the_commands_of_the_documentation_run(desk: Clarion) -> None:
    db = Database(f"sqlite:///{desk.file}")
    save_endpoint(db, Keyring(SECRET), channel_facts, HOST, "duty-room", {"channel": "outbox.webhook"}, 0, NOON)
    db.close()
    page = (ROOT / "docs" / "staff-notices.md").read_text(encoding="utf-8")
    ran = [desk.done(*words[1:]) for words in commands(page) if words[0] == "clarion"]
    assert len(ran) == 8
    assert [one["endpoint"] for one in desk.json("staff", "recipients")["recipients"]] == ["duty-room"]
