"""The personal link: GET only shows, POST stops, and a link of one address never touches another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI

from app.clock import FrozenClock
from app.domain.consent import Consent, How, Said
from app.domain.manage import Managed, manage_token, manage_url, read_manage_token
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store import addresses, audit, consents, subscribers
from app.store.database import Database
from app.usecases.save_subscriber import save_subscriber
from app.visitors.forms import Context, router
from tests.conftest import NOON
from tests.unit.site.world import press

pytestmark = pytest.mark.anyio

KEY = b"k" * 32
EMAIL = MEDIUM_CODES[Medium.EMAIL]
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class House:
    client: httpx2.AsyncClient
    db: Database
    ids: dict[str, int]

    def link(self, name: str) -> str:
        return f"/u/{manage_token(KEY, self.ids[name], EMAIL)}"

    def suppressed(self) -> list[int]:
        with self.db.reading() as connection:
            return [row.address_id for row in addresses.suppression_page(connection).items]


@pytest.fixture
async def house(database: Database, keyring: Keyring, clock: FrozenClock) -> AsyncIterator[House]:
    with database.writing() as tx:
        ids = {
            name: addresses.resolve(tx, keyring, Medium.EMAIL, f"{name}@example.org") for name in ("asha", "bounlom")
        }
    app = FastAPI()
    app.state.visitors = Context(database, clock, KEY, press())
    app.include_router(router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://status.example.org") as client:
        yield House(client, database, ids)


def test_the_link_of_a_mail_from_before_an_upgrade_still_works() -> None:
    signed_by_hmac = "AAAAAAAAEmcEdE7JHkDs6C3s7YpqQOxM"
    assert read_manage_token(b"key of these links", signed_by_hmac) == Managed(4711, EMAIL)
    assert read_manage_token(b"another key", signed_by_hmac) is None


async def test_opening_the_link_shows_a_form_and_changes_nothing(house: House) -> None:
    for _ in range(20):
        await house.client.get(house.link("asha"))
    answer = await house.client.get(house.link("asha"))
    assert answer.status_code == 200
    assert "a•••@example.org" in answer.text
    assert "asha@example.org" not in answer.text
    assert 'method="post"' in answer.text
    assert house.suppressed() == []


async def test_one_click_stops_the_messages_without_cookie_log_in_or_redirect(house: House) -> None:
    answer = await house.client.post(house.link("asha"), content=ONE_CLICK, headers=FORM)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert house.suppressed() == [house.ids["asha"]]


async def test_pressing_twice_is_one_act_in_the_audit(house: House) -> None:
    for _ in range(2):
        assert (await house.client.post(house.link("asha"), content=ONE_CLICK, headers=FORM)).status_code == 200
    assert (await house.client.post(house.link("bounlom"), content="x" * 10_000)).status_code == 200
    with house.db.reading() as connection:
        acts = [(row.action, row.body) for row in reversed(audit.page(connection).items) if row.actor == "reader"]
    how = [{"how": how, "reason": "unsubscribed"} for how in ("one_click", "form")]
    assert acts == [("suppress_address", one) for one in how], "with the proof of how they said so"


@pytest.mark.both_databases
async def test_the_proof_stands_in_the_history_of_everybody_at_that_address(house: House, keyring: Keyring) -> None:
    people_of = {"asha": ("C-1",), "bounlom": ("C-2", "C-3")}
    for name, people in people_of.items():
        for who in people:
            places = [{"medium": "email", "address": f"{name}@example.org"}]
            chosen = [{"medium": "email", "topic": "", "granted": True}]
            save_subscriber(house.db, keyring, HOST, who, {"addresses": places, "consents": chosen}, NOON)
    for _ in range(2):
        await house.client.post(house.link("asha"), content=ONE_CLICK, headers=FORM)
        await house.client.post(house.link("bounlom"), headers={"accept-language": "gu"})
    with house.db.reading() as connection:
        rows = {who: subscribers.get(connection, who).id for who in ("C-1", "C-2", "C-3")}
        said = {who: consents.history(connection, number)[1:] for who, number in rows.items()}
        held = consents.of(connection, rows.values())
    (clicked,), (pressed,), (also,) = said.values()
    assert clicked == Consent(Said(Medium.EMAIL, "", False, How.ONE_CLICK), NOON, "reader"), "no words were shown"
    assert pressed == also
    assert (pressed.said.how, pressed.said.granted, len(pressed.said.text_version)) == (How.FORM, False, 12)
    assert all(one.said.granted for theirs in held.values() for one in theirs), "for the day they come back"
    assert len(house.suppressed()) == 2


async def test_a_link_of_one_address_never_stops_another(house: House) -> None:
    token = house.link("asha").removeprefix("/u/")
    forged = manage_token(b"x" * 32, house.ids["bounlom"], EMAIL)
    other_medium = manage_token(KEY, house.ids["bounlom"], MEDIUM_CODES[Medium.SMS])
    nobody = manage_token(KEY, 987_654, EMAIL)
    for bad in (forged, other_medium, nobody, token[:-1], token[:-4] + "AAAA", "x", token + "A", "é" * 32):
        assert (await house.client.post(f"/u/{bad}")).status_code == 404
        assert (await house.client.get(f"/u/{bad}")).status_code == 404
    assert house.suppressed() == []


async def test_the_page_speaks_the_readers_language_and_is_never_kept(house: House) -> None:
    answer = await house.client.get(house.link("asha"), headers={"accept-language": "xx, ar-EG;q=0.8, en"})
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in answer.headers["content-security-policy"]


async def test_a_database_that_is_gone_is_said_kindly(house: House) -> None:
    house.db.close()
    with house.db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE suppression")
    answer = await house.client.post(house.link("asha"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"


def test_a_link_names_its_address_and_shows_none() -> None:
    url = manage_url(KEY, "https://status.example.org", 42, EMAIL)
    assert read_manage_token(KEY, url.rsplit("/", 1)[1]) == Managed(42, EMAIL)
    assert read_manage_token(b"other", url.rsplit("/", 1)[1]) is None
