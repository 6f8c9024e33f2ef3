from __future__ import annotations

import json
from typing import Any

import pytest

from app.clock import FrozenClock
from app.domain.crisis import UpdateState
from app.domain.principals import Role
from app.store import documents, updates
from app.store.documents import Kind
from tests.console import Page, Visitor
from tests.faces import WORDS, Api
from tests.staff_accounts import Person


class Second:
    """An approver with an authenticator, in a browser without scripts."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.visitor = Visitor(api)
        self.person: Person = self.visitor.enter("approver", Role.APPROVER)

    def open(self, update: int, query: str = "") -> Page:
        return self.visitor.open(f"/updates/{update}/approve{query}")

    def approve(self, page: Page, count: int = 4, **more: str) -> Page:
        return self.visitor.send(page, "approve", count=str(count), **more)

    def code(self) -> str:
        return self.person.code(self.api.clock.now())


@pytest.fixture
def second(api: Api) -> Second:
    api.prepare()
    return Second(api)


def state(api: Api, update: int) -> UpdateState:
    with api.db.reading() as connection:
        return updates.get(connection, update).state


def with_playbook(api: Api, **sending: Any) -> None:
    """How the crisis of the tests is sent: undo window, canary; no emergency, which would wait for neither."""
    crisis = {"slug": "flood", "titles": {"en": "Flood"}, "severity": "minor", "playbook": "plan"}
    with api.db.writing() as tx:
        documents.save(tx, Kind.PLAYBOOK, "plan", {"slug": "plan", **sending}, None)
    api.done(api.post("author", "/crises", json=crisis))


def test_the_approver_sees_real_people_types_the_count_and_it_leaves(api: Api, second: Second) -> None:
    update = api.submitted()
    page = second.open(update)
    assert page.heading == WORDS["headline"]
    assert "first word of this crisis" in page.words
    assert page.text.count('<figure class="sample">') == 4, "two phones and two mailboxes, all there are"
    assert "+44•••••••750" in page.words
    assert "a•••@example.org" in page.words
    assert not [one for one in page.tree.xpath("//figcaption") if "+442071838750" in one.text_content()]
    assert "/manage/•••" in page.text
    empty = second.approve(page, code="", count=3)
    assert (empty.status, state(api, update)) == (409, UpdateState.SUBMITTED)
    assert "has 4" in empty.wrong("approve-count")
    done = second.approve(second.open(update), code=second.code())
    assert done.said == "It leaves now."
    assert state(api, update) is UpdateState.SENDING


def test_an_approval_without_a_fresh_code_is_refused_and_keeps_what_was_typed(
    api: Api, second: Second, clock: FrozenClock
) -> None:
    update = api.submitted()
    clock.advance(20 * 60)
    page = second.open(update)
    assert "approve-code" in page.text
    refused = second.approve(page)
    assert (refused.status, refused.form("approve")["count"]) == (403, "4")
    wrong = second.approve(refused, code="000000")
    assert wrong.status == 422
    assert wrong.wrong("approve-code")
    assert state(api, update) is UpdateState.SUBMITTED
    kept = second.visitor.post(
        page.action("approve"), {**wrong.form("approve"), "count": "4", "code": second.code(), "then": "keep"}
    )
    assert "Send it" in kept.said
    assert state(api, update) is UpdateState.APPROVED
    assert second.visitor.send(kept, "send").said == "It leaves now."


def test_a_stale_page_that_approves_changed_words_is_refused(api: Api, second: Second) -> None:
    update = api.submitted()
    old = second.open(update, "?revision=1")
    assert "were asked about" not in old.words
    api.done(api.post("approver", f"/updates/{update}/return", json={"reason": "One word."}))
    seen = api.done(api.get("author", f"/updates/{update}"))["document"]
    changed = {**seen, "content": {"en": {**WORDS, "headline": "Power is out everywhere"}}}
    api.done(api.put("author", f"/updates/{update}", json=changed))
    api.submit(update)
    refused = second.approve(old, code=second.code())
    assert (refused.status, state(api, update)) == (409, UpdateState.SUBMITTED)
    assert "not the words you were asked about" in refused.words
    page = second.open(update, "?revision=1")
    assert "not the words you were asked about" in page.words
    marked = [(each.tag, " ".join(each.text_content().split())) for each in page.tree.xpath("//ins|//del")]
    assert marked == [
        ("del", "taken away: in the north end of taken away."),
        ("ins", "new: everywhere end of new."),
    ]


def test_what_is_new_since_the_last_update_is_marked_for_eyes_and_ears(api: Api, second: Second) -> None:
    first = api.submitted()
    api.done(api.post("admin", f"/updates/{first}/approve", json={"count": 4}))
    api.done(api.post("author", f"/updates/{first}/send"))
    later = api.draft(content={"en": {**WORDS, "duration": "Until 20:00."}}, endpoints=["texts"], stage="progress")
    api.submit(later)
    page = second.open(later)
    assert "Against the last update of this crisis" in page.words
    assert "taken away: 18:00." in page.words
    assert "new: 20:00." in page.words
    assert "Endpoints: taken away: texts, mail new: texts" in page.words
    assert "1 part differs" in page.words


def test_a_drill_looks_different_and_asks_for_no_number_to_be_typed(api: Api, second: Second) -> None:
    update = api.draft(drill=True)
    api.submit(update)
    page = second.open(update)
    assert "EXERCISE" in page.tree.xpath("string(//title)")
    assert page.tree.xpath("//aside[@class='exercise']")
    assert page.form("approve")["count"] == "4"
    assert page.tree.xpath("//input[@name='count']/@type") == ["hidden"]
    assert not page.tree.xpath("//form[@id='form-approve']/button[@class='danger']")
    done = second.visitor.send(page, "approve")
    assert done.said == "It leaves now."


def test_return_and_reject_need_a_reason_which_the_author_reads(api: Api, second: Second) -> None:
    update = api.submitted()
    page = second.visitor.send(second.open(update), "return")
    assert (page.status, page.wrong("return-reason")) == (422, "This is needed.")
    page = second.visitor.send(page, "return", reason="The number is missing.")
    assert "with your reason" in page.said
    author = Visitor(api)
    author.enter("author", Role.AUTHOR)
    assert "The number is missing." in author.open(f"/updates/{update}").words
    api.submit(update)
    second.visitor.send(second.open(update), "reject", reason="It is not true.")
    assert state(api, update) is UpdateState.REJECTED


def test_within_the_undo_window_it_is_taken_back_and_nothing_has_left(
    api: Api, second: Second, clock: FrozenClock
) -> None:
    with_playbook(api, undo_seconds=30, canary=1, canary_wait_seconds=20)
    document = {
        "stage": "details", "audience": "everyone", "endpoints": ["texts"], "content": {"en": WORDS},
        "need": "emergency",
    }  # fmt: skip
    update = int(api.done(api.post("author", "/crises/flood/updates", json=document))["id"])
    api.submit(update)
    page = second.open(update)
    assert "30 seconds to take it back, the first 1 alone, watched for 20 seconds" in page.words
    leaving = second.approve(page, count=2, code=second.code())
    assert state(api, update) is UpdateState.RELEASING
    assert "It leaves in 30 seconds" in leaving.words
    clock.advance(10)
    assert "It leaves in 20 seconds" in second.visitor.open(f"/updates/{update}").words
    back = second.visitor.send(leaving, "undo")
    assert "nothing has left" in back.said
    assert state(api, update) is UpdateState.PAUSED
    assert json.loads(api.get("viewer", f"/updates/{update}").text)["sent_at"] is None


def test_whoever_wrote_it_reads_why_they_cannot_approve_it(api: Api, second: Second) -> None:
    update = api.draft()
    api.done(api.post("approver", f"/updates/{update}/submit"))
    page = second.open(update)
    assert "wrote or edited this update" in page.words
    assert not [form for form in page.tree.forms if form.get("id") == "form-approve"]


def test_the_author_sees_who_was_told_and_who_has_opened_it_and_is_offered_to_go_alone(
    api: Api, second: Second, clock: FrozenClock
) -> None:
    places = [{"endpoint": "texts", "address": "+442071838759", "person": "approver"}]
    api.done(api.put("admin", "/staff/recipients", json={"recipients": places}))
    update = api.submitted()
    author = Visitor(api)
    writer = author.enter("author", Role.AUTHOR)
    page = author.open(f"/updates/{update}")
    assert "approver texts +44•••••••759: leaves in a moment" in page.words
    assert "not seen yet" in page.words
    second.open(update)
    assert "seen" in author.open(f"/updates/{update}").words.replace("not seen yet", "")
    early = author.open(f"/updates/{update}/alone")
    assert "If nobody has decided by 12:05" in early.words
    clock.advance(5 * 60)
    page = author.open(f"/updates/{update}/alone")
    assert not page.wrong("alone-reason")
    refused = author.send(page, "alone", count="4")
    assert refused.wrong("alone-reason")
    done = author.send(
        refused, "alone", count="4", reason="The river comes over the dam.", code=writer.code(clock.now())
    )
    assert done.said == "It leaves now.", done.words
    assert "author (alone)" in second.visitor.open("/crises/outage").words
    assert state(api, update) is UpdateState.SENDING
