"""A whole update on the command line, by two people."""

from __future__ import annotations

import json

import pytest

from app.domain.delivery import State
from app.store.database import Database
from tests.unit.cli.conftest import Clarion

PEOPLE = """external_id,name,email,phone,languages,timezone,area
1,Ana,ana@example.org,+442071838750,en,Europe/London,north
2,Bela,bela@example.org,,en,Europe/London,north
3,Chandra,,+442071838751,gu,Asia/Kolkata,south
4,Nobody,no-address,,en,UTC,south
"""
WORDS = {
    "stage": "holding",
    "audience": "everyone",
    "endpoints": ["texts", "mail"],
    "need": "emergency",
    "content": {
        "en": {
            "headline": "Power is out in the north",
            "impact": "You have no electricity.",
            "duration": "Until 18:00.",
            "options": [{"text": "Charge at the library."}],
        }
    },
}


@pytest.fixture
def author(clarion: Clarion) -> Clarion:
    """Ada acts; Ben's token waits in `ben.token`, the subscribers are in."""
    clarion.prepare()
    clarion.become("ben", "approver")
    clarion.write("ben.token", clarion.done("token", "add", "b", "--role", "approver", "--user", "ben").out.split()[-1])
    clarion.become("ada", "author")
    report = clarion.done(
        "import", "subscribers", clarion.write("people.csv", PEOPLE), "--errors", str(clarion.folder / "bad.csv")
    )
    assert "3 new" in report.out
    clarion.done("crisis", "open", "outage", "--title", "en=Outage", "--severity", "emergency")
    return clarion


def ben(clarion: Clarion) -> str:
    return (clarion.folder / "ben.token").read_text()


def test_bad_rows_are_shown_and_written_to_a_file(author: Clarion) -> None:
    assert "bad_email" in (author.folder / "bad.csv").read_text()
    again = author.json("import", "subscribers", str(author.folder / "people.csv"))
    assert (again["created"], again["updated"], again["unchanged"], again["rejected"]) == (0, 0, 3, 1)


def test_draft_submit_approve_send_drain_watch(author: Clarion) -> None:
    ada = author.environment
    drafted = author.json("update", "draft", "outage", "--file", author.write("u.json", json.dumps(WORDS)))
    assert (drafted["id"], drafted["state"]) == (1, "draft")
    preview = author.json("update", "preview", "1", "--lang", "en")
    assert {one["endpoint"] for one in preview["renderings"]} == {"texts", "mail"}
    assert author.json("update", "submit", "1")["recipients"] == 4
    assert author("update", "approve", "1", "--count", "4").code == 6
    with ada.context() as as_ben:
        as_ben.setenv("CLARION_TOKEN", ben(author))
        assert author("update", "approve", "1", "--count", "5").code == 4
        assert author("update", "approve", "1").code == 1, "nobody is there to type the number"
        assert author.json("update", "approve", "1", "--count", "4")["state"] == "approved"
    assert author.json("update", "send", "1")["state"] in ("releasing", "sending")
    assert author("update", "watch", "1", "--timeout", "0").code == 5
    drained = author.json("tick", "--drain", "--timeout", "90")
    assert drained["left"] == dict.fromkeys(drained["left"], 0)
    lines = author.done("update", "watch", "1", "--json").out.splitlines()
    last = json.loads(lines[-1])
    assert (last["state"], last["counts"][State.ACCEPTED]) == ("done", 4)
    assert "done" in author.done("update", "show", "1").out
    assert author.json("update", "list")["items"][0]["recipients"] == 4
    assert author.json("crisis", "show", "outage")["timeline"][0]["kind"] == "update_done"


def test_a_correction_takes_over_what_is_not_said_anew(author: Clarion) -> None:
    sent(author)
    correction = {"content": {"en": {**WORDS["content"]["en"], "duration": "Until 20:00."}}}  # type: ignore[index]
    drafted = author.json("update", "correct", "1", "--file", author.write("c.json", json.dumps(correction)))
    assert (drafted["stage"], drafted["corrects"], drafted["document"]["need"]) == ("correction", 1, "emergency")
    assert author.json("update", "submit", str(drafted["id"]))["recipients"] == 4


def test_return_edit_reject_cancel(author: Clarion) -> None:
    author.done("update", "draft", "outage", "--file", author.write("u.json", json.dumps(WORDS)), "--stage", "details")
    author.done("update", "submit", "1")
    mine = author.environment
    with mine.context() as as_ben:
        as_ben.setenv("CLARION_TOKEN", ben(author))
        assert author.json("update", "return", "1", "--reason", "Say until when.")["state"] == "returned"
    edited = author.json("update", "edit", "1", "--file", str(author.folder / "u.json"))
    assert (edited["state"], edited["stage"]) == ("draft", "holding")
    author.done("update", "submit", "1")
    stopped = author.json("update", "cancel", "1", "--reason", "not needed")
    assert (stopped["state"], stopped["already_out"]) == ("cancelled", 0)
    assert author("update", "send", "1").code == 4


def test_an_empty_preview_says_what_stands_in_the_way(author: Clarion) -> None:
    author.done("update", "draft", "outage", "--file", author.write("u.json", json.dumps({"stage": "holding"} | WORDS)))
    bare = author.write("bare.json", json.dumps({"stage": "holding", "content": {}}))
    author.done("update", "draft", "outage", "--file", bare)
    answer = author("update", "preview", "2")
    assert answer.code == 1
    assert "It goes nowhere" in answer.out
    assert author("update", "submit", "2").code == 1


def test_doctor_finds_a_counter_that_lies(author: Clarion) -> None:
    sent(author)
    author.become("root", "admin")
    assert author.json("doctor")["well"] is True
    db = Database(f"sqlite:///{author.file}")
    with db.writing() as tx:
        tx.exec_driver_sql("UPDATE shard SET failed = failed + 1, accepted = accepted - 1 WHERE medium = 3")
    db.close()
    answer = author("doctor")
    assert answer.code == 1
    assert "counters differ from the rows" in answer.out


def test_route_names_the_best_way_to_reach_us(author: Clarion) -> None:
    answer = author.json("route", "--need", "emergency", "--lang", "gu", "--at", "2026-03-10T12:00:00Z")
    assert [one["contact_channel"]["slug"] for one in answer["options"]] == ["phone"]
    assert "Phone" in author.done("route", "--need", "emergency").out
    assert author("route", "--need", "emergency", "--at", "tomorrow").code == 1


def sent(clarion: Clarion) -> None:
    """Update 1, out to everybody."""
    clarion.done("update", "draft", "outage", "--file", clarion.write("u.json", json.dumps(WORDS)))
    clarion.done("update", "submit", "1")
    with clarion.environment.context() as as_ben:
        as_ben.setenv("CLARION_TOKEN", ben(clarion))
        clarion.done("update", "approve", "1", "--count", "4")
    clarion.done("update", "send", "1")
    clarion.done("tick", "--drain", "--timeout", "90")


def test_doctor_says_why_an_update_is_not_being_sent(author: Clarion) -> None:
    author.done("update", "draft", "outage", "--file", author.write("u.json", json.dumps({"stage": "holding"} | WORDS)))
    answer = author.json("doctor", "1")
    [held] = [one for one in answer["findings"] if one["name"] == "update 1"]
    assert (held["reason"], held["warning"]) == ("not_submitted", True)
    assert "clarion update submit 1" in held["remedy"]
    assert author("doctor", "99").code == 3
