"""Past its expiry an update sends nothing, and what a newer one says is not said the old way any more."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.clock import FrozenClock
from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from tests.conftest import NOON
from tests.faces import Api
from tests.rig.stage import Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

HOUR = 3600.0


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


def test_neither_approval_nor_send_gets_an_expired_update_out(api: Api, clock: FrozenClock) -> None:
    api.prepare()
    expires = (clock.now() + timedelta(hours=1)).isoformat()
    waiting, approved = api.draft(expires_at=expires), api.draft(expires_at=expires)
    for update in (waiting, approved):
        api.submit(update)
    count = api.done(api.get("viewer", f"/updates/{approved}"))["recipients"]
    api.done(api.post("approver", f"/updates/{approved}/approve", json={"count": count}))
    clock.advance(HOUR)
    for answer in (
        api.post("approver", f"/updates/{waiting}/approve", json={"count": count}),
        api.post("author", f"/updates/{approved}/send"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "expired")
        assert (answer.json()["field"], bool(answer.json()["remedy"])) == ("expires_at", True)


def test_an_update_that_is_over_before_it_begins_cannot_be_submitted(api: Api, clock: FrozenClock) -> None:
    api.prepare()
    update = api.draft(expires_at=(clock.now() + timedelta(hours=1)).isoformat())
    clock.advance(HOUR)
    answer = api.post("author", f"/updates/{update}/submit")
    assert answer.status_code == 422
    assert "expires_at" in {each["field"] for each in answer.json()["errors"]}


@pytest.mark.anyio
@pytest.mark.both_databases
async def test_an_engine_that_was_away_past_the_expiry_sends_nothing(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(200)
    for slug, medium in (("text", Medium.SMS), ("mail", Medium.EMAIL), ("toot", Medium.SOCIAL), ("web", Medium.SITE)):
        stage.add_endpoint(slug, medium)
    expiry = stage.clock.now() + timedelta(seconds=2)
    sent = stage.broadcast(["text", "mail", "toot", "web"], expires_at=expiry.isoformat())
    await asyncio.sleep(2.0)
    async with stage.running():
        await stage.until(sent.id, "expired")
    assert stage.heard == []
    assert stage.counts(sent.id) == {State.EXPIRED: 402}


@pytest.mark.anyio
@pytest.mark.both_databases
async def test_a_newer_update_takes_the_place_of_the_unsent_rest(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(600)
    stage.add_endpoint("text", Medium.SMS, rate=400)
    async with stage.running():
        older = stage.broadcast(["text"])
        await stage.until_asked("text", 50)
        newer = stage.broadcast(["text"], stage="progress")
        await stage.until(newer.id, "done")
        await stage.until(older.id, "done", "superseded")
    last_old = max(one.at for one in stage.said(older.id))
    first_to_many = sorted(one.at for one in stage.said(newer.id))[100]
    assert last_old < first_to_many
    assert stage.counts(newer.id) == {State.ACCEPTED: 600}
    counts = stage.counts(older.id)
    assert sum(counts.values()) == 600
    assert set(counts) == {State.ACCEPTED, State.SUPERSEDED}
    assert counts[State.SUPERSEDED] > 300
