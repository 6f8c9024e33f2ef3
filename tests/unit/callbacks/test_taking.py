"""Where a callback is read: a small one at once, a large one beside the loop in which everything else waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from app.callbacks.opening import callbacks_desk
from app.callbacks.taking import AT_ONCE
from app.clock import FrozenClock
from app.domain.message import Forged, Inbound, Receipt
from app.errors import Unauthenticated
from app.keyring import Keyring
from app.store.database import Database
from app.templating.replies import load_replies
from app.usecases.take_reply import Listener
from tests.conftest import NOON
from tests.unit.store.ledgers import add_endpoint

pytestmark = pytest.mark.anyio


@dataclass
class Reader:
    """A channel that notes whether it is asked in the loop's thread, and believes nobody."""

    in_the_loop: list[bool] = field(default_factory=list)

    def verify(self, inbound: Inbound, now: datetime) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.in_the_loop.append(False)
        else:
            self.in_the_loop.append(True)
        raise Forged(f"{len(inbound.body)} bytes at {now}")

    def receipts(self, _inbound: Inbound) -> Sequence[Receipt]:
        raise AssertionError


async def test_what_is_large_is_read_beside_the_loop(database: Database, keyring: Keyring) -> None:
    with database.writing() as tx:
        add_endpoint(tx)
    reader, clock = Reader(), FrozenClock(NOON)
    listener = Listener(database, keyring, load_replies())
    desk = callbacks_desk(listener, clock, "https://status.example.org", b"key", lambda _one: reader, 0.0)  # type: ignore[arg-type,return-value]
    for size in (10, AT_ONCE, AT_ONCE + 1, 4 << 20):
        with pytest.raises(Unauthenticated):
            await desk.take("text", Inbound("https://status.example.org/callbacks/text", {}, b"x" * size))
    asked_again_with_the_secret_of_now = [one for one in (True, True, False, False) for _ in range(2)]
    assert reader.in_the_loop == asked_again_with_the_secret_of_now
