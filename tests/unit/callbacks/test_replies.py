"""What people write back by text: keywords take hold at once, everything else is kept for staff, each message once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from app.clock import FrozenClock
from app.domain.consent import How
from app.domain.manage import Managed
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.principals import Role
from app.domain.replying import Answer
from app.domain.suppressing import Source
from app.store import addresses, hearing
from app.store.hearing import InboundRow
from app.usecases.attend import attend
from app.usecases.change_wishes import leave
from app.usecases.forget_replies import forget_replies
from app.usecases.suppress_address import unsubscribe_address
from tests.callers import BASE, TOKEN, Callers, connect
from tests.console import Visitor
from tests.faces import Api
from tests.rig.signing import sign_twilio

STRANGER = "+12025550100"


class Writers:
    """People with telephones, and Twilio in between."""

    def __init__(self, provider: Callers) -> None:
        self.api = provider.api
        self.provider = provider
        self._sent = 0

    def write(self, text: str, sender: str = STRANGER, *, sid: str = "", token: str = TOKEN, **other: str) -> Any:
        self._sent += 1
        path = "/callbacks/real-texts"
        form = {"MessageSid": sid or f"SM{self._sent}", "SmsStatus": "received", "From": sender, "To": "+15005550006"}
        form |= {"Body": text, **other}
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": sign_twilio(token, BASE + path, form),
        }
        return self.api.client.post(path, content=urlencode(form), headers=headers)

    def rows(self) -> list[InboundRow]:
        with self.api.db.reading() as connection:
            return list(reversed(hearing.page(connection, keywords=True).items))

    def listed(self) -> list[tuple[str, str | None]]:
        with self.api.db.reading() as connection:
            return [(row.reason, row.source) for row in addresses.suppression_page(connection).items]

    def suppress(self, reason: str, source: Source) -> None:
        with self.api.db.writing() as tx:
            place = addresses.resolve(tx, self.api.wiring.keyring, Medium.SMS, STRANGER)
            addresses.suppress(tx, place, reason, self.api.clock.now(), source)


@pytest.fixture
def writers(api: Api) -> Writers:
    api.prepare()
    return Writers(connect(api))


def test_each_message_is_proven_and_taken_once(writers: Writers) -> None:
    assert writers.write("STOP", token="somebody else's").status_code == 401
    assert (writers.rows(), writers.listed()) == ([], [])
    for _ in range(3):
        assert writers.write("HELP me, the lift is stuck", sid="SMsame").status_code == 200
    assert len(writers.rows()) == 1
    assert writers.write("hello", "Metro Power").status_code == 200, "nobody can answer a name"
    text = "Is the school shelter open? \u202e" + "x" * 5_000
    writers.write(text)
    writers.write("")
    _, row, empty = writers.rows()
    assert (row.effect, row.crisis, empty.effect) == ("for_staff", None, "for_staff")
    assert row.words is not None
    assert b"shelter" not in row.words
    assert writers.api.wiring.keyring.unseal(row.words).decode() == text[:2_000]


def test_start_takes_back_the_persons_own_stop_and_nothing_else(writers: Writers) -> None:
    answer = writers.write(" Stop ")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml")
    assert answer.text.endswith("<Response/>")
    assert writers.listed() == [("opted_out", "person")]
    [row] = writers.rows()
    assert (row.keyword, row.effect, row.words) == ("stop", "stopped", None)
    assert (row.answer, row.answer_reason) == ("", "provider_answered")
    writers.suppress("bounced", Source.PROVIDER)
    assert writers.listed() == [("opted_out", "person")], "staff who lift a bounce would wake who said STOP"
    for reason, source in (("bounced", Source.PROVIDER), ("opted_out", Source.STAFF)):
        writers.suppress(reason, source)
        writers.write("START")
        assert writers.listed() == [(reason, source)], "and their START takes no bounce back"
        with writers.api.db.writing() as tx:
            addresses.lift(tx, row.address_id)
    writers.suppress("opted_out", Source.PROVIDER)
    writers.write("START")
    assert writers.listed() == []
    assert [one.effect for one in writers.rows()] == ["stopped", "blocked", "blocked", "started"]


def test_who_bounced_or_complained_and_then_says_stop_has_said_stop(writers: Writers) -> None:
    api, chosen = writers.api, {"addresses": [{"medium": "sms", "address": STRANGER}]}
    api.done(api.put("author", "/subscribers/C-9", json=chosen))
    with api.db.writing() as tx:
        place = addresses.resolve(tx, api.wiring.keyring, Medium.SMS, STRANGER)
    by_text: list[Callable[[], object]] = [lambda: writers.write("STOP")]
    by_link: list[Callable[[], object]] = [
        lambda: unsubscribe_address(api.db, place, How.FORM, "", api.clock.now()),
        lambda: leave(api.db, Managed(place, MEDIUM_CODES[Medium.SMS]), "", api.clock.now()),
    ]
    for round_, saying in enumerate(by_text + by_link, start=1):
        reason = "complained" if round_ == 1 else "invalid"
        writers.suppress(reason, Source.PROVIDER)
        saying()
        [listed] = api.done(api.get("viewer", "/subscribers/suppressions"))["items"]
        assert (listed["reason"], listed["source"], listed["also"]) == ("opted_out", "person", reason)
        said = api.done(api.get("author", "/subscribers/C-9/consents"))["items"]
        assert [one["granted"] for one in said] == [False] * round_, "with its proof"
        stale = api.post("approver", f"/subscribers/suppressions/{place}/lift", json={"reason": "x", "seen": reason})
        assert (stale.status_code, stale.json()["code"]) == (409, "suppression_changed")
        api.done(
            api.post("approver", f"/subscribers/suppressions/{place}/lift", json={"reason": "x", "seen": "opted_out"})
        )
    assert [row.effect for row in writers.rows()] == ["stopped"]


def test_whoever_left_by_their_link_comes_back_by_start(writers: Writers) -> None:
    """The page says so; of a telephone the link is as good as a STOP."""
    for leaving in (
        lambda db, place, now: unsubscribe_address(db, place, How.FORM, "", now),
        lambda db, place, now: leave(db, Managed(place, MEDIUM_CODES[Medium.SMS]), "", now),
    ):
        chosen = {"addresses": [{"medium": "sms", "address": STRANGER}]}
        writers.api.done(writers.api.put("author", "/subscribers/C-9", json=chosen))
        with writers.api.db.writing() as tx:
            place = addresses.resolve(tx, writers.api.wiring.keyring, Medium.SMS, STRANGER)
        leaving(writers.api.db, place, writers.api.clock.now())
        assert writers.listed() == [("opted_out", "person")]
        writers.write("START")
        assert writers.listed() == []


def test_stop_and_start_are_kept_as_proof_and_give_back_what_was_chosen_and_no_more(writers: Writers) -> None:
    chosen = {"addresses": [{"medium": "sms", "address": STRANGER}], "consents": [
        {"medium": "sms", "topic": "", "granted": False}]}  # fmt: skip
    writers.api.done(writers.api.put("author", "/subscribers/C-9", json=chosen))
    for text in ("STOP", "stop", "START", "start"):
        writers.write(text)
    writers.suppress("bounced", Source.PROVIDER)
    said = writers.api.done(writers.api.get("author", "/subscribers/C-9/consents"))["items"]
    assert [(one["medium"], one["topic"], one["granted"], one["how"], one["by"]) for one in said] == [
        ("sms", "", False, "api", "author"), ("sms", "", False, "sms", "reader"), ("sms", "", True, "sms", "reader"),
    ], "and a bounce is nobody's word"  # fmt: skip
    held = writers.api.done(writers.api.get("author", "/subscribers/C-9"))["consents"]
    assert [(one["how"], one["granted"]) for one in held] == [("api", False)]


def test_words_of_other_languages_and_of_the_provider(writers: Writers) -> None:
    writers.write("ARRET", "+12025550101", OptOutType="STOP")
    for _ in range(3):
        writers.write("બંધ કરો")
    assert writers.listed() == [("opted_out", "person")] * 2
    said = [(row.answer, row.language, row.answer_reason) for row in writers.rows()]
    confirmed_once = [("stop", "gu", ""), ("", "gu", "nothing_to_say"), ("", "gu", "nothing_to_say")]
    assert said == [("", "en", "provider_answered"), *confirmed_once]


def test_answers_are_few_so_that_two_robots_do_not_go_on_for_ever(writers: Writers, clock: FrozenClock) -> None:
    for text in ("less", "LESS", "more", "more"):
        writers.write(text)
    with writers.api.db.reading() as connection:
        assert not hearing.standing(connection, Medium.SMS, writers.rows()[0].address_id).less
    assert [(row.effect, row.answer, row.answer_reason) for row in writers.rows()] == [
        ("less", "less", ""),
        ("less", "", "answered_lately"),
        ("more", "more", ""),
        ("for_staff", "", "nothing_to_say"),
    ]
    for _ in range(2):
        clock.advance(61 * 60)
        for text in ("less", "more"):
            writers.write(text)
    assert [row.answer for row in writers.rows()[4:]] == [Answer.LESS, Answer.MORE, Answer.NONE, Answer.NONE]


def test_staff_read_replies_with_their_crisis_and_are_told_once(writers: Writers, clock: FrozenClock) -> None:
    api = writers.api
    for text in ("Is it over? <b>", "And the school?", "STOP"):
        writers.write(text)
    for _ in range(3):
        attend(api.db, clock.now())
        writers.write("one more")
    told = api.get("viewer", "/staff/notices").json()["items"]
    assert [one["subject"] for one in told if one["kind"] == "replies_wait"] == ["replies"]
    found = api.get("viewer", "/replies?waiting=true").json()["items"]
    assert [one["text"] for one in found[-2:]] == ["And the school?", "Is it over? <b>"]
    assert STRANGER not in str(found)
    assert all(one["effect"] == "for_staff" for one in found)
    everything = api.get("viewer", "/replies?keywords=true").json()["items"]
    assert len(everything) == len(found) + 1
    first = found[-1]["id"]
    assert api.post("viewer", f"/replies/{first}/seen").status_code == 403
    assert api.post("author", f"/replies/{first}/seen").json()["handled_by"] is None
    seen = api.post("approver", f"/replies/{first}/handled").json()
    assert (seen["seen_by"], seen["handled_by"]) == ("author", "approver")
    assert len(api.get("viewer", "/replies?waiting=true").json()["items"]) == len(found) - 1
    [stopped] = api.get("viewer", "/subscribers/suppressions").json()["items"]
    assert (stopped["reason"], stopped["source"]) == ("opted_out", "person")
    assert STRANGER not in str(stopped)
    visitor = Visitor(api)
    visitor.enter("author", Role.AUTHOR)
    listed = visitor.open("/suppressions")
    assert stopped["address"] in listed.text
    added = visitor.send(listed, "suppress", medium="email", address="ann@example.org", reason="asked by phone")
    assert "asked by phone" in added.text
    assert "ann@example.org" not in added.text
    page = visitor.open("/replies?all=yes")
    assert "Is it over? &lt;b&gt;" in page.text
    assert STRANGER not in page.text
    for one in found:
        api.post("author", f"/replies/{one['id']}/handled")
    attend(api.db, clock.now())
    [notice] = [one for one in api.get("viewer", "/staff/notices").json()["items"] if one["kind"] == "replies_wait"]
    assert notice["cleared_at"]
    clock.advance(91 * 86_400)
    assert forget_replies(api.db, clock.now()) == len(found)
    assert {one["text"] for one in api.get("viewer", "/replies").json()["items"]} == {""}
