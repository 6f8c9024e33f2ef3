"""Whoever looks at the report, whenever they look: everybody is somewhere, and nobody is in two places."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import pytest

from app.domain.delivery import OPEN, State
from app.domain.message import Accepted, Batch, Failure, FailureKind, Medium, Outcome, Receipt, ReceiptKind
from app.keyring import Keyring
from app.store import deliveries
from app.store.database import Database
from app.usecases.record_receipts import record_receipts
from app.usecases.settle_unknown import UnknownDecision, settle_unknown
from app.usecases.stop_update import cancel_update, pause_update, resume_update
from tests.patience import PATIENCE
from tests.rig.stage import APPROVER, AUTHOR, InProcess, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.both_databases, pytest.mark.virtual_time]

PEOPLE = 400
EVERYBODY = 2 * PEOPLE + 1


@dataclass
class Moody:
    """A provider that does everything a provider may do."""

    channel: InProcess
    dice: random.Random
    references: list[str] = field(default_factory=list)

    async def answer(self, batch: Batch) -> Sequence[Outcome]:
        await asyncio.sleep(self.dice.random() * 0.02)
        if len(batch.recipients) > 1 and self.dice.random() < 0.4:
            return [Failure(FailureKind.CONTENT, "one_is_bad")] * len(batch.recipients)
        self.references += [one.reference for one in batch.recipients]
        mood = self.dice.random()
        if mood < 0.05:
            limit = Failure(FailureKind.NOT_ACCEPTED, "http_429", retry_after=0.01, throttled=True)
            return [limit] * len(batch.recipients)
        if mood < 0.1:
            return [Failure(FailureKind.AMBIGUOUS, "timeout")] * len(batch.recipients)
        return [self._one() for _ in batch.recipients]

    def _one(self) -> Outcome:
        mood = self.dice.random()
        if mood < 0.05:
            return Failure(FailureKind.RECIPIENT, "21211")
        if mood < 0.08:
            return Failure(FailureKind.OPTED_OUT, "21610")
        if mood < 0.1:
            return Failure(FailureKind.CONTENT, "filtered")
        if mood < 0.12:
            return Failure(FailureKind.NOT_ACCEPTED, "mailbox_busy", only_this_one=True)
        return Accepted("id")


class Looker:
    """Reads the counts in a thread of its own, as often as it can."""

    def __init__(self, db: Database, broadcast: int) -> None:
        self._db, self._broadcast = db, broadcast
        self._over = threading.Event()
        self.seen: list[dict[State, int]] = []
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(PATIENCE)

    def _look(self) -> None:
        while not self._over.wait(0.005):
            with self._db.reading() as connection:
                self.seen.append(deliveries.counts(connection, self._broadcast))


def tell(stage: Stage, keyring: Keyring, provider: Moody, endpoint: int) -> None:
    """Receipts about some of those asked, in any order, some repeated."""
    heard = []
    for reference in provider.dice.sample(provider.references, min(40, len(provider.references))):
        kind = provider.dice.choice(list(ReceiptKind))
        heard += [Receipt(reference, f"{reference}-{kind}", kind)] * provider.dice.randint(1, 2)
    record_receipts(stage.db, endpoint, heard, stage.clock.now(), reference_key=keyring.key("reference"))


def moody(stage: Stage, slug: str, medium: Medium, batch: int, seed: int) -> Moody:
    channel = stage.add_endpoint(slug, medium, batch=batch)
    provider = Moody(channel, random.Random(seed))
    channel.answer = provider.answer
    return provider


@pytest.mark.parametrize("ending", ["done", "cancelled"])
async def test_at_every_moment_and_at_the_end(database: Database, keyring: Keyring, ending: str) -> None:
    patient = {"halt": {"words": 1, "addresses": 1, "undelivered": 1}}  # so much goes wrong here that it would halt
    stage = Stage(database, keyring, playbook=patient)
    stage.open(PEOPLE)
    stage.add_endpoint("site", Medium.SITE)
    providers = [moody(stage, "text", Medium.SMS, 1, 1), moody(stage, "mail", Medium.EMAIL, 20, 2)]
    async with stage.running():
        sent = stage.broadcast(["site", "text", "mail"])
        assert sent.broadcast_id is not None
        with Looker(database, sent.broadcast_id) as looker:
            await stage.until_asked("mail", 20)
            pause_update(database, AUTHOR, sent.id, stage.clock.now())
            tell(stage, keyring, providers[0], 2)
            resume_update(database, AUTHOR, sent.id, stage.clock.now())
            if ending == "cancelled":
                cancel_update(database, AUTHOR, sent.id, stage.clock.now())
            async with asyncio.timeout(PATIENCE):
                while len(looker.seen) <= 20 or not await asyncio.to_thread(over, stage, sent.broadcast_id):
                    for number, provider in enumerate(providers, 2):
                        await asyncio.to_thread(tell, stage, keyring, provider, number)
                    decision = UnknownDecision.ACCEPT_AS_SENT
                    await asyncio.to_thread(settle_unknown, database, APPROVER, sent.id, decision, stage.clock.now())
                    await asyncio.sleep(0.1)
            await stage.until(sent.id, ending)
    assert [counts for counts in looker.seen if sum(counts.values()) != EVERYBODY] == []
    assert [counts for counts in looker.seen if min(counts.values()) < 0] == []
    at_the_end = stage.counts(sent.id)  # held to the rows
    assert sum(at_the_end.values()) == EVERYBODY
    assert not OPEN & at_the_end.keys()


def over(stage: Stage, broadcast: int) -> bool:
    with stage.db.reading() as connection:
        counts = deliveries.counts(connection, broadcast)
    return not any(counts[state] for state in OPEN)
