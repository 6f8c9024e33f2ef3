"""What to solve first, on the command line."""

from __future__ import annotations

import json

import pytest

from app.domain.principals import HOST
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.save_document import save_document
from tests.conftest import NOON
from tests.unit.cli.conftest import Clarion
from tests.unit.usecases.announcements import TEMPLATES

ALL = (
    "affected=1200",
    "money=no-income",
    "hurts=worn-out",
    "dangerous=b-broken",
    "broken=connection",
    "first=the pump",
)


@pytest.fixture
def asked(clarion: Clarion) -> Clarion:
    clarion.become("ann", "viewer")
    return clarion


def options(answers: tuple[str, ...]) -> list[str]:
    return [word for answer in answers for word in ("--answer", answer)]


def test_the_next_question_and_the_result_so_far_are_named(asked: Clarion) -> None:
    answer = asked.done("triage", *options(ALL[:1]))
    assert "What has the biggest effect on your finances right now?" in answer.out
    assert "--answer money=" in answer.out
    assert "(so far)" in answer.out


def test_all_answers_lead_to_what_must_be_solved_first(asked: Clarion) -> None:
    answer = asked.done("triage", "--lang", "eo", *options(ALL))
    assert "Mankas konekto" in answer.out
    assert "relieves most: Mono ne envenas, Homoj estas elĉerpitaj" in answer.out
    assert "major, need technical-issue, playbook service-outage" in answer.out
    assert "the pump" not in answer.out
    found = asked.json("triage", *options(ALL))
    assert (found["question"], found["result"]["problem"]) == (None, "no-connection")


def test_an_answer_that_cannot_be_is_explained(asked: Clarion) -> None:
    for bad in ("affected=many", "money=gold", "nowhere=1", "money"):
        answer = asked("triage", "--answer", bad)
        assert answer.code == 1, answer.out + answer.err
        assert "Traceback" not in answer.err
    missing = asked("triage", "nothing")
    assert missing.code != 0
    assert "There is no triage tree" in missing.err


def test_staff_declare_in_one_act(clarion: Clarion) -> None:
    clarion.prepare()
    playbook = (TEMPLATES / "playbooks" / "service-outage.json").read_text(encoding="utf-8")
    db = Database(f"sqlite:///{clarion.file}")
    save_document(db, HOST, Kind.PLAYBOOK, "service-outage", json.loads(playbook), 0, NOON)
    db.close()
    clarion.become("asha", "author")
    values = ("--set", "place=Riverside", "--set", "started=2026-03-10T11:30Z")
    incomplete = clarion("crisis", "declare", *values, *options(ALL[:2]), "--json")
    assert (incomplete.code, json.loads(incomplete.err)["errors"][0]["code"]) == (1, "triage_incomplete")
    words = clarion.done("crisis", "declare", "--slug", "dark", *values, *options(ALL)).out
    assert "dark is open, severity major: no-connection (relieves most)." in words
    assert "clarion update preview 1" in words
    shown = clarion.json("crisis", "show", "dark")
    assert [(one["stage"], one["state"]) for one in shown["updates"]] == [("holding", "draft")]
    again = clarion("crisis", "declare", "--slug", "dark", *values, *options(ALL))
    assert again.code == 4


def test_staff_see_what_hurts_most(asked: Clarion) -> None:
    assert "Nobody has finished" in asked.done("hurts").out
    asked.done("triage", *options(ALL))
    (worst,) = asked.json("hurts")["hurts_most"]
    assert (worst["problem"], worst["count"], worst["share_percent"]) == ("no-connection", 1, 100.0)
    assert "100 %" in asked.done("hurts", "--lang", "eo").out
