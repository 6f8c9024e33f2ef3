"""Whoever texts STOP while a broadcast goes out gets nothing more once it was answered, and the report says why.

The message comes as Twilio sends it, signed, through the callbacks of the service; the engine goes on sending to
everybody else meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import cast
from urllib.parse import urlencode

import pytest

from app.callbacks.opening import callbacks_desk
from app.domain.delivery import State
from app.domain.message import Channel, Inbound, Medium, Secret
from app.keyring import Keyring
from app.store import deliveries
from app.store.database import Database
from app.templating.replies import load_replies
from app.usecases.take_reply import Listener
from channels.http import Http
from channels.sms_twilio import TwilioSms
from tests.rig.signing import sign_twilio
from tests.rig.stage import Stage

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time, pytest.mark.both_databases]

PEOPLE = 400
FEW = 100
TOKEN = "the auth token"
BASE = "https://clarion.example.org"
STOPS = ("STOP", "unsubscribe", "Stop please", "બંધ કરો", "ＳＴＯＰ")


class Texts:
    """The endpoint's number, at which people answer."""

    def __init__(self, stage: Stage) -> None:
        twilio = TwilioSms(TwilioSms.Settings("AC1", Secret(TOKEN), "+15005550006"), Http())
        listener = Listener(stage.db, stage.keyring, load_replies())
        key, stale = stage.keyring.key("reference"), stage.timings.control_stale
        self._desk = callbacks_desk(listener, stage.clock, BASE, key, lambda _: cast("Channel", twilio), stale)
        self._sent = 0

    async def answer(self, sender: str, text: str) -> None:
        """Returns when the service has answered."""
        self._sent += 1
        form = {"MessageSid": f"SM{self._sent}", "SmsStatus": "received", "From": sender, "To": "+1", "Body": text}
        url = f"{BASE}/callbacks/text"
        signed = {"x-twilio-signature": sign_twilio(TOKEN, url, form)}
        thanks = await self._desk.take("text", Inbound(url, signed, urlencode(form).encode()))
        assert thanks is not None


def staged(database: Database, keyring: Keyring, people: int = PEOPLE) -> Stage:
    stage = Stage(database, keyring)
    stage.open(people)
    stage.add_endpoint("text", Medium.SMS, rate=200)
    return stage


async def test_in_mid_broadcast(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring)
    texts = Texts(stage)
    everybody = [f"+1202555{person:04d}" for person in range(PEOPLE)]
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 50)
        waiting = [one for one in everybody if one not in stage.asked("text")]
        # The next in turn are admitted already; the last are not; one has got it and must get nothing further.
        stopped = [*waiting[:3], waiting[-1], everybody[0]]
        await asyncio.gather(*map(texts.answer, stopped, STOPS))
        before = stage.asked("text")
        await stage.until(sent.id, "done")
        after = stage.asked("text")
        again = stage.broadcast(["text"], stage="details")
        await stage.until(again.id, "done")
        later = stage.asked("text")
    assert [after[one] for one in stopped] == [before[one] for one in stopped], "nothing once STOP was answered"
    assert [later[one] for one in stopped] == [after[one] for one in stopped], "and nothing of any later update"
    told = sum(after[one] for one in stopped)
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE - 5 + told, State.SUPPRESSED: 5 - told}
    assert 1 <= told <= 4, "who was first had it, and who was last could still be spared"
    assert stage.counts(again.id) == {State.ACCEPTED: PEOPLE - 5, State.SUPPRESSED: 5}
    assert reasons(stage, again.broadcast_id) == ["on_suppression_list:opted_out"] * 5
    assert max(after.values()) == 1


async def test_start_brings_the_next_update_back(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring, FEW)
    texts = Texts(stage)
    somebody = "+12025550007"
    async with stage.running():
        await texts.answer(somebody, "STOP")
        first = stage.broadcast(["text"])
        await stage.until(first.id, "done")
        assert somebody not in stage.asked("text")
        await texts.answer(somebody, "start")
        second = stage.broadcast(["text"], stage="details")
        await stage.until(second.id, "done")
    assert stage.asked("text")[somebody] == 1
    assert stage.counts(second.id) == {State.ACCEPTED: FEW}


async def test_less_is_big_news_only_until_more(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring, FEW)
    texts = Texts(stage)
    somebody = "+12025550007"
    expected = [("holding", True), ("progress", False), ("resolved", True)]
    async with stage.running():
        await texts.answer(somebody, "LESS")
        for stage_of, heard in expected:
            before = stage.asked("text")[somebody]
            sent = stage.broadcast(["text"], stage=stage_of)
            await stage.until(sent.id, "done")
            assert stage.asked("text")[somebody] - before == heard, stage_of
            if not heard:
                assert stage.counts(sent.id) == {State.ACCEPTED: FEW - 1, State.SUPPRESSED: 1}
                assert reasons(stage, sent.broadcast_id) == ["wants_less"]
        await texts.answer(somebody, "more")
        again = stage.broadcast(["text"], stage="followup")
        await stage.until(again.id, "done")
    assert stage.counts(again.id) == {State.ACCEPTED: FEW}


async def test_news_somebody_does_not_hear_takes_nothing_from_them(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring, FEW)
    texts = Texts(stage)
    last = f"+1202555{FEW - 1:04d}"
    async with stage.running():
        await texts.answer(last, "LESS")
        first = stage.broadcast(["text"])
        await stage.until_asked("text", 20)
        minor = stage.broadcast(["text"], stage="progress")
        await stage.until(minor.id, "done")
        await stage.until(first.id, "done", "superseded")
    said = [one.message.data["update"] for one in stage.heard if one.address == last]
    assert said == [first.id], "the progress replaces the first word for everybody but them"


def reasons(stage: Stage, broadcast: int | None) -> list[str]:
    assert broadcast is not None
    with stage.db.reading() as connection:
        found, _ = deliveries.page(connection, broadcast, state=State.SUPPRESSED)
    return [one.reason for one in found]
