"""Whoever may or may not have it is found out about: by the provider's report, by asking it, or by a person for all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import pytest

from app.domain.delivery import State
from app.domain.message import (
    Batch,
    Failure,
    FailureKind,
    FindResult,
    Found,
    Info,
    Medium,
    Message,
    Outcome,
    Receipt,
    ReceiptKind,
    Recipient,
)
from app.keyring import Keyring
from app.settings import Timings
from app.store import endpoints
from app.store.database import Database
from app.usecases.record_receipts import record_receipts
from app.usecases.settle_unknown import UnknownDecision, settle_unknown
from tests.conftest import NOON
from tests.rig.stage import APPROVER, InProcess, Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = [pytest.mark.anyio, pytest.mark.both_databases]

PEOPLE, DOUBTFUL, PROVEN = 30, 10, 4
NOBODY_KNOWS = Failure(FailureKind.AMBIGUOUS, "timeout")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


class Muttering(InProcess):
    """Leaves every third call without an answer, while it is told to."""

    mute = True

    async def accept(self, batch: Batch) -> Sequence[Outcome]:
        number = int("".join(filter(str.isdigit, batch.recipients[0].address))[-4:])
        return [NOBODY_KNOWS] if self.mute and number % 3 == 0 else await super().accept(batch)


class Text(Muttering):
    """Took every second of those, and says so when asked."""

    info: ClassVar[Info] = Info("text", "Can be searched", Medium.SMS, concurrency=8)

    async def find(self, recipient: Recipient, _message: Message, _since: datetime) -> FindResult:
        return FindResult(Found.YES if was_taken(recipient.address) else Found.NO, "found")


class Mail(Muttering):
    info: ClassVar[Info] = Info("mail", "Can not", Medium.EMAIL, concurrency=8)


def was_taken(address: str) -> bool:
    return int(address[-1]) % 2 == 1


def on_stage(database: Database, keyring: Keyring, slug: str, kind: type[Muttering]) -> tuple[Stage, Muttering]:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings(find_again=2.0))
    stage.open(PEOPLE)
    stage.add_endpoint(slug, kind.info.medium)
    channel = kind(slug, stage.heard)
    stage.channels[slug] = channel
    return stage, channel


def endpoint_id(stage: Stage, slug: str) -> int:
    with stage.db.reading() as connection:
        return endpoints.get(connection, slug).id


async def test_the_provider_is_asked_and_only_those_it_never_took_are_sent_to_again(
    database: Database, keyring: Keyring
) -> None:
    stage, text = on_stage(database, keyring, "text", Text)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_counted(sent.id, State.UNKNOWN, DOUBTFUL)
        assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE - DOUBTFUL, State.UNKNOWN: DOUBTFUL}
        text.mute = False
        await stage.until(sent.id, "done", seconds=300)
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE}
    times = stage.asked("text")
    again = {one for one, number in times.items() if number == 2}
    assert len(times) == PEOPLE
    assert len(again) == DOUBTFUL // 2
    assert not any(was_taken(one) for one in again)


@pytest.mark.parametrize("decision", UnknownDecision)
async def test_a_report_proves_acceptance_and_a_person_decides_about_all_the_others_at_once(
    database: Database, keyring: Keyring, decision: UnknownDecision
) -> None:
    stage, mail = on_stage(database, keyring, "mail", Mail)
    async with stage.running():
        sent = stage.broadcast(["mail"])
        await stage.until_counted(sent.id, State.UNKNOWN, DOUBTFUL)
        unanswered = [one for one in stage.heard if int(one.address.removeprefix("p").partition("@")[0]) % 3 == 0]
        heard = [Receipt(one.reference, one.reference, ReceiptKind.DELIVERED) for one in unanswered[:PROVEN]]
        reference_key = keyring.key("reference")
        record_receipts(database, endpoint_id(stage, "mail"), heard, stage.clock.now(), reference_key=reference_key)
        await stage.until_counted(sent.id, State.DELIVERED, PROVEN)
        mail.mute = False
        decided = settle_unknown(database, APPROVER, sent.id, decision, stage.clock.now())
        assert decided == DOUBTFUL - PROVEN
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE - PROVEN, State.DELIVERED: PROVEN}
    again = {one for one, number in stage.asked("mail").items() if number == 2}
    expected = {one.address for one in unanswered[PROVEN:]} if decision is UnknownDecision.RESEND else set()
    assert again == expected, "whoever is known to have it is left in peace"
