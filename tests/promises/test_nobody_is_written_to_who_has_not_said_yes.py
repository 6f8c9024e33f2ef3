"""Whoever subscribes says yes by one tap at their own address; no form, robot or stranger says it for them."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from app.clock import FrozenClock
from app.domain.manage import PURPOSE, manage_token
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.sign_ups import PER_ADDRESS, PER_NETWORK
from app.store import addresses
from app.store.database import Database
from app.store.people_tables import sign_up
from tests.faces import Api, open_api
from tests.live import written

ANN, NEW, STOPPED, PESTERED = "ana@example.org", "new@example.org", "bela@example.org", "cleo@example.org"
LINK = re.compile(r"https://status\.example\.org(/s/c/[\w-]+)")
FORM = {"content-type": "application/x-www-form-urlencoded"}


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """What the database is asked meanwhile, in order, without the values."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)


@dataclass
class House:
    api: Api
    outbox: Path
    clock: FrozenClock

    def ask(self, address: str, *, topic: str = "power", host: str = "203.0.113.9", **more: str) -> Any:
        """The form as a browser sends it, from this network."""
        fields = {"address": address, "language": "gu", "topic": topic, **more}
        self.api.client._transport.client = (host, 50_000)  # type: ignore[attr-defined]  # where the test client comes from
        return self.api.client.post("/s/en", data={name: text for name, text in fields.items() if text})

    def links(self) -> dict[str, str]:
        """What leaves now: address -> path of the link in it."""
        asyncio.run(self.api.wiring.attendant.confirm())
        return {one["to"]: found[1] for one in written(self.outbox) if (found := LINK.search(one["text"]))}

    def people(self) -> int:
        return int(self.api.done(self.api.get("viewer", "/audiences/everyone/size"))["people"])

    def reasons(self) -> Counter[str]:
        with self.api.db.reading() as connection:
            return Counter(row.reason or row.state for row in connection.execute(select(sign_up)))

    def told(self, topic: str) -> Counter[str]:
        """How many are reached by an update about this."""
        update = self.api.draft(topic=topic)
        preview = self.api.done(self.api.get("author", f"/updates/{update}/preview"))
        return Counter(preview["recipients"])


