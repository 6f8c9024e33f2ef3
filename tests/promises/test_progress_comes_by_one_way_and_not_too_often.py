"""Progress reaches a person by one medium, by the next only if that fails, and an address only so often a day."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.domain.delivery import State
from app.domain.message import Accepted, Batch, Failure, FailureKind, Medium, Outcome
from app.keyring import Keyring
from app.settings import Timings
from app.store import deliveries
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.open_crisis import open_crisis
from tests.conftest import NOON
from tests.rig.stage import AUTHOR, Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = pytest.mark.anyio
PATIENCE = timedelta(minutes=10)
PEOPLE = 6


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


def a_stage(database: Database, keyring: Keyring, severity: str = "major", **playbook: object) -> Stage:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings(), severity=severity, playbook=playbook)
    stage.open(PEOPLE)
    stage.add_endpoint("text", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL)
    return stage


def reasons(stage: Stage, update: UpdateRow) -> list[str]:
    broadcast = stage.row(update.id).broadcast_id
    assert broadcast is not None
    with stage.db.reading() as connection:
        rows, _ = deliveries.page(connection, broadcast, state=State.SUPPRESSED)
    return [row.reason for row in rows]


@pytest.mark.both_databases
async def test_the_mail_goes_only_where_the_text_fails(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring)
    wrong = "+12025550004"

    async def answer(batch: Batch) -> Sequence[Outcome]:
        refused = Failure(FailureKind.RECIPIENT, "21211")
        return [refused if one.address == wrong else Accepted(one.reference) for one in batch.recipients]

    stage.channels["text"].answer = answer
    async with stage.running():
        sent = stage.broadcast(["mail", "text"], stage="progress")
        await stage.until_counted(sent.id, State.FAILED, 1)
        await stage.until_at_rest(sent.id)
        await stage.looks(8)
    told = stage.asked("mail")  # the one whose number is wrong may have it by now, nobody else
    assert set(told) <= {"p4@example.org"}
    await asyncio.sleep(PATIENCE.total_seconds())
    async with stage.running():
        await stage.until(sent.id, "done")
    assert stage.asked("mail") == {"p4@example.org": 1}
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE, State.FAILED: 1, State.SUPPRESSED: PEOPLE - 1}
    assert set(reasons(stage, sent)) == {"told_by_another_medium"}


@pytest.mark.parametrize(
    ("severity", "playbook", "fields"),
    [
        ("emergency", {}, {"stage": "progress"}),
        ("major", {"second_medium": "always"}, {"stage": "progress"}),
        ("major", {}, {"stage": "details"}),
    ],
)
async def test_emergencies_and_whoever_wants_it_so_use_every_medium(
    database: Database, keyring: Keyring, severity: str, playbook: dict[str, object], fields: dict[str, object]
) -> None:
    stage = a_stage(database, keyring, severity, **playbook)
    async with stage.running():
        sent = stage.broadcast(["text", "mail"], **fields)
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 2 * PEOPLE}


@pytest.mark.both_databases
async def test_an_address_gets_so_much_a_day_over_all_crises(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring, "minor")
    for slug, severity in (("flood", "minor"), ("fire", "major"), ("storm", "emergency")):
        open_crisis(database, AUTHOR, {"slug": slug, "titles": {"en": slug}, "severity": severity}, NOON)
    async with stage.running():

        async def progress(slug: str, stage_of: str = "progress") -> UpdateRow:
            row = stage.send(stage.approve(stage.draft(["text"], slug=slug, stage=stage_of)))
            return await stage.until(row.id, "done")

        for slug in ("outage", "flood", "outage"):
            assert stage.counts((await progress(slug)).id) == {State.ACCEPTED: PEOPLE}
        fourth = await progress("flood")
        assert stage.counts(fourth.id) == {State.SUPPRESSED: PEOPLE}
        assert set(reasons(stage, fourth)) == {"enough_for_today"}
        for slug, kind in (("fire", "progress"), ("storm", "progress"), ("flood", "resolved")):
            assert stage.counts((await progress(slug, kind)).id) == {State.ACCEPTED: PEOPLE}
    await asyncio.sleep(timedelta(hours=24).total_seconds())
    async with stage.running():
        row = stage.send(stage.approve(stage.draft(["text"], slug="flood", stage="progress")))
        await stage.until(row.id, "done")
    assert stage.counts(row.id) == {State.ACCEPTED: PEOPLE}
