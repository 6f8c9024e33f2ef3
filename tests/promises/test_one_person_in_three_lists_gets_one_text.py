"""Whoever stands in three files, three audiences and under three numbers of a list is still one person to us."""

from __future__ import annotations

import io

import pytest

from app.domain.message import Medium
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.import_subscribers import import_subscribers
from app.usecases.save_audience import save_audience
from app.usecases.save_subscriber import save_subscriber
from tests.rig.stage import AUTHOR, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

PHONE, MAIL = "+442071838801", "ann@example.org"
FILES = (
    f"external_id,email,phone,area\nC-1,{MAIL},{PHONE},north\n",
    "external_id,email,phone,tier\nC-1, ANN@example.org ,+44 20 7183 8801,gold\n",
    f"external_id,phone,list\nnewsletter-77,{PHONE},outages\nmaintenance-9,{PHONE},outages\n",
)


async def test_one_person_in_three_lists_gets_one_text(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.add_endpoint("texts", Medium.SMS)
    stage.add_endpoint("more-texts", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL)
    stage.open(0)
    for file in FILES:
        import_subscribers(database, keyring, HOST, io.BytesIO(file.encode()), stage.clock.now())
    rules: list[dict[str, object]] = [
        {"areas": ["north"]},
        {"attribute": {"name": "tier", "value": "gold"}},
        {"attribute": {"name": "list", "value": "outages"}},
    ]
    save_audience(database, AUTHOR, "three-lists", {"rule": {"or": rules}}, None, stage.clock.now())
    async with stage.running():
        sent = stage.broadcast(["texts", "more-texts", "mail"], audience="three-lists")
        await stage.until(sent.id, "done")
    assert [one.address for one in stage.heard if one.endpoint != "mail"] == [PHONE]
    assert [one.address for one in stage.heard if one.endpoint == "mail"] == [MAIL]


async def test_a_second_phone_is_kept_and_only_the_preferred_one_rings(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.add_endpoint("texts", Medium.SMS)
    stage.open(0)
    phones = ["+442071838801", "+442071838802", "+442071838803"]
    places = [{"medium": "sms", "address": one, "preferred": one == phones[1]} for one in phones]
    save_subscriber(database, keyring, AUTHOR, "C-1", {"name": "Ann", "addresses": places}, stage.clock.now())
    async with stage.running():
        sent = stage.broadcast(["texts"])
        await stage.until(sent.id, "done")
    assert [one.address for one in stage.heard] == [phones[1]]
