"""The finder on the contact page: forms alone, in the reader's language, and nothing kept of who answers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI

from app.clock import FrozenClock
from app.store import triage_counts
from app.store.database import Database
from app.visitors.finder import router
from app.visitors.flood import PER_ANSWER
from app.visitors.forms import Context
from tests.unit.site.world import open_house, press

pytestmark = pytest.mark.anyio

FIELD = re.compile(r'<(?:input|textarea)[^>]*name="([^"]+)"(?:[^>]*value="([^"]*)")?')
SECRET = "my neighbour Quokka"


@dataclass
class Visitor:
    """Fills in what a page offers, as a browser without scripts would."""

    client: httpx2.AsyncClient
    db: Database
    address: str = "/t/en/default"
    page: str = ""

    async def start(self) -> None:
        self.page = (await self.client.get(self.address)).text

    async def say(self, answer: str) -> None:
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', self.page))
        (field,) = {name for name, _ in FIELD.findall(self.page) if name not in hidden}
        self.page = (await self.client.post(self.address, data={**hidden, field: answer})).text

    def counts(self) -> set[tuple[str, str, int]]:
        with self.db.reading() as connection:
            return {(one.question, one.answer, one.count) for one in triage_counts.totals(connection, "default")}


@pytest.fixture
async def visitor(database: Database, clock: FrozenClock) -> AsyncIterator[Visitor]:
    open_house(database)
    app = FastAPI()
    app.state.visitors = Context(database, clock, b"k" * 32, press())
    app.include_router(router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://status.example.org") as client:
        yield Visitor(client, database)


async def test_a_customer_is_led_to_the_best_contact_channel_without_any_script(visitor: Visitor) -> None:
    await visitor.start()
    assert "<script" not in visitor.page
    for answer in ("1200", "no-income", "worn-out", "b-broken", "connection", SECRET):
        await visitor.say(answer)
    assert "There is no connection" in visitor.page
    assert "Money does not come in" in visitor.page
    assert visitor.page.count("help.example.org/chat") >= 1
    assert "https://www.example.org/en/help/first-steps" in visitor.page
    assert SECRET not in visitor.page
    assert ("", "no-connection", 1) in visitor.counts()
    assert ("affected", "1000+", 1) in visitor.counts()


@pytest.mark.parametrize("language", ["en", "gu", "lo", "eo"])
async def test_every_question_and_the_result_are_in_the_readers_language(visitor: Visitor, language: str) -> None:
    visitor.address = f"/t/{language}/default"
    await visitor.start()
    for answer in ("0", "bills", "ill", "a-people", "yes"):
        assert f'<html lang="{language}"' in visitor.page
        spoken = set(re.findall(r'lang="([a-z]+)"', visitor.page.split("<main", 1)[1]))
        assert spoken <= {language}, spoken
        await visitor.say(answer)
    assert f"https://www.example.org/{language}/help/public-aid" in visitor.page
    assert 'class="update emergency"' in visitor.page


async def test_an_answer_that_cannot_be_is_asked_again_and_nothing_is_lost(visitor: Visitor) -> None:
    await visitor.start()
    await visitor.say("3")
    await visitor.say("gold")
    assert 'role="alert"' in visitor.page
    assert 'name="a.affected" value="3"' in visitor.page
    await visitor.say("bills")
    assert 'role="alert"' not in visitor.page
    assert 'name="a.hurts"' in visitor.page


async def test_a_number_may_be_written_in_the_readers_own_digits(visitor: Visitor) -> None:
    await visitor.start()
    await visitor.say("૧૨૦૦")
    assert 'name="a.affected" value="1200"' in visitor.page


async def test_odd_forms_start_the_questions_again(visitor: Visitor) -> None:
    for content in (b"\xff\xfe", b"a.affected=" + b"9" * 40_000, b"a.affected=-1&a.money=%00", b"&" * 500):
        answer = await visitor.client.post(visitor.address, content=content)
        assert answer.status_code == 200
        assert 'name="a.affected"' in answer.text
    assert (await visitor.client.get("/t/en/nothing")).status_code == 404
    assert visitor.counts() == set()


async def test_words_from_a_form_are_never_markup(visitor: Visitor) -> None:
    await visitor.start()
    bad = {"a.affected": "1", "a.money": '"><script>alert(1)</script>', "asked": "<b>"}
    answer = await visitor.client.post(visitor.address, data=bad)
    assert "<script" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers


async def test_a_robot_is_answered_and_floods_neither_counts_nor_database(visitor: Visitor) -> None:
    await visitor.start()
    for answer in ("0", "bills", "ill", "a-people"):
        await visitor.say(answer)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', visitor.page))
    (last,) = {name for name, _ in FIELD.findall(visitor.page) if name not in hidden}
    whole = {**hidden, last: "yes"}
    for _ in range(int(PER_ANSWER[1]) + 20):
        assert (await visitor.client.post(visitor.address, data=whole)).status_code == 200
    assert ("hurts", "ill", int(PER_ANSWER[1])) in visitor.counts()
