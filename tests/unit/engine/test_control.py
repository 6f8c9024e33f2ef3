"""Permission to start a call lasts no longer than what it rests on."""

from __future__ import annotations

import pytest

from app.clock import FrozenClock
from app.domain.message import Medium
from app.engine.control import Control, Verdict
from app.keyring import Keyring
from app.store.database import Database
from tests.rig.stage import FAST, Stage

pytestmark = pytest.mark.anyio


async def test_nothing_starts_on_knowledge_or_a_lease_that_has_run_out(
    database: Database, keyring: Keyring, clock: FrozenClock
) -> None:
    stage = Stage(database, keyring, clock)
    stage.open(3)
    stage.add_endpoint("text", Medium.SMS)
    broadcast = stage.broadcast(["text"]).broadcast_id or 0
    control = Control(database, clock, FAST)
    await control.refresh()
    control.leased_until = clock.monotonic() + 1.0
    assert control.goes(broadcast, clock.monotonic())
    clock.advance(FAST.control_stale + 0.01)
    assert not control.goes(broadcast, clock.monotonic()), "too old to go by"
    assert await control.verdict(broadcast) is Verdict.GO
    clock.advance(1.0)
    assert await control.verdict(broadcast) is Verdict.HOLD, "another worker may hold the shard by now"


async def test_an_answer_that_took_too_long_is_no_permission(
    database: Database, keyring: Keyring, clock: FrozenClock
) -> None:
    stage = Stage(database, keyring, clock)
    stage.open(3)
    stage.add_endpoint("text", Medium.SMS)
    broadcast = stage.broadcast(["text"]).broadcast_id or 0
    control = SlowToAnswer(database, clock, FAST)
    assert await control.verdict(broadcast) is Verdict.HOLD, "cancelled in the meantime, perhaps"


class SlowToAnswer(Control):
    """The database answers, but by then its answer is older than may be trusted."""

    async def refresh(self) -> None:
        await super().refresh()
        self._read_at -= self.timings.control_stale + 0.01