@pytest.fixture
def house(
    database: Database, database_url: str, clock: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    monkeypatch.setenv("CLARION_SIGN_UP_COUNTRIES", "GB")
    monkeypatch.setenv("CLARION_SIGN_UP_DAILY_COST", "0.35")
    with open_api(database, database_url, clock, tmp_path / "site") as api:
        api.prepare()
        outbox = tmp_path / "outbox"
        for slug, medium in (("texts", "sms"), ("mail", "email")):
            way = {"slug": slug, "channel": f"outbox.{medium}", "settings": {"directory": str(outbox)},
                   "rate_per_second": 100}  # fmt: skip
            api.done(api.put("admin", f"/endpoints/{slug}", json=way))
        for topic, names in (("power", {"en": "Power", "gu": "વીજળી"}), ("water", {"en": "Water"})):
            api.done(api.post("approver", "/topics", json={"slug": topic, "names": names}))
        stop = {"medium": "email", "address": STOPPED, "reason": "asked"}
        api.done(api.post("author", "/subscribers/suppressions", json=stop))
        yield House(api, outbox, clock)


def test_one_tap_by_the_owner_and_no_robot_makes_a_subscriber(house: House) -> None:
    before, mails = house.people(), house.told("power")["email"]
    assert house.ask(NEW).status_code == 200
    (path,) = house.links().values()
    client = house.api.client
    for _ in range(20):
        client.get(path)
    looked = client.get(path)
    assert looked.status_code == 200
    assert "n•••@example.org" in looked.text
    assert NEW not in looked.text
    assert client.head(path).status_code == 200
    assert house.people() == before, "opening the link changes nothing"
    assert 'lang="gu"' in looked.text
    first = client.post(path, content="", headers=FORM)
    again = client.post(path, content="List-Unsubscribe=One-Click", headers=FORM)
    assert (first.status_code, again.text) == (200, first.text)
    assert house.people() == before + 1
    (found,) = house.api.done(house.api.get("author", "/subscribers"))["items"][before:]
    said = house.api.done(house.api.get("author", f"/subscribers/{found['external_id']}"))
    assert (said["standing"], said["languages"]) == ("self", ["gu"])
    assert [(one["medium"], one["topic"], one["granted"], one["how"], one["by"]) for one in said["consents"]] == [
        ("email", "power", True, "form", "reader")
    ]
    assert re.fullmatch(r"[0-9a-f]{12}", said["consents"][0]["text_version"])
    assert house.told("power")["email"] == mails + 1
    assert house.told("water")["email"] == mails, "they hear only what they chose"
    for forged in (path[:-1], path[:-1] + ("A" if path[-1] != "A" else "B"), "/s/c/" + "A" * 28):
        assert client.get(forged).status_code == client.post(forged).status_code == 404
    house.clock.advance(timedelta(days=3).total_seconds())
    house.ask("late@example.org")
    late = house.links()["late@example.org"]
    house.clock.advance(timedelta(days=3).total_seconds())
    client.post(late)
    assert house.people() == before + 1, "a link works for two days"


def test_nobody_learns_which_addresses_we_know_and_no_form_wakes_a_stopped_one(house: House) -> None:
    for _ in range(PER_ADDRESS):
        house.ask(PESTERED, host="198.51.100.99")
    house.links()
    answers, work = {}, {}
    for address in (ANN, NEW, STOPPED, PESTERED):
        with statements(house.api.db) as work[address]:
            answers[address] = house.ask(address)
    for one in answers.values():
        del one.headers["x-request-id"]  # counted up
    seen = {(one.status_code, one.text, *sorted(one.headers.multi_items())) for one in answers.values()}
    assert len(seen) == 1
    assert work[ANN] == work[NEW] == work[STOPPED] == work[PESTERED], "the same is asked of the database for each"
    assert not any("suppression" in one or "FROM address" in one for one in work[ANN]), "nobody is looked up yet"
    with house.api.db.reading() as connection:
        rows = connection.execute(select(sign_up).where(sign_up.c.state == "queued")).all()
    assert {(row.state, row.reason) for row in rows} == {("queued", "")}, "the same is written for each"
    assert len(rows) == len(answers)
    links = house.links()
    assert house.reasons()["too_often"] == 1
    links.pop(PESTERED)
    assert set(links) == {ANN, NEW}, "a stopped address gets nothing, not even a question"
    assert house.reasons()["suppressed"] == 1
    assert "START" in answers[NEW].text, "how a stop is taken back is said to everybody"

    stop = {"medium": "email", "address": NEW, "reason": "asked"}
    house.api.done(house.api.post("author", "/subscribers/suppressions", json=stop))
    refused = house.api.client.post(links[NEW])
    assert "START" in refused.text
    people = house.api.done(house.api.get("author", "/subscribers"))["items"]
    assert not any(one["standing"] == "self" for one in people)
    suppressed = [place for one in people for place in one["addresses"] if place["suppressed"]]
    assert len(suppressed) == 1, "Bela stays stopped"


def test_nobody_can_make_us_spend_money_or_pester_somebody(house: House) -> None:
    for _ in range(PER_ADDRESS + 2):
        assert house.ask(NEW).status_code == 200
    house.links()
    assert sum(one["to"] == NEW for one in written(house.outbox)) == PER_ADDRESS
    assert house.reasons()["too_often"] == 2
    here = [house.ask(f"p{n}@example.org").status_code for n in range(PER_NETWORK[0])]
    assert here.count(429) == PER_ADDRESS + 2, "so many forms from one place and no more"
    assert house.ask("q@example.org", host="198.51.100.7").status_code == 200
    for number in range(6):
        house.ask(f"+44 7400 12345{number}", host=f"198.51.100.{number}")
    house.links()
    texts = [one for one in written(house.outbox) if one["to"].startswith("+")]
    assert 1 <= len(texts) <= 3, "ten cents a part, 35 a day"
    assert house.reasons()["budget_spent"] == 6 - len(texts)
    for wrong in ("+1 202 555 0123", "+44 909 879 0000", "nobody"):
        answer = house.ask(wrong, host="198.51.100.20")
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    house.clock.advance(timedelta(days=1, minutes=1).total_seconds())
    house.ask("+44 7400 123459", host="198.51.100.30")
    assert "+447400123459" in house.links(), "tomorrow there is money again"


def test_rows_of_numbers_somebody_earns_by_are_not_texted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.domain.sign_ups.PER_NEIGHBOURS", 1)
    for number in range(4):
        house.ask(f"+44 7400 12345{number}", host=f"198.51.100.{number}")
    house.ask("+44 7400 123 999", host="198.51.100.5")
    house.links()
    assert house.reasons()["too_many_alike"] == 4
    house.clock.advance(timedelta(days=1, minutes=1).total_seconds())
    house.ask("+44 7400 124 000", host="198.51.100.6")
    house.ask("+44 7400 123 999", host="198.51.100.5")
    house.links()
    assert house.reasons()["too_many_alike"] == 4, "the next thousand, and the next day"


def test_everything_is_changed_by_the_personal_link_and_left_by_it(house: House) -> None:
    house.ask(NEW)
    client, path = house.api.client, house.links()[NEW]
    manage = re.search(r'href="(/m/[\w-]+)"', client.post(path).text)
    assert manage is not None
    shown = client.get(manage[1])
    assert shown.status_code == 200
    assert NEW not in shown.text
    assert 'value="power" checked' in shown.text
    assert 'value="water" checked' not in shown.text
    changed = {"do": "save", "language": "ar", "area": "north", "medium": ["email"], "topic": ["water"]}
    saved = client.post(manage[1], data=changed)
    assert 'dir="rtl"' in saved.text
    assert 'value="water" checked' in saved.text
    mine = next(one for one in house.api.done(house.api.get("author", "/subscribers"))["items"]
                if one["standing"] == "self")  # fmt: skip
    assert (mine["languages"], mine["area"]) == (["ar", "gu"], "north")
    with_water = house.told("water")["email"]
    client.post(manage[1], data={"do": "save", "language": "ar", "area": "north"})
    assert house.told("water")["email"] == with_water - 1, "no medium ticked: nothing more"
    client.post(manage[1], data=changed)
    client.post(manage[1], data={"do": "leave"})
    assert house.told("water")["email"] == with_water - 1
    client.post(manage[1], data=changed)
    assert house.told("water")["email"] == with_water - 1, "a form does not take a stop back"
    assert client.get("/m/" + "A" * 32).status_code == client.post("/m/" + "A" * 32).status_code == 404


def test_what_is_chosen_by_the_link_of_a_shared_telephone_holds_for_everybody_who_has_it(house: House) -> None:
    api, client, number = house.api, house.api.client, "+442071838761"
    for person, topic, language in (("8", "power", "gu"), ("9", "water", "en")):
        said = [{"medium": "sms", "topic": which, "granted": which == topic} for which in ("", topic)]
        whole = {"name": f"Person {person}", "languages": [language, "en"], "area": language, "consents": said,
                 "addresses": [{"medium": "sms", "address": number}]}  # fmt: skip
        api.done(api.put("author", f"/subscribers/{person}", json=whole))
    elsewhere = [{"medium": "sms", "address": number}, {"medium": "sms", "address": "+442071838762", "preferred": True}]
    api.done(api.put("author", "/subscribers/10", json={"addresses": elsewhere}))
    keyring = api.wiring.keyring
    with api.db.writing() as tx:
        place = addresses.resolve(tx, keyring, Medium.SMS, number)
    path = f"/m/{manage_token(keyring.key(PURPOSE), place, MEDIUM_CODES[Medium.SMS])}"
    shown = client.get(path)
    assert 'value="power" checked' in shown.text
    assert 'value="water" checked' in shown.text, "what reaches the telephone, not what the first of them chose"
    assert "share this address (3)" in shown.text
    assert "Person" not in shown.text

    def history(person: str) -> list[tuple[str, bool, str, int]]:
        rows = api.done(api.get("author", f"/subscribers/{person}/consents"))["items"]
        return [(one["topic"], one["granted"], one["how"], len(one["text_version"])) for one in rows]

    before = {person: history(person) for person in ("8", "9", "10")}
    both = {"do": "save", "language": "en", "area": "", "medium": ["sms"]}
    client.post(path, data={**both, "topic": ["power", "water"]})
    assert {person: history(person) for person in ("8", "9", "10")} == before, "as it was: each of them keeps their own"
    areas = [api.done(api.get("author", f"/subscribers/{person}"))["area"] for person in ("8", "9")]
    assert areas == ["gu", "en"]
    told = house.told("power")["sms"]
    saved = client.post(path, data={**both, "topic": ["water"], "area": "north"})
    assert 'value="power" checked' not in saved.text
    assert house.told("power")["sms"] == told - 1, "nobody at this telephone hears of power any more"
    assert history("8")[len(before["8"]) :] == [("", False, "form", 12), ("water", True, "form", 12)], "with its proof"
    assert history("9") == before["9"], "they had it so"
    assert history("10") == before["10"], "they get their texts elsewhere"
    people = [api.done(api.get("author", f"/subscribers/{person}")) for person in ("8", "9", "10")]
    assert [one["area"] for one in people] == ["north"] * 3
    client.post(path, data={"do": "save", "language": "en", "area": "north"})
    assert [history(person)[-1] for person in ("8", "9")] == [("", False, "form", 12)] * 2


def test_somebody_says_what_reaches_them_best(house: House) -> None:
    keyring = house.api.wiring.keyring
    with house.api.db.writing() as tx:
        ann = addresses.resolve(tx, keyring, Medium.EMAIL, ANN)
    path = f"/m/{manage_token(keyring.key(PURPOSE), ann, MEDIUM_CODES[Medium.EMAIL])}"
    client, both = house.api.client, {"do": "save", "language": "en", "medium": ["sms", "email"]}
    for said, kept in (("sms", "sms"), (None, "sms"), ("push", None), ("email", "email"), ("", None)):
        shown = client.post(path, data={**both, **({} if said is None else {"preferred": said})})
        assert (f'<option value="{kept}" selected>' in shown.text) is (kept is not None)
        assert house.api.done(house.api.get("author", "/subscribers/1"))["preferred_medium"] == kept
    listed = house.api.post(
        "author",
        "/subscribers/import",
        content="external_id,preferred_medium\n1,sms\n",
        headers={"content-type": "text/csv"},
    )
    assert (house.api.done(listed)["kept"], house.api.done(listed)["updated"]) == (1, 0), "their own word stays"
    assert house.api.done(house.api.get("author", "/subscribers/1"))["preferred_medium"] is None


def test_a_customer_who_confirms_is_found_and_the_house_phone_is_not_taken_over(house: House) -> None:
    house.ask(ANN, topic="")
    house.api.client.post(house.links()[ANN])
    ana = house.api.done(house.api.get("author", "/subscribers/1"))
    assert [(one["topic"], one["granted"]) for one in ana["consents"]] == [("", True)]
    assert (ana["standing"], ana["languages"], ana["area"]) == ("customer", ["en"], "north"), "ours to keep"
    csv = "external_id,phone\n8,+442071838750\n"
    house.api.done(house.api.post("author", "/subscribers/import", content=csv, headers={"content-type": "text/csv"}))
    house.ask("+442071838750", host="198.51.100.1")
    house.api.client.post(house.links()["+442071838750"])
    items = house.api.done(house.api.get("author", "/subscribers"))["items"]
    assert [one["standing"] for one in items] == ["customer"] * 4 + ["self"]
