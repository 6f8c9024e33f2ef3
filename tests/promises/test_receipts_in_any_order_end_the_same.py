"""Providers repeat themselves and talk out of turn; the report does not care."""

from __future__ import annotations

import random

import pytest

from app.domain.delivery import State
from app.domain.message import Medium, Receipt, ReceiptKind
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.record_receipts import record_receipts
from tests.rig.stage import Stage

pytestmark = [pytest.mark.anyio, pytest.mark.both_databases]

STORY = (ReceiptKind.ACCEPTED, ReceiptKind.SENT, ReceiptKind.DELIVERED)


@pytest.mark.parametrize("seed", range(4))
async def test_shuffled_repeated_early_and_forged_receipts(database: Database, keyring: Keyring, seed: int) -> None:
    chance = random.Random(seed)
    stage = Stage(database, keyring)
    stage.open(60)
    stage.add_endpoint("text", Medium.SMS)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 60)
        heard = []
        for number, one in enumerate(stage.heard):
            story = (*STORY, ReceiptKind.UNKNOWN) if number % 3 else (ReceiptKind.SENT, ReceiptKind.UNDELIVERED)
            heard += [Receipt(one.reference, f"{one.reference}-{kind}", kind) for kind in story for _ in range(5)]
        heard += [Receipt("a" * 48, f"forged-{n}", ReceiptKind.UNDELIVERED) for n in range(20)]
        chance.shuffle(heard)
        for at in range(0, len(heard), 37):
            record_receipts(database, 1, heard[at : at + 37], stage.clock.now(), reference_key=keyring.key("reference"))
        await stage.until_counted(sent.id, State.DELIVERED, 40)
        await stage.until_counted(sent.id, State.UNDELIVERED, 20)
    assert stage.counts(sent.id) == {State.DELIVERED: 40, State.UNDELIVERED: 20}
