from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from app.clock import FrozenClock
from app.console.held import take
from app.domain.crisis import UpdateState
from app.domain.principals import HOST, Role
from app.store import accounts, audit, crises, drafts, updates
from app.usecases.draft_update import edit_draft
from app.usecases.end_session import end_sessions
from tests.console import Page, Visitor
from tests.faces import Api


@pytest.fixture
def author(api: Api) -> Visitor:
    api.prepare()
    opened = Visitor(api)
    opened.enter("author", Role.AUTHOR)
    return opened


@pytest.fixture
def other(api: Api, author: Visitor) -> Visitor:
    opened = Visitor(api)
    opened.enter("Ben", Role.AUTHOR)
    return opened


def row(api: Api, update: int) -> updates.UpdateRow:
    with api.db.reading() as connection:
        return updates.get(connection, update)


def write(update: int) -> str:
    return f"/updates/{update}/write"


def autosave(visitor: Visitor, page: Page, update: int, **typed: str) -> dict[str, Any]:
    fields = {**page.form("write"), **typed, "_once": f"auto-{sorted(typed.items())}"}
    return dict(json.loads(visitor.post(f"/console/updates/{update}/autosave", fields).text))


def test_a_crisis_nobody_prepared_for_is_begun_blank_and_written_in_two_languages(api: Api, author: Visitor) -> None:
    page = author.open("/declare")
    assert "/console/begin" in page.tree.xpath("//a/@href")
    page = author.send(author.open("/begin"), "begin", title="Ship on the bridge", severity="major")
    assert page.heading == "Write"
    update = int(page.path.split("/")[3])
    assert page.form("write")["audience"] == "everyone"
    typed = {
        "content.en.headline": "The bridge is closed",
        "content.en.impact": "You cannot cross.",
        "content.en.complications": "The tunnel is full.\n\nFerries are late.",
        "content.en.options[0].text": "Take the ferry",
        "content.en.options[0].url": "https://ferry.example.org/",
        "content.en.links[0].text": "Timetable",
        "content.en.links[0].url": "https://ferry.example.org/times",
        "expires_at": "2026-03-10T18:00",
        "language": "gu",
    }
    page = author.send(page, "write", **typed)
    assert page.said == "Saved."
    assert "content.gu.headline" in page.form("write")
    page = author.send(page, "write", **{"content.gu.headline": "પુલ બંધ છે", "content.gu.impact": "પાર નહીં થાય."})
    document = row(api, update).document
    assert document["content"]["en"]["complications"] == ["The tunnel is full.", "Ferries are late."]
    assert document["content"]["en"]["options"] == [
        {"text": "Take the ferry", "need": None, "url": "https://ferry.example.org/"}
    ]
    assert document["content"]["gu"]["headline"] == "પુલ બંધ છે"
    assert document["expires_at"] == "2026-03-10T18:00:00Z"
    assert document["endpoints"] == ["texts", "mail"]
    with api.db.reading() as connection:
        crisis = crises.get(connection, row(api, update).crisis)
    assert (crisis.slug, crisis.severity.value) == ("ship-on-the-bridge-2026-03-10", "major")


def test_the_same_title_twice_on_a_day_is_no_obstacle(api: Api, author: Visitor) -> None:
    for _ in range(2):
        author.send(author.open("/begin"), "begin", title="Öl!", severity="info")
    with api.db.reading() as connection:
        assert {"ol-2026-03-10", "ol-2026-03-10-2"} <= set(crises.everything(connection))


def test_the_next_update_of_a_crisis_goes_where_the_last_one_went(api: Api, author: Visitor) -> None:
    api.draft(endpoints=["texts"])
    page = author.send(author.open("/crises/outage"), "another", stage="progress")
    assert page.heading == "Write"
    fields = page.form("write")
    assert (fields["stage"], fields["audience"], fields["need"]) == ("progress", "everyone", "emergency")
    assert fields["next_update_by"] == "2026-03-10T12:30"


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(api: Api, author: Visitor) -> None:
    update = api.draft()
    typed = {
        "content.en.headline": "x" * 201,
        "content.en.links[0].text": "A page",
        "content.en.links[0].url": "http://insecure.example.org",
        "content.en.impact": "Still here",
        "expires_at": "tomorrow",
    }
    page = author.send(author.open(write(update)), "write", **typed)
    assert page.status == 422
    assert page.wrong("write-expires_at").startswith("This is not a day and time.")
    assert page.form("write")["content.en.impact"] == "Still here"
    page = author.send(page, "write", expires_at="2026-03-10T18:00")
    assert page.wrong("write-content.en.headline") == "This is longer than 200 characters. Shorten it."
    assert page.wrong("write-content.en.links[0].url").startswith("This is not an https address.")
    assert page.tree.xpath("//*[@autofocus]/@id") == ["write-content.en.headline"]
    assert row(api, update).revision == 0


def test_what_the_form_does_not_show_stays_as_it_was(api: Api, author: Visitor, clock: FrozenClock) -> None:
    expires = (clock.now() + timedelta(hours=3, seconds=17)).isoformat()
    update = api.draft(expires_at=expires, help={"topics": ["water"], "areas": [], "show": False})
    before = row(api, update).document
    author.send(author.open(write(update)), "write", **{"content.en.duration": "Until 19:00."})
    after = row(api, update).document
    assert after["content"]["en"]["duration"] == "Until 19:00."
    assert {**after, "content": 0} == {**before, "content": 0}


