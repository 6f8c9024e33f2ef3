"""What the command line says of people: whom it wakes, and no address in anything it prints or logs."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.domain.delivery import State
from app.store import courtesies, updates
from app.store.database import Database
from tests.live import until
from tests.unit.cli.conftest import Answer, Clarion

PEOPLE = """external_id,name,email,phone,languages,timezone,area
1,Ana,quokka1@example.org,+442079460901,en,UTC,north
2,Bela,quokka2@example.org,+442079460902,gu,UTC,south
3,Chandra,quokka3@@example.org,,en,UTC,south
4,Dina,,+442079460900000000,en,UTC,south
"""
NEEDLES = ("quokka", "2079460", "7946 09")
WORDS = {"headline": "The water is back", "impact": "It can be drunk.", "options": [{"text": "Let it run a minute."}]}


@pytest.fixture
def clarion(clarion: Clarion) -> Clarion:
    """Ada, an author, acts; `ben` is the second person."""
    clarion.prepare()
    clarion.done("user", "add", "ben", "--role", "approver")
    clarion.write("ben", clarion.done("token", "add", "b", "--role", "approver", "--user", "ben").out.split()[-1])
    clarion.become("ada", "author")
    return clarion


def as_ben(clarion: Clarion, *words: str) -> Answer:
    with clarion.environment.context() as context:
        context.setenv("CLARION_TOKEN", (clarion.folder / "ben").read_text())
        return clarion.done(*words)


def send(clarion: Clarion, stage: str, severity: str) -> None:
    """Update 1."""
    clarion.done("crisis", "open", "water", "--title", "en=Water", "--severity", severity)
    document = {"stage": stage, "audience": "everyone", "endpoints": ["texts", "mail"], "need": "emergency"}
    draft = clarion.write("u.json", json.dumps({**document, "content": {"en": WORDS}}))
    clarion.done("update", "draft", "water", "--file", draft)
    recipients = clarion.json("update", "submit", "1")["recipients"]
    as_ben(clarion, "update", "approve", "1", "--count", str(recipients))
    clarion.done("update", "send", "1")


def asleep(clarion: Clarion) -> int:
    db = Database(f"sqlite:///{clarion.file}")
    with db.reading() as connection:
        broadcast = updates.get(connection, 1).broadcast_id
        found = courtesies.put_off(connection, broadcast or 0)
    db.close()
    return sum(one.asleep for one in found.values())


def test_people_who_sleep_are_woken_by_an_approver_with_a_reason(clarion: Clarion) -> None:
    now = SystemClock().now()
    hours = {"from": f"{now - timedelta(hours=2):%H:%M}", "until": f"{now + timedelta(hours=6):%H:%M}"}
    as_ben(clarion, "organisation", "set", clarion.write("o.json", json.dumps({"quiet_hours": hours})))
    clarion.done("import", "subscribers", clarion.write("people.csv", PEOPLE))
    send(clarion, "resolved", "minor")
    until(lambda: clarion("tick", "--drain", "--timeout", "2").code == 5 and asleep(clarion) == 2)
    counts = clarion.json("update", "show", "1")["counts"]
    assert (counts[State.QUEUED], counts[State.ACCEPTED]) == (2, 2), (
        "good news waits for the morning, mail wakes nobody"
    )

    assert clarion("update", "wake", "1", "--reason", "the tanks are empty").code == 6, "not for an author"
    assert "reason" in as_ben_refused(clarion, "update", "wake", "1", "--reason", " ")
    woken = json.loads(as_ben(clarion, "update", "wake", "1", "--reason", "the tanks are empty", "--json").out)
    assert woken["id"] == 1
    assert clarion.json("crisis", "show", "water")["timeline"][0]["kind"] == "readers_woken"
    clarion.done("tick", "--drain", "--timeout", "90")
    assert clarion.json("update", "show", "1")["counts"][State.ACCEPTED] == 4
    assert "Nobody waits" in as_ben_refused(clarion, "update", "wake", "1", "--reason", "again")


def as_ben_refused(clarion: Clarion, *words: str) -> str:
    with clarion.environment.context() as context:
        context.setenv("CLARION_TOKEN", (clarion.folder / "ben").read_text())
        answer = clarion(*words)
    assert answer.code not in {0, 2}
    return answer.err + answer.out


def test_no_address_stands_in_anything_it_prints_or_logs(clarion: Clarion) -> None:
    clarion.environment.setenv("CLARION_LOG_LEVEL", "DEBUG")
    said: list[Answer] = []

    def run(*words: str) -> Answer:
        said.append(clarion(*words))
        return said[-1]

    bad = str(clarion.folder / "bad.csv")
    run("import", "subscribers", clarion.write("people.csv", PEOPLE), "--errors", bad)
    run("import", "list")
    person = {"addresses": [{"medium": "sms", "address": "020 7946 0903"}, {"medium": "email", "address": "quokka@"}]}
    run("subscriber", "save", "C-1", "--file", clarion.write("ann.json", json.dumps(person)))
    person["addresses"].pop()
    run("subscriber", "save", "C-1", "--region", "GB", "--file", clarion.write("ann.json", json.dumps(person)))
    run("subscriber", "find", "+442079460901")
    run("subscriber", "find", "+4420794609019999")
    for one in ("1", "C-1"):
        run("subscriber", "show", one)
        run("subscriber", "show", one, "--json")
        run("subscriber", "history", one)
    run("suppression", "add", "email", "quokka2@example.org", "--reason", "asked by phone")
    run("suppression", "add", "sms", "02079460901", "--reason", "asked by phone")
    run("suppression", "list")
    run("suppression", "list", "--json")
    send(clarion, "details", "emergency")
    run("tick", "--drain", "--timeout", "90")
    run("update", "watch", "1", "--timeout", "1")
    run("update", "show", "1", "--json")
    run("replies", "list")
    run("doctor")
    said.append(as_ben(clarion, "subscriber", "erase", "1", "--confirm", "1"))
    assert {answer.code for answer in said} >= {0, 1}, "something was refused as well"
    texts = [answer.out + answer.err for answer in said]
    assert any("•••" in text for text in texts)
    for needle in NEEDLES:
        assert [text for text in [*texts, Path(bad).read_text()] if needle in text] == []
