"""Two people say yes to the first words in quiet times; then one sends them, and changes nothing but typed values."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from app.clock import FrozenClock
from app.domain.crisis import UpdateState
from app.domain.principals import HOST, Role
from app.store import documents, updates
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.change_user import change_user
from app.usecases.create_user import create_user
from app.usecases.invite_user import invite_user
from app.usecases.remind_upkeep import remind_upkeep
from app.usecases.stage_update import stage_update
from tests.architecture.tree import ROOT
from tests.console import Page, Visitor
from tests.faces import Api
from tests.unit.console.test_declaring_and_watching import ANSWERS

VALUES = {"var-place": "Riverside", "var-started": "2026-03-10T11:30", "then": "submit"}


class Night:
    """Two approvers in quiet times, and an author who is alone later."""

    def __init__(self, api: Api, clock: FrozenClock) -> None:
        self.api, self.clock = api, clock
        api.prepare()
        for need in ("technical-issue", "rescheduling"):
            api.done(api.post("approver", "/needs", json={"slug": need, "labels": {"en": need}}))
            rule = {"slug": need, "need": need, "contact_channels": ["phone"]}
            api.done(api.post("approver", "/routing-rules", json=rule))
        text = (ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8")
        self.document: dict[str, Any] = json.loads(text)
        self.save()
        self.people = {}
        for name, role in (("ben", Role.APPROVER), ("cleo", Role.APPROVER), ("ada", Role.AUTHOR)):
            create_user(api.db, HOST, name, role, clock.now())
            visitor = Visitor(api)
            self.people[name] = (visitor, visitor.enter(name, role))

    def save(self) -> None:
        with self.api.db.writing() as tx:
            documents.save(tx, Kind.PLAYBOOK, "service-outage", self.document, None)

    def say_yes(self, name: str, days: int = 90) -> Page:
        visitor, person = self.people[name]
        page = visitor.open("/holding/service-outage")
        day = self.clock.now().date() + timedelta(days=days)
        return visitor.send(page, "holding", review_on=day.isoformat(), code=person.code(self.clock.now()))

    def both_say_yes(self) -> None:
        for name in ("ben", "cleo"):
            assert "said yes" in self.say_yes(name).words

    def declare(self, **typed: str) -> UpdateRow:
        visitor, _ = self.people["ada"]
        page = visitor.open("/declare/service-outage")
        done = visitor.send(page, "declare", **ANSWERS, **{**VALUES, **typed})
        assert "second person" in done.said, done.words
        row = self.newest()
        stage_update(self.api.db, row.id, self.clock.now)
        return self.newest()

    def newest(self) -> UpdateRow:
        with self.api.db.reading() as connection:
            return updates.page(connection).items[0]

    def send(self, row: UpdateRow) -> Page:
        visitor, person = self.people["ada"]
        page = visitor.open(f"/updates/{row.id}/first-word")
        if not [form for form in page.tree.forms if form.get("id") == "form-first-word"]:
            fields = {"content_hash": str(row.content_hash), "count": str(row.recipients), "_form": "first-word"}
            spare = visitor.open("/account").form("password")
            return visitor.post(f"/console/updates/{row.id}/first-word", {**spare, **fields})
        code = person.code(self.clock.now())
        return visitor.send(page, "first-word", count=str(row.recipients), code=code)


@pytest.fixture
def night(api: Api, clock: FrozenClock) -> Night:
    return Night(api, clock)


def test_after_two_people_said_yes_one_person_sends_the_first_word(night: Night) -> None:
    night.both_say_yes()
    night.clock.advance(3600)
    row = night.declare()
    assert "you may send them alone" in night.people["ada"][0].open(f"/updates/{row.id}").words
    done = night.send(row)
    assert "leaves" in done.said, done.words
    assert night.newest().state in (UpdateState.RELEASING, UpdateState.SENDING)
    assert night.newest().approved_by == "ben, cleo (in advance)"
    assert "Riverside" in json.dumps(night.newest().document["content"]["gu"], ensure_ascii=False)


@pytest.mark.parametrize(
    "why",
    [
        "one_person", "same_person_twice", "another_account", "changed", "review_due", "edited", "own_title", "demoted",
    ],
)  # fmt: skip
def test_whatever_is_missing_sends_it_the_way_of_all_other_words(night: Night, why: str) -> None:
    night.say_yes("ben")
    if why == "same_person_twice":
        assert "A second person is missing" in night.say_yes("ben", 120).words
    elif why == "another_account":
        with_another_account(night)
    elif why != "one_person":
        night.say_yes("cleo", 30)
    if why == "changed":
        night.document["stages"]["holding"]["en"]["headline"] = "Everything in {place} is lost"
        night.save()
    if why == "review_due":
        night.clock.advance(31 * 24 * 3600)
        for visitor, _ in night.people.values():
            visitor.client.cookies.clear()
        night.people["ada"] = ((visitor := Visitor(night.api)), visitor.enter("ada", Role.AUTHOR))
    if why == "demoted":
        cleo = night.people["cleo"][1].id
        change_user(night.api.db, HOST, cleo, role=Role.AUTHOR, disabled=False, now=night.clock.now())
    row = night.declare(**({"title": "Free words of my own"} if why == "own_title" else {}))
    if why == "edited":
        row = edited(night, row)
    refused = night.send(row)
    assert refused.status == 403, refused.words
    assert night.newest().state is UpdateState.SUBMITTED
    assert ("by hand" in refused.words) is (why in ("edited", "own_title")), refused.words


def edited(night: Night, row: UpdateRow) -> UpdateRow:
    """One free word more, by hand, then handed in again."""
    night.api.done(night.api.post("approver", f"/updates/{row.id}/return", json={"reason": "One word."}))
    document = json.loads(json.dumps(row.document))
    document["content"]["eo"]["explanation"] = "Estis sabotado."
    night.api.done(night.api.put("author", f"/updates/{row.id}", json=document))
    night.api.submit(row.id)
    return night.newest()


def with_another_account(night: Night) -> None:
    """Ben again, under another name."""
    keyring, now = night.api.wiring.keyring, night.clock.now()
    invite_user(night.api.db, keyring, HOST, "benny", Role.APPROVER, now, again_of="ben")
    visitor = Visitor(night.api)
    night.people["benny"] = (visitor, visitor.enter("benny", Role.APPROVER))
    page = night.say_yes("benny")
    assert "A second person is missing" in page.words, page.words


def test_a_review_is_never_more_than_a_year_away_and_stale_sentences_are_not_approved(night: Night) -> None:
    visitor, person = night.people["ben"]
    page = visitor.open("/holding/service-outage")
    for wrong in ("2030-01-01", "2026-03-10", "soon"):
        refused = visitor.send(page, "holding", review_on=wrong, code="")
        assert refused.wrong("holding-review_on"), wrong
        page = visitor.open("/holding/service-outage")
    night.document["stages"]["holding"]["en"]["headline"] = "Other words in {place}"
    night.save()
    day = date(2026, 6, 1).isoformat()
    stale = visitor.send(page, "holding", review_on=day, code=person.code(night.clock.now()))
    assert stale.status == 409
    assert "not the sentences you looked at" in stale.words


def test_staff_hear_two_weeks_before_prepared_words_lapse_and_at_once_when_somebody_changed_them(night: Night) -> None:
    day = timedelta(days=1)

    def told(after: timedelta) -> list[tuple[str, str]]:
        return [
            (notice.subject, notice.details["reason"]) for notice in remind_upkeep(night.api.db, began + after)
        ]  # fmt: skip

    began = night.clock.now()
    assert told(0 * day) == [], "nothing is prepared yet"
    night.both_say_yes()
    assert told(75 * day) == []
    assert told(76 * day) == [("service-outage", "review_due")]
    assert told(77 * day) == []
    night.say_yes("ben", days=300)
    night.say_yes("cleo", days=300)
    assert told(78 * day) == []
    night.document["stages"]["holding"]["en"]["headline"] = "Other words in {place}"
    night.save()
    assert told(79 * day) == [("service-outage", "changed")]
