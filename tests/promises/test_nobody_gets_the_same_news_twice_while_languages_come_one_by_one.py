"""Languages that are ready leave now; whoever waits for another gets it once, when it comes, and nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.crisis import UpdateState
from app.domain.principals import Actor, Role
from app.store import to_come, updates
from app.store.database import Database
from app.usecases.ask_translation import ask_translation, held_task
from app.usecases.bring_rest import bring_rest
from app.usecases.save_translation import save_translation
from app.usecases.stage_update import stage_step
from tests.faces import WORDS
from tests.live import Live, open_live, until, written

EN: dict[str, Any] = {**WORDS, "headline": "Power is out in the north"}
GU: dict[str, Any] = {**WORDS, "headline": "ઉત્તરમાં વીજળી બંધ છે"}
GU_FIRST: dict[str, Any] = {**WORDS, "headline": "વીજળી બંધ છે, વધુ જલદી"}
LO: dict[str, Any] = {**WORDS, "headline": "ໄຟຟ້າດັບຢູ່ທາງເໜືອ"}
AUTHOR = Actor("author", Role.AUTHOR, None, None)
PEOPLE = (
    "t1,Ana,ana.t@example.org,+442071838801,en,UTC,test",
    "t2,Bina,bina.t@example.org,+442071838802,gu,UTC,test",
    "t3,Chan,chan.t@example.org,,lo,UTC,test",
    "t4,Dev,,+442071838804,gu;en,UTC,test",
    "t5,Eve,,+442071838805,en,UTC,test",
    "t6,Faiz,,+442071838805,gu,UTC,test",  # shares a phone with Eve, who was there first
)
READS_GU = {"bina.t@example.org", "+442071838802", "+442071838804"}
READS_LO = {"chan.t@example.org"}
READS_EN = {"ana.t@example.org", "+442071838801", "+442071838805"}


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def live(database: Database, database_url: str, tmp_path: Path, outbox: Path) -> Iterator[Live]:
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        live.api.done(live.api.post("approver", "/sites", json={"slug": "main", "languages": ["en", "gu", "lo"]}))
        for slug, channel in (("web", "outbox.site"), ("texts", "outbox.sms"), ("mail", "outbox.email")):
            live.endpoint(slug, channel, {"directory": str(outbox)})
        text = "\n".join(["external_id,name,email,phone,languages,timezone,area", *PEOPLE])
        live.api.done(
            live.api.post("author", "/subscribers/import", content=text.encode(), headers={"content-type": "text/csv"})
        )
        live.api.done(live.api.put("author", "/audiences/test", json={"slug": "test", "rule": {"areas": ["test"]}}))
        yield live


def people(outbox: Path, *headlines: str) -> Counter[str]:
    """Who was told one of these, and how often."""
    told = [each for each in written(outbox) if each["to"] != "web"]
    return Counter(each["to"] for each in told if any(one in each["text"] for one in headlines))


def row(live: Live, update: int) -> updates.UpdateRow:
    with live.api.db.reading() as connection:
        return updates.get(connection, update)


def waiting(live: Live, update: int) -> dict[str, int]:
    with live.api.db.reading() as connection:
        found = to_come.of_broadcast(connection, updates.get(connection, update).broadcast_id or 0)
    return {one.language: one.readers for one in found.values()}


def first(live: Live, **fields: Any) -> int:
    update = live.draft(audience="test", endpoints=["web", "texts", "mail"], **fields)
    live.broadcast(update)
    return update


def translated(live: Live, update: int, language: str, words: dict[str, Any]) -> int:
    """By the link of somebody without an account; the number of the update that brings it."""
    api = live.api
    asked = ask_translation(api.db, api.wiring.keyring, AUTHOR, update, language, api.clock.now())
    task = held_task(api.db, api.wiring.keyring, asked.token, api.clock.now())
    return save_translation(api.db, task, "Somchai", words, api.clock.now()).id


def test_ready_languages_leave_now_and_each_other_one_goes_once_to_those_who_waited(live: Live, outbox: Path) -> None:
    update = first(live, content={"en": EN}, languages_to_come=["gu", "lo"])
    assert people(outbox, EN["headline"]) == Counter(READS_EN)
    assert waiting(live, update) == {"gu": 3, "lo": 1}
    assert sum(live.api.done(live.api.get("viewer", f"/updates/{update}"))["counts"].values()) == len(READS_EN) + 1
    rest = translated(live, update, "gu", GU)
    assert row(live, rest).completes == update
    assert row(live, rest).state is UpdateState.DRAFT, "a second person approves these words too"
    live.broadcast(rest)
    assert people(outbox, GU["headline"]) == Counter(READS_GU)
    assert people(outbox, EN["headline"], GU["headline"]) == Counter(READS_EN | READS_GU)
    again = live.api.post("author", f"/updates/{rest}/send")
    assert again.is_success
    with pytest.raises(Exception, match="on their way already"):
        bring_rest(live.api.db, AUTHOR, update, "gu", live.api.clock.now())
    last = translated(live, update, "lo", LO)
    live.broadcast(last)
    assert people(outbox, EN["headline"], GU["headline"], LO["headline"]) == Counter(READS_EN | READS_GU | READS_LO)
    until(lambda: GU["headline"] in live.page("/gu/crises/outage"))
    assert EN["headline"] in live.page("/en/crises/outage")
    assert live.page("/en/crises/outage").count(EN["headline"]) == live.page("/gu/crises/outage").count(GU["headline"])


def test_those_who_wait_get_a_first_word_now_and_the_rest_once(live: Live, outbox: Path) -> None:
    update = first(live, content={"en": EN, "gu": GU_FIRST}, languages_to_come=["gu"])
    assert people(outbox, GU_FIRST["headline"]) == Counter(READS_GU)
    assert waiting(live, update) == {"gu": 3}
    live.broadcast(translated(live, update, "gu", GU))
    assert people(outbox, GU["headline"]) == Counter(READS_GU)
    assert people(outbox, GU_FIRST["headline"]) == Counter(READS_GU)


def test_two_drafts_of_one_language_never_both_leave_and_a_returned_one_frees_it(live: Live, outbox: Path) -> None:
    update = first(live, content={"en": EN}, languages_to_come=["gu"])
    one = translated(live, update, "gu", GU)
    live.api.submit(one)
    live.api.done(live.api.post("approver", f"/updates/{one}/return", json={"reason": "a word is wrong"}))
    two = bring_rest(live.api.db, AUTHOR, update, "gu", live.api.clock.now()).id
    assert two == one, "the draft that is there already"
    live.broadcast(one)
    assert people(outbox, GU["headline"]) == Counter(READS_GU)


def test_what_was_overtaken_by_newer_news_is_not_brought_any_more(live: Live, outbox: Path) -> None:
    update = first(live, content={"en": EN}, languages_to_come=["gu"])
    rest = translated(live, update, "gu", GU)
    first(live, content={"en": {**EN, "headline": "Power is back"}})
    refused = live.api.post("author", f"/updates/{rest}/submit")
    assert refused.json()["code"] == "overtaken"
    assert people(outbox, GU["headline"]) == Counter()


def test_a_process_that_dies_anywhere_in_listing_them_loses_and_doubles_nobody(live: Live, outbox: Path) -> None:
    api = live.api
    update = live.draft(audience="test", endpoints=["texts", "mail"], content={"en": EN}, languages_to_come=["gu"])
    api.done(api.post("author", f"/updates/{update}/submit"))
    steps = 0
    while not stage_step(api.db, update, api.clock.now()).done:  # each is a transaction of its own; any may be the last
        stage_step(api.db, update, api.clock.now())
        steps += 1
    assert steps
    assert waiting(live, update) == {"gu": 3}
    assert row(live, update).recipients == len(READS_EN | READS_LO)


def test_a_correction_never_waits(live: Live) -> None:
    update = first(live, content={"en": EN})
    correction = {"content": {"en": EN}, "languages_to_come": ["gu"]}
    refused = live.api.post("author", f"/updates/{update}/correct", json=correction)
    assert refused.status_code == 422
    assert refused.json()["code"] == "correction_waits"
