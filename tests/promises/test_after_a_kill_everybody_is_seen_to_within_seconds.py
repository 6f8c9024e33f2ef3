"""A worker is gone: who was never sent to is sent to within 15 s, who is in doubt is asked about within 20.

With the timings of production, on a clock that only moves while everybody waits. Nobody starts again what was killed:
the lease has to run out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime

import pytest

from app.clock import Clock
from app.domain.delivery import State
from app.domain.message import Batch, FindResult, Medium, Message, Outcome, Recipient
from app.domain.reaching import CALLS
from app.keyring import Keyring
from app.observe import METRICS
from app.settings import Timings
from app.store.database import Database
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.rig.mortal import Record, Searchable, recorded
from tests.rig.stage import Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = [pytest.mark.anyio, pytest.mark.both_databases]

PEOPLE, AT_ONCE = 90, 4


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


class Asked(Searchable):
    """Remembers who began to be sent to, and who was asked about, each with the moment."""

    begun: dict[str, datetime]
    asked: dict[str, datetime]
    clock: Clock

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        for one in batch.recipients:
            self.begun.setdefault(one.address, self.clock.now())
        return await super().send(batch)

    async def find(self, recipient: Recipient, message: Message, since: datetime) -> FindResult:
        self.asked.setdefault(recipient.address, self.clock.now())
        return await super().find(recipient, message, since)


def provider(record: Record) -> Asked:
    channel = recorded(Asked, Medium.SMS, record, concurrency=AT_ONCE)
    assert isinstance(channel, Asked)
    channel.begun, channel.asked, channel.clock = {}, {}, record.clock
    return channel


def shown(name: str) -> float:
    return METRICS.get_sample_value(f"clarion_lease_{name}_total") or 0.0


async def test_the_other_worker_takes_over_in_time(database: Database, keyring: Keyring) -> None:
    clock = VirtualClock(NOON)
    stage = Stage(database, keyring, clock, Timings(find_again=2.0))
    stage.open(PEOPLE)
    stage.add_endpoint("text", Medium.SMS, rate=40)
    channel = provider(Record(clock, seconds=0.2))
    stage.channels["text"] = channel
    victim = asyncio.create_task(stage.engine(alone=False).run(asyncio.Event()))
    update = stage.broadcast(["text"]).id
    async with asyncio.timeout(PATIENCE):
        while len(channel.begun) < PEOPLE // 3:
            await asyncio.sleep(0.01)
    async with stage.running(alone=False):  # it is there already, and finds nothing to take
        await asyncio.sleep(0.2)
        victim.cancel()
        with contextlib.suppress(asyncio.CancelledError, ExceptionGroup):
            await victim
        killed_at, reached = clock.now(), set(channel.begun)
        in_flight = stage.counts(update).get(State.SENDING, 0)
        takeovers, orphans = shown("takeovers"), shown("orphans")
        await stage.until(update, "done")
    waited = [(at - killed_at).total_seconds() for one, at in channel.begun.items() if one not in reached]
    doubts = [(at - killed_at).total_seconds() for at in channel.asked.values()]
    assert waited
    assert doubts
    assert min(waited) <= 15
    assert max(doubts) <= 20
    assert len(doubts) == in_flight <= CALLS * AT_ONCE, "whoever was not in flight is not in doubt"
    assert (shown("takeovers") - takeovers, shown("orphans") - orphans) == (1, in_flight), "and the numbers say so"
    assert set(channel.record.times(update).values()) == {1}
    assert stage.counts(update) == {State.ACCEPTED: PEOPLE}
