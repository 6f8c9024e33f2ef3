"""Bulkheads: whatever one endpoint does, the senders and the searches of the others go on."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from app.domain.delivery import State
from app.domain.message import Batch, Failure, FailureKind, FindResult, Found, Info, Medium, Message, Outcome, Recipient
from app.keyring import Keyring
from app.store.database import Database
from tests.rig.stage import FAST, InProcess, Stage, black_hole

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
SECONDS = 60.0


async def test_mail_goes_out_whole_while_texts_fall_into_a_black_hole(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(500)
    stage.add_endpoint("text", Medium.SMS).answer = black_hole
    stage.add_endpoint("mail", Medium.EMAIL)
    async with stage.running():
        sent = stage.broadcast(["text", "mail"])
        await stage.until_counted(sent.id, State.ACCEPTED, 500, seconds=SECONDS)
    assert len(stage.channels["mail"].took) == 500
    assert len(stage.asked("text")) < 100, "a silent provider is left alone after a few calls"


class Searchable(InProcess):
    """Answers nothing clear, and may be searched."""

    info: ClassVar[Info] = Info("searchable", "Searchable", Medium.SMS, concurrency=8)
    hangs = False
    found = 0

    async def find(self, _recipient: Recipient, _message: Message, _since: object) -> FindResult:
        if self.hangs:
            await asyncio.sleep(3_600)
        self.found += 1
        return FindResult(Found.YES, "found")


class SearchableMail(Searchable):
    info: ClassVar[Info] = Info("searchable_mail", "Searchable", Medium.EMAIL, concurrency=8)


async def unclear(batch: Batch) -> list[Outcome]:
    return [Failure(FailureKind.AMBIGUOUS, "http_500")] * len(batch.recipients)


async def test_a_search_that_hangs_keeps_no_other_provider_from_being_asked(
    database: Database, keyring: Keyring
) -> None:
    stage = Stage(database, keyring, timings=FAST.model_copy(update={"call_timeout": 3_600.0}))
    stage.open(4)
    for slug, kind in (("text", Searchable), ("mail", SearchableMail)):
        stage.add_endpoint(slug, kind.info.medium)
        channel = kind(slug, stage.heard)
        channel.answer, channel.hangs = unclear, slug == "text"
        stage.channels[slug] = channel
    async with stage.running():
        sent = stage.broadcast(["text", "mail"])
        await stage.until_counted(sent.id, State.ACCEPTED, 4, seconds=SECONDS)
    assert stage.counts(sent.id)[State.ACCEPTED] == 4
