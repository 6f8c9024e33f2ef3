"""Behind PgBouncer in transaction mode: the next statement may meet another session, and nothing may depend on it."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack

import pytest

from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.settings import Timings
from app.store.calling import Listener
from app.store.database import Database
from tests.patience import PATIENCE
from tests.pooler import ABSENT, PROGRAM, SESSIONS, plain, pooler, through
from tests.postgres import Server
from tests.rig.stage import Stage

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql, pytest.mark.skipif(PROGRAM is None, reason=ABSENT)]


class Counted(Listener):
    """How often it connected."""

    times = 0

    async def _listen(self, stop: asyncio.Event) -> None:
        self.times += 1
        await super()._listen(stop)


async def test_two_workers_send_everything_once_through_a_pooler_and_leave_no_trace_in_its_sessions(
    postgresql: Server, database_url: str, keyring: Keyring
) -> None:
    with pooler(postgresql) as folder, ExitStack() as opened:
        url = through(folder, database_url)
        stages = []
        for _ in range(2):
            db = Database(url)
            opened.callback(db.close)
            stages.append(Stage(db, keyring, timings=Timings(control_stale=5.0)))
        first, second = stages
        first.open(120)
        first.add_endpoint("text", Medium.SMS)
        first.add_endpoint("mail", Medium.EMAIL, batch=20)
        second.channels = first.channels
        stop, rung = asyncio.Event(), asyncio.Event()
        listener = Counted(url, rung.set)
        listening = asyncio.create_task(listener.run(stop))
        async with first.running(alone=False), second.running(alone=False):
            sent = first.broadcast(["text", "mail"])
            await first.until(sent.id, "done")
        assert first.counts(sent.id) == {State.ACCEPTED: 240}
        assert max(Counter((one.endpoint, one.address) for one in first.said(sent.id)).values()) == 1
        async with asyncio.timeout(PATIENCE):
            await rung.wait()  # once, for what may have been called before; a call itself may get lost
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await listening
        assert listener.times == 1, "a wake-up that never comes is no fault to start again for"
        clients = [opened.enter_context(plain(folder, database_url)) for _ in range(SESSIONS)]
        for client in clients:
            client.execute("BEGIN")  # holds a session, so that the next one meets another
        for client in clients:
            assert client.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
            for name, value in (("statement_timeout", "0"), ("lock_timeout", "0"), ("transaction_read_only", "off")):
                assert client.execute(f"SHOW {name}").fetchone() == (value,)
            assert client.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)
