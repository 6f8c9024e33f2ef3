"""A browser that was asked and answered gets the news, readable by it alone; one that is gone is left in peace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store.database import Database
from tests.live import Live, open_live, until
from tests.rig import accounts
from tests.rig.process import RigProcess
from tests.rig.push import Device

ANN, BUSY, GONE, STRANGER = (Device(name) for name in ("ann", "busy", "gone", "stranger"))
LINK = "https://status.example.org"


@pytest.fixture
def rig() -> Iterator[RigProcess]:
    with RigProcess() as started:
        yield started


@pytest.fixture
def live(rig: RigProcess, database: Database, database_url: str, tmp_path: Path) -> Iterator[Live]:
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        keys = {"public_key": accounts.VAPID_PUBLIC, "private_key": accounts.VAPID_PRIVATE}
        settings = {"contact": "mailto:it@example.org", "base_url": rig.addresses["push"], **keys}
        live.endpoint("devices", "push_web", settings)
        yield live


def shown(rig: RigProcess, device: Device) -> list[dict[str, Any]]:
    """What it decrypted, oldest first."""
    return [json.loads(one.body or "") for one in rig.control.entries("push") if one.to == device.name]


def offer(live: Live, device: Device) -> None:
    document = json.dumps({"subscription": device.subscription})
    asked = live.api.client.post("/s/en/device", content=document, headers={"content-type": "application/json"})
    assert asked.status_code == 202, asked.text


def answer(live: Live, rig: RigProcess, device: Device) -> str:
    """As the worker on it does; the personal link."""
    until(lambda: shown(rig, device) != [])
    path = shown(rig, device)[0]["url"].removeprefix(LINK)
    told = live.api.client.post(path, headers={"accept": "application/json"})
    return str(live.api.done(told)["link"])


def test_news_reaches_the_device_that_asked_and_no_other(live: Live, rig: RigProcess) -> None:
    rig.control.behave("push", "invalid_recipient", code=403, address_suffix=STRANGER.name)
    for device in (STRANGER, ANN, BUSY, GONE):
        offer(live, device)
    links = [answer(live, rig, device) for device in (ANN, BUSY, GONE)]
    assert shown(rig, STRANGER) == [], "its push service knows another key than ours"
    people = live.api.done(live.api.get("author", "/subscribers"))["items"]
    assert len([one for one in people if one["external_id"].startswith("self-")]) == 3

    rig.control.behave("push", "invalid_recipient", code=410, address_suffix=GONE.name)
    rig.control.behave("push", "throttle", seconds=0.1, times=1, address_suffix=BUSY.name)
    first = live.broadcast(live.draft(endpoints=["devices"]))
    assert first == {"accepted": 2, "failed": 1}
    for device in (ANN, BUSY):
        (_, news) = shown(rig, device)
        assert news["title"] == "Power is out in the north"
        assert news["body"].startswith("You have no electricity.")
        assert (news["lang"], news["dir"]) == ("en", "ltr")
    assert len(shown(rig, GONE)) == 1

    assert live.api.client.post(links[1].replace("/m/", "/u/")).status_code == 200
    again = live.broadcast(live.draft(endpoints=["devices"], stage="progress"))
    assert again == {"accepted": 1, "suppressed": 2}, "who is gone or has said stop is left in peace"
    (_, older, newer) = shown(rig, ANN)
    assert older["tag"] == newer["tag"], "and takes the place of what was said before"
    halted = {one["slug"]: one["halted_reason"] for one in live.api.done(live.api.get("admin", "/endpoints"))["items"]}
    assert halted["devices"] is None, "no stranger's subscription stops it for the others"


def test_news_reaches_the_chat_somebody_linked_themselves(live: Live, rig: RigProcess) -> None:
    bot = {"bot_name": "clarion_bot", "bot_token": accounts.TELEGRAM_TOKEN, "webhook_secret": accounts.TELEGRAM_SECRET}
    live.endpoint("bot", "chat_telegram", {**bot, "base_url": rig.addresses["telegram"]})
    offer(live, ANN)
    token = answer(live, rig, ANN).removeprefix("/m/")

    def says(text: str, number: int) -> None:
        chat = {"id": 987_650_001, "type": "private"}
        document = {"update_id": number, "message": {"chat": chat, "text": text}}
        proof = {"x-telegram-bot-api-secret-token": accounts.TELEGRAM_SECRET}
        assert live.api.client.post("/callbacks/bot", json=document, headers=proof).status_code == 200

    def heard() -> list[str]:
        return [one.body or "" for one in rig.control.entries("telegram") if one.to == "987650001"]

    says(f"/start {token}", 1)
    until(lambda: len(heard()) == 1)
    assert "you get our messages here" in heard()[0]
    assert live.broadcast(live.draft(endpoints=["bot", "devices"])) == {"accepted": 2}
    assert "Power is out in the north" in heard()[1]
    rig.control.behave("telegram", "invalid_recipient", code=403)
    blocked = live.broadcast(live.draft(endpoints=["bot"], stage="progress"))
    assert blocked == {"suppressed": 1}, "whoever blocks the bot has said stop"

    place = {"endpoint": "devices", "address": ANN.address, "person": "admin"}
    live.api.done(live.api.put("admin", "/staff/recipients", json={"recipients": [place]}))
    assert live.api.post("admin", "/endpoints/devices/try").status_code == 202
    until(lambda: any("devices" in one["body"] for one in shown(rig, ANN)))
