from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import FrozenClock
from app.domain.crisis import CrisisState, Severity, UpdateState
from app.domain.principals import Role
from app.store import crises, documents, updates
from app.store.documents import Kind
from app.store.ledger_tables import broadcast
from app.store.updates import UpdateRow
from app.usecases.load_source import load_source
from tests.architecture.tree import ROOT
from tests.console import Visitor
from tests.faces import WORDS, Api


@pytest.fixture
def author(api: Api) -> Visitor:
    api.prepare()
    opened = Visitor(api)
    opened.enter("author", Role.AUTHOR)
    return opened


def sent(api: Api, **changes: Any) -> int:
    update = api.draft(**changes)
    api.submit(update)
    api.done(api.post("approver", f"/updates/{update}/approve", json={"count": 4}))
    api.done(api.post("author", f"/updates/{update}/send"))
    return update


def newest(api: Api) -> UpdateRow:
    with api.db.reading() as connection:
        return updates.page(connection).items[0]


def test_one_click_drafts_the_correction_and_unmended_words_are_not_handed_in(api: Api, author: Visitor) -> None:
    wrong = sent(api)
    page = author.send(author.open(f"/updates/{wrong}"), "correct")
    row = newest(api)
    assert page.path == f"/console/updates/{row.id}/write"
    assert (row.corrects, row.document["content"]["en"]["headline"]) == (wrong, WORDS["headline"])
    again = author.send(author.open(f"/updates/{wrong}"), "correct")
    assert again.path.endswith(f"/updates/{row.id}/write"), "a second click opens the same draft"
    page = author.open(f"/updates/{row.id}")
    assert "still says what was wrong" in page.words
    assert not [form for form in page.tree.forms if form.get("id") == "form-submit"]
    mended = {**row.document, "content": {"en": {**WORDS, "headline": "Power is out in the south, not in the north"}}}
    api.done(api.put("author", f"/updates/{row.id}", json=mended))
    assert "second person" in author.send(author.open(f"/updates/{row.id}"), "submit").said
    with api.db.reading() as connection:
        assert updates.get(connection, wrong).reason == "correction_submitted"


def test_the_all_clear_goes_to_the_same_people_in_the_words_of_the_playbook(
    api: Api, author: Visitor, clock: FrozenClock
) -> None:
    document = json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8"))
    with api.db.writing() as tx:
        documents.save(tx, Kind.PLAYBOOK, "service-outage", document, None)
    crisis = {"slug": "net", "titles": {"en": "Network"}, "severity": "minor", "playbook": "service-outage"}
    api.done(api.post("author", "/crises", json=crisis))
    first = {
        "stage": "details", "audience": "everyone", "endpoints": ["texts"], "content": {"en": WORDS},
        "need": "emergency",
    }  # fmt: skip
    update = int(api.done(api.post("author", "/crises/net/updates", json=first))["id"])
    assert "form-all-clear" not in author.open("/crises/net").text, "nobody was told anything yet"
    api.submit(update)
    api.done(api.post("approver", f"/updates/{update}/approve", json={"count": 2}))
    api.done(api.post("author", f"/updates/{update}/send"))
    clock.advance(3 * 3600)
    author = Visitor(api)
    author.enter("author", Role.AUTHOR)
    page = author.send(author.open("/crises/net"), "all-clear")
    row = newest(api)
    assert page.path == f"/console/updates/{row.id}/write"
    assert (row.document["stage"], row.document["audience"], row.document["endpoints"]) == (
        "resolved", "everyone", ["texts"],
    )  # fmt: skip
    english = row.document["content"]["en"]
    assert english["headline"] == "Service in {place} is working again", "nobody said where: the gap stays"
    assert english["duration"] == "The interruption lasted 3 hours."
    assert set(row.document["content"]) == {"en", "gu", "lo", "eo"}
    assert "never filled" in author.open(f"/updates/{row.id}").words
    refused = author.send(author.open("/crises/net"), "resolve")
    assert "Nobody has been told that it is over" in refused.words
    assert "It is over" in author.send(refused, "resolve", sure="yes").said
    with api.db.reading() as connection:
        assert crises.get(connection, "net").state is CrisisState.RESOLVED


def test_without_a_playbook_the_all_clear_says_at_least_that_it_is_over(api: Api, author: Visitor) -> None:
    sent(api, content={"en": WORDS, "gu": {**WORDS, "headline": "વીજળી નથી"}})
    author.send(author.open("/crises/outage"), "all-clear")
    content = newest(api).document["content"]
    assert content["en"]["headline"] == f"Resolved: {WORDS['headline']}"
    assert content["en"]["impact"].startswith("It is over.")
    assert content["gu"]["headline"] == "ઉકેલાઈ ગયું: વીજળી નથી"
    assert newest(api).state is UpdateState.DRAFT


def test_who_sees_to_what_and_what_the_next_shift_must_know(api: Api, author: Visitor) -> None:
    page = author.open("/crises/outage")
    assert "0 of 12 done" in page.words
    page = author.send(page, "check-numbers_called")
    assert "1 of 12 done" in page.words
    assert "author" in page.tree.xpath("string(//*[contains(@class, 'row')][.//button[text()='Open again']])")
    assert "0 of 12 done" in author.send(page, "check-numbers_called").words
    empty = author.send(page, "handover")
    assert empty.wrong("handover-text")
    done = author.send(empty, "handover", text="The dam holds. Ring Ana at six.")
    assert "The dam holds." in done.words
    assert "handed over" in done.words, "it stands in the timeline"
    viewer = Visitor(api)
    viewer.enter("viewer", Role.VIEWER)
    page = viewer.open("/crises/outage")
    assert "Ring Ana at six." in page.words
    assert not [form for form in page.tree.forms if str(form.get("id")).startswith(("form-check", "form-handover"))]


def test_an_open_crisis_is_called_worse_and_what_was_handed_in_keeps_what_it_had(api: Api, author: Visitor) -> None:
    with api.db.writing() as tx:
        crises.change_severity(tx, "outage", Severity.MINOR)
    before = sent(api)
    page = author.send(author.open("/crises/outage"), "severity", severity="major", reason="Two more streets")
    assert "people hear of it with the next update" in page.said
    assert "changed how bad it is" in page.words
    assert "Minor → Major · Two more streets" in page.words
    refused = author.send(page, "severity", severity="major")
    assert "It is major already." in refused.wrong("severity-severity")
    after = api.draft(stage="progress")
    api.submit(after)
    with api.db.reading() as connection:
        rows = updates.get(connection, before), updates.get(connection, after)
        assert [row.severity for row in rows] == [Severity.MINOR, Severity.MAJOR]
        minor = connection.scalars(select(broadcast.c.minor_news)).all()
        assert list(minor) == [0, 0], "that it is worse is big news, also to those who asked for less"
    kept, new = (load_source(api.db, {}, row.id, row.revision) for row in rows)
    assert (kept.severity, new.severity) == (Severity.MINOR, Severity.MAJOR)
    assert load_source(api.db, {}, before).severity is Severity.MAJOR, "a draft is of the crisis as it is now"
    answer = api.post("author", "/crises/outage/severity", json={"severity": "emergency"})
    assert api.done(answer)["severity"] == "emergency"
