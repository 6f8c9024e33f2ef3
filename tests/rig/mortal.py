"""A database that dies at a chosen commit, and providers whose own record outlives every engine."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import Connection

from app.clock import Clock
from app.domain.message import Accepted, Batch, FindResult, Found, Info, Medium, Message, Outcome, Recipient
from app.errors import Problem, Unavailable
from app.store.database import Database, Doubtful
from tests.rig.stage import InProcess


class PowerCut(Unavailable):
    """The database is gone, and with it the process as far as the test goes."""

    def __init__(self) -> None:
        super().__init__(Problem("power_cut", "The test cut the power."))


class MortalDatabase(Database):
    """Dies at its n-th write commit: just before it (rolled back) or just after it (committed, nobody learns).

    From then on everything asked of it raises PowerCut. `dies_at` 0 = it lives.
    """

    def __init__(self, url: str, dies_at: int, *, committed: bool) -> None:
        super().__init__(url)
        self.dies_at = dies_at
        self.committed = committed
        self.commits = 0
        self.dead = threading.Event()

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        with super().writing(alone=alone) as connection:
            self._must_live()
            yield connection
            self.commits += 1
            if last := self.commits == self.dies_at:
                self.dead.set()
                if not self.committed:
                    raise PowerCut
        if last:
            raise PowerCut

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._must_live()
        with super().reading() as connection:
            yield connection

    def _must_live(self) -> None:
        if self.dead.is_set():
            raise PowerCut


class StutteringDatabase(Database):
    """Does not answer to its n-th write commit, done or not, and is well again afterwards."""

    def __init__(self, url: str, at: int, *, committed: bool) -> None:
        super().__init__(url)
        self.at = at
        self.committed = committed
        self.commits = 0

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        with super().writing(alone=alone) as connection:
            yield connection
            self.commits += 1
            now = self.commits == self.at
            if now and not self.committed:
                raise Doubtful
        if now:
            raise Doubtful


@dataclass
class Record:
    """What one provider took: it answers late, so that a crash finds calls that were taken and never answered."""

    clock: Clock
    seconds: float
    taken: list[tuple[str, object, datetime]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def times(self, update: int) -> Counter[str]:
        return Counter(address for address, of, _ in self.taken if of == update)


class Recorded(InProcess):
    """A provider's channel without a search. With `keyed` it knows a repeated call by its key, as Mastodon does."""

    record: Record

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        await asyncio.sleep(self.record.seconds / 2)
        if not self.info.key_lifetime_seconds or batch.message.key not in self.record.keys:
            at, update = self.record.clock.now(), batch.message.data["update"]
            self.record.taken += [(one.address, update, at) for one in batch.recipients]
            self.record.keys.add(batch.message.key)
        await asyncio.sleep(self.record.seconds / 2)
        return [Accepted(f"{batch.message.key}-{one.reference}") for one in batch.recipients]


class Searchable(Recorded):
    async def find(self, recipient: Recipient, message: Message, since: datetime) -> FindResult:
        """By address, words and time, as a provider's list of messages has them."""
        await asyncio.sleep(0)
        for address, update, at in self.record.taken:
            if address == recipient.address and update == message.data["update"] and at >= since:
                return FindResult(Found.YES, "found")
        return FindResult(Found.NO)


def recorded(
    kind: type[Recorded], medium: Medium, record: Record, *, batch: int = 1, concurrency: int = 2, keyed: bool = False
) -> Recorded:
    lifetime = 3_000 if keyed else 0
    info = Info(
        "recorded", "Recorded", medium, batch_size=batch, concurrency=concurrency, key_lifetime_seconds=lifetime
    )
    channel = cast("Recorded", type(kind.__name__, (kind,), {"info": info})(medium.value, []))
    channel.record = record
    return channel
