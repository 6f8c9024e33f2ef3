"""Offering one's own device: on the pages, and what becomes of a subscription somebody hands in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.clock import FrozenClock
from app.domain.sign_ups import DEVICES_PER_NETWORK, PER_NETWORK
from app.store.database import Database
from app.store.people_tables import sign_up
from tests.faces import Api, open_api
from tests.live import written
from tests.rig.push import Device

ANN, TABLET = Device("ann"), Device("tablet")
ANN_WAITS = "પહેલો સંદેશો આ ઉપકરણ પર આવી રહ્યો છે. તે આવે પછી તમને અહીં અમારા સંદેશા મળશે."
JSON = {"content-type": "application/json"}


class House:
    def __init__(self, api: Api, outbox: Path) -> None:
        self.api = api
        self.outbox = outbox

    def offer(self, path: str = "/s/gu/device", device: Device = ANN, **more: object) -> Any:
        document = {"subscription": device.subscription, **more}
        return self.api.client.post(path, content=json.dumps(document), headers=JSON)

    def confirm(self, device: Device = ANN) -> Any:
        """As the worker on this device does with the first message it gets."""
        asyncio.run(self.api.wiring.attendant.confirm())
        link = [one["link"] for one in written(self.outbox) if one["to"] == device.address][-1]
        path = link.removeprefix("https://status.example.org")
        return self.api.client.post(path, headers={"accept": "application/json"})

    def people(self) -> list[Any]:
        return list(self.api.done(self.api.get("author", "/subscribers"))["items"])

    def person(self, external_id: str) -> Any:
        return self.api.done(self.api.get("author", f"/subscribers/{external_id}"))

    def forms(self) -> int:
        with self.api.db.reading() as connection:
            return int(connection.scalar(select(func.count()).select_from(sign_up)) or 0)


@pytest.fixture
def house(database: Database, database_url: str, clock: FrozenClock, tmp_path: Path) -> Iterator[House]:
    with open_api(database, database_url, clock, tmp_path / "site") as api:
        api.prepare()
        api.done(api.post("approver", "/topics", json={"slug": "power", "names": {"en": "Power"}}))
        yield House(api, tmp_path / "outbox")


WAY = {"slug": "devices", "channel": "push_web", "settings": {"contact": "mailto:it@example.org"}}


@pytest.fixture
def open_house(house: House) -> House:
    """With a way to browsers: its key as Web Push has it, its first messages on paper."""
    paper = {"slug": "paper", "channel": "outbox.push", "settings": {"directory": str(house.outbox)}}
    for way in (paper, WAY):
        house.api.done(house.api.post("admin", "/endpoints", json=way))
    return house


def test_the_button_is_there_when_an_endpoint_reaches_browsers_and_the_policy_stays_strict(house: House) -> None:
    client = house.api.client
    closed = client.get("/s/en")
    assert "device.js" not in closed.text
    assert "script-src" not in closed.headers["content-security-policy"]
    assert house.offer().status_code == 404
    made = house.api.done(house.api.post("admin", "/endpoints", json=WAY))
    assert (len(made["settings"]["public_key"]), made["settings"]["private_key"]) == (87, "***")
    again = house.api.done(house.api.put("admin", "/endpoints/devices", json=WAY))
    assert again["settings"]["public_key"] == made["settings"]["public_key"], "a pair is made once"
    for language in ("en", "gu", "lo", "eo", "ar"):
        page = client.get(f"/s/{language}")
        policy = page.headers["content-security-policy"]
        assert '<section id="device"' in page.text
        assert f'data-post="/s/{language}/device"' in page.text
        assert "script-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'" in policy
        manifest = client.get(f"/s/{language}/app.webmanifest")
        assert f'href="/s/{language}/app.webmanifest"' in page.text
        assert manifest.headers["content-type"] == "application/manifest+json"
        told = {"display": "standalone", "lang": language, "start_url": f"/s/{language}"}
        assert told.items() <= manifest.json().items()
        assert "unsafe" not in policy
        assert policy.replace("; frame-ancestors 'none'", "").replace("'", "&#39;") in page.text
    for path in ("/s/device.js", "/s/worker.js"):
        script = client.get(path)
        assert script.headers["content-type"].startswith("text/javascript")
        assert script.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"
        assert script.headers["cache-control"] == "no-cache"


def test_a_device_becomes_a_subscriber_by_its_own_answer_and_leaves_by_one_tap(open_house: House) -> None:
    before = len(open_house.people())
    asked = open_house.offer(topics=["power"], area="north")
    assert (asked.status_code, asked.json()) == (202, {"text": ANN_WAITS})
    assert len(open_house.people()) == before, "nobody yet"
    answer = open_house.confirm().json()
    assert answer == open_house.confirm().json(), "answered twice it acts once"
    person = open_house.person(open_house.people()[before]["external_id"])
    assert (person["standing"], person["languages"], person["area"]) == ("self", ["gu"], "north")
    assert [(one["medium"], one["address"]) for one in person["addresses"]] == [
        ("push", "updates.push.services.mozilla.com •••ann")
    ]
    (said,) = person["consents"]
    assert (said["medium"], said["topic"], said["granted"], said["how"], said["by"]) == (
        "push", "power", True, "device", "reader",
    )  # fmt: skip
    assert len(said["text_version"]) == 12
    own = open_house.api.client.get(answer["link"])
    assert own.status_code == 200
    assert f'data-post="{answer["link"]}/device"' in own.text
    assert ANN.endpoint not in own.text
    assert open_house.api.client.post(answer["link"].replace("/m/", "/u/")).status_code == 200
    (place,) = open_house.person(person["external_id"])["addresses"]
    assert place["suppressed"]
    open_house.offer()
    assert open_house.confirm().json()["link"] == "", "what was stopped stays stopped, whatever a page says"


def preferred(person: Any) -> dict[str, bool]:
    return {one["address"][-3:]: one["preferred"] for one in person["addresses"]}


def test_from_the_personal_page_a_device_is_one_more_way_to_the_same_person(open_house: House) -> None:
    open_house.offer()
    own = open_house.confirm().json()["link"]
    before = len(open_house.people())
    assert open_house.offer(f"{own}/device", TABLET).status_code == 202
    newest = open_house.confirm(TABLET).json()["link"]
    assert newest != own
    assert len(open_house.people()) == before
    person = open_house.person(open_house.people()[-1]["external_id"])
    assert preferred(person) == {"ann": False, "let": True}
    assert open_house.api.client.post(newest.replace("/m/", "/u/")).status_code == 200
    person = open_house.person(person["external_id"])
    assert preferred(person) == {"ann": True, "let": False}, "the other device is told from now on"
    assert open_house.api.client.post(own, data={"do": "leave"}).status_code == 200
    said = {one["medium"]: one["granted"] for one in open_house.person(person["external_id"])["consents"]}
    assert said == {"push": False}
    assert open_house.offer("/m/" + "A" * 32 + "/device", TABLET).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"subscription": {"endpoint": "https://fcm.googleapis.com/x"}}',
        b'{"subscription": {"endpoint": 7, "keys": {"auth": {}}}}',
        b'{"subscription": ' + b"[" * 5_000,
        b'{"subscription": "\\ud800", "area": "\\ud800", "topics": ["\\ud800"], "language": 7}',
    ],
)
def test_whatever_is_handed_in_is_answered_and_nothing_is_kept(open_house: House, body: bytes) -> None:
    answer = open_house.api.client.post("/s/en/device", content=body, headers=JSON)
    assert (answer.status_code, set(answer.json())) == (422, {"fault"})
    assert open_house.api.client.post("/s/en/device", content=b"x" * 20_000, headers=JSON).status_code == 413
    assert open_house.forms() == 0


def test_a_page_of_somebody_else_offers_nothing_and_devices_have_limits_of_their_own(
    open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = PER_NETWORK[0] + 2
    monkeypatch.setattr("app.usecases.ask_sign_up.DEVICES_PER_NETWORK", (most, DEVICES_PER_NETWORK[1]))
    document = json.dumps({"subscription": ANN.subscription})
    plain = open_house.api.client.post("/s/en/device", content=document, headers={"content-type": "text/plain"})
    assert plain.status_code == 422, "what a browser sends from other pages without asking us"
    assert open_house.api.client.options("/s/en/device").status_code == 405
    assert open_house.offer(topics=["gone"]).status_code == 422
    answers = [open_house.offer(device=Device(f"d{number}")).status_code for number in range(most + 1)]
    assert answers == [202] * most + [429]
    forms = [open_house.api.client.post("/s/en", data={"address": f"b{n}@example.org"}) for n in range(PER_NETWORK[0])]
    assert {one.status_code for one in forms} == {200}, "devices of a whole mobile network keep no form out"
    assert open_house.api.client.post("/s/en", data={"address": "c@example.org"}).status_code == 429