def test_two_who_write_at_once_both_keep_their_words(api: Api, author: Visitor, other: Visitor) -> None:
    update = api.draft()
    mine, theirs = author.open(write(update)), other.open(write(update))
    other.send(theirs, "write", **{"content.en.impact": "No light, no lifts."})
    page = author.send(mine, "write", **{"content.en.headline": "Power is out in the whole north"})
    words = row(api, update).document["content"]["en"]
    assert (words["headline"], words["impact"]) == ("Power is out in the whole north", "No light, no lifts.")
    assert "Ben writes too" in page.words
    assert "#write-content.en.impact" in page.tree.xpath("//a/@href")


def test_two_who_change_the_same_words_see_both_versions(api: Api, author: Visitor, other: Visitor) -> None:
    update = api.draft()
    mine, theirs = author.open(write(update)), other.open(write(update))
    other.send(theirs, "write", **{"content.en.impact": "No light.", "content.en.duration": "Until 20:00."})
    page = author.send(mine, "write", **{"content.en.impact": "No lifts."})
    assert page.status == 409
    assert page.wrong("write-content.en.impact").startswith("Ben changed this too. Theirs: “No light.”")
    fields = page.form("write")
    assert (fields["content.en.impact"], fields["content.en.duration"]) == ("No lifts.", "Until 20:00.")
    assert row(api, update).document["content"]["en"]["impact"] == "No light."
    assert author.send(page, "write").said == "Saved."
    words = row(api, update).document["content"]["en"]
    assert (words["impact"], words["duration"]) == ("No lifts.", "Until 20:00.")


def test_a_script_saves_while_somebody_types_and_brings_what_others_wrote(
    api: Api, author: Visitor, other: Visitor
) -> None:
    update = api.draft()
    page = author.open(write(update))
    first = autosave(author, page, update, **{"content.en.impact": "No lifts."})
    assert (first["revision"], first["values"], first["others"]) == (1, {}, False)
    other.send(other.open(write(update)), "write", **{"content.en.duration": "Until 20:00."})
    typed = {"revision": "1", "content.en.impact": "No lifts, no light."}
    again = autosave(author, page, update, **typed)
    assert again["values"] == {"content.en.duration": "Until 20:00."}
    assert "Ben writes too" in again["said"]
    stale = autosave(author, page, update, revision="0", **{"content.en.duration": "Until 21:00."})
    assert stale["clashes"] == {"content.en.duration": "Until 20:00."}
    assert row(api, update).revision == 3
    wrong = autosave(author, page, update, revision="3", **{"content.en.headline": "x" * 201})
    assert [each["field"] for each in wrong["problems"]] == ["content.en.headline"]


def test_saving_what_is_there_already_changes_nothing(api: Api, author: Visitor) -> None:
    update = api.draft()
    page = author.open(write(update))
    assert author.send(page, "write").said == "Saved."
    assert author.send(page, "write").said == "Saved."
    assert row(api, update).revision == 0


def test_whoever_is_signed_out_while_writing_loses_nothing(api: Api, author: Visitor) -> None:
    update = api.draft()
    page = author.open(write(update))
    with api.db.reading() as connection:
        user = accounts.by_login(connection, "author")
    end_sessions(api.db, HOST, user or 0, api.clock.now())
    words = "A long text,\nwritten at night."
    out = author.send(page, "write", **{"content.en.explanation": words, "content.lo.headline": "ໄຟດັບ"})
    assert out.status == 401
    found = take(api.wiring.keyring, out.form("sign-in")["held"], api.clock.now())
    assert found is not None
    assert found.path == write(update)
    author.enter("author", Role.AUTHOR)
    back = author.open(write(update)).form("write")
    fields = {**dict(found.words), "_csrf": back["_csrf"], "_once": "again"}
    assert author.post(f"/console{found.path}", fields).said == "Saved."
    content = row(api, update).document["content"]
    assert content["en"]["explanation"] == words
    assert content["lo"]["headline"] == "ໄຟດັບ"


def test_who_wrote_stands_in_the_draft_and_only_the_last_revisions_are_kept(
    api: Api, author: Visitor, other: Visitor
) -> None:
    update = api.draft()
    for number in range(drafts.KEPT + 5):
        current = row(api, update)
        words = {**current.document["content"]["en"], "duration": f"Until {number}."}
        document = {**current.document, "content": {"en": words}}
        edit_draft(api.db, HOST, update, document, current.revision, api.clock.now())
    with api.db.reading() as connection:
        known = drafts.since(connection, update, -1)
        last = audit.page(connection, limit=1).items[0]
    assert len(known) == drafts.KEPT
    assert known[-1].written_by == HOST.name == last.actor
    other.send(other.open(write(update)), "write", **{"content.en.duration": "Ben's."})
    assert len(row(api, update).authors) == 3


def test_an_update_that_waits_for_approval_is_not_written_any_more(api: Api, author: Visitor) -> None:
    update = api.draft()
    page = author.open(write(update))
    api.submit(update)
    assert row(api, update).state is UpdateState.SUBMITTED
    late = author.send(page, "write", **{"content.en.headline": "Too late"})
    assert late.status == 409
    assert "Too late" in late.text
    assert author.open(write(update)).path == f"/console/updates/{update}"
