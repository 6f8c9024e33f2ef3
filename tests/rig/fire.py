"""A broadcast under fire: engines in processes that are killed, frozen and cut off, and the providers' own books.

The books decide: who is not in them is lost, who is in them twice must have been flagged as unknown.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from app.clock import SystemClock
from app.domain.delivery import OPEN, State
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store import unknowns
from app.store.database import Database
from app.store.ledger_tables import address, outcome
from app.usecases.save_endpoint import save_endpoint
from app.usecases.settle_unknown import UnknownDecision, settle_unknown
from app.wiring import channel_facts
from tests.contract.ways import WAYS
from tests.patience import PATIENCE
from tests.rig.ledger import Accepted
from tests.rig.process import RigProcess
from tests.rig.stage import APPROVER, Stage
from tests.rig.worker import WorkerProcess

KEY: Final = "a key that only tests know, long enough to be one"
SCALED: Final = {
    "lease": 2.0,
    "renew": 0.5,
    "settle": 1.0,
    "call_timeout": 3.0,
    "find_again": 0.2,
    "control": 0.05,
    "control_stale": 2.0,
    "retry_base": 0.05,
    "retry_cap": 0.5,
}
"""A third of the lease, a tenth of the other waits; what was read may be older, for machines that are busy."""


@dataclass(frozen=True)
class Verdict:
    """What the books say about everybody who was meant."""

    meant: int
    lost: int
    unflagged: int
    """In the books more than once and never flagged."""
    flagged: int
    """Once unknown, whatever they came to."""
    twice: int
    """In the books more than once, flagged."""
    stuck: int
    """Neither ended nor waiting for a person."""


@dataclass
class Fire:
    """One database, its workers, and the words that tell its messages from those of others at the same rig."""

    stage: Stage
    rig: RigProcess
    workers: list[WorkerProcess]
    words: str

    @property
    def worker(self) -> WorkerProcess:
        return self.workers[0]

    def add(self, channel: str, rate: float) -> str:
        way, slug = WAYS[channel], channel.replace("_", "-")
        settings = way.settings(self.rig.addresses[way.provider])
        document: dict[str, Any] = {"channel": channel, "settings": settings, "rate_per_second": rate}
        now = self.stage.clock.now()
        save_endpoint(self.stage.db, self.stage.keyring, channel_facts, HOST, slug, document, None, now)
        return slug

    def book(self, update: int | None = None) -> list[Accepted]:
        """What the providers took of this update, or of all."""
        words = self.words if update is None else f"{self.words} {update}."
        return [one for one in self.rig.control.entries() if words in (one.body or "")]

    def taken(self) -> int:
        """What the providers have taken of anything so far; cheap."""
        counts = self.rig.control.counts()
        return sum(int(counts[provider]["accepted"]) for provider in ("twilio", "sendgrid", "smtp"))

    def counts(self, update: int) -> dict[State, int]:
        return dict(self.stage.counts(update))

    def waits_for_a_person(self, update: int) -> bool:
        """Everything is settled but what nobody can find out."""
        waiting, row = self.counts(update), self.stage.row(update)
        unsettled = sum(waiting.get(state, 0) for state in OPEN)
        with self.stage.db.reading() as connection:
            return 0 < unsettled == unknowns.waiting_for_a_person(connection, row.broadcast_id or 0)

    def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds} s")
            time.sleep(0.05)

    def until_over(self, update: int, seconds: float = 2 * PATIENCE) -> bool:
        """Done (True), or only waiting for a person (False). Patient: workers without a processor lose leases too."""

        def is_over() -> bool:
            return self.stage.row(update).state == "done" or self.waits_for_a_person(update)

        try:
            self.until(is_over, seconds)
        except TimeoutError:
            raise AssertionError(f"nothing moves any more: {self.counts(update)}") from None
        return self.stage.row(update).state == "done"

    def resend_unknown(self, update: int) -> int:
        """A person decides for all at once, at the risk of telling somebody twice."""
        return settle_unknown(self.stage.db, APPROVER, update, UnknownDecision.RESEND, self.stage.clock.now())

    def flagged(self, update: int | None = None) -> set[str]:
        query = select(address.c.value).join(outcome, outcome.c.address_id == address.c.id)
        if update is not None:
            query = query.where(outcome.c.broadcast == self.stage.row(update).broadcast_id)
        with self.stage.db.reading() as connection:
            return set(connection.scalars(query.where(outcome.c.result == "unknown")))

    def kill(self, dice: random.Random) -> None:
        """One of the workers, at once followed by another in its place."""
        victim = dice.choice(self.workers)
        victim.kill()
        victim.start()

    def verdict(self, update: int, meant: int) -> Verdict:
        times, flagged = Counter(one.to for one in self.book(update)), self.flagged(update)
        counts = self.counts(update)
        repeated = {one for one, number in times.items() if number > 1}
        stuck = sum(counts.get(state, 0) for state in OPEN)
        unflagged = repeated - flagged
        return Verdict(meant, meant - len(times), len(unflagged), len(flagged), len(repeated) - len(unflagged), stuck)


@contextmanager
def under_fire(
    rig: RigProcess, database: Database, directory: Path, timings: Mapping[str, float], *, workers: int = 1
) -> Iterator[Fire]:
    """So many workers on this database (one on SQLite), working when it opens."""
    words = f"Power is out {random.randrange(10**12)}"
    scaled = {f"CLARION_TIMINGS_{name.upper()}": str(value) for name, value in timings.items()}
    environment, url = {**os.environ, **scaled}, database.url.render_as_string(hide_password=False)
    crew = [WorkerProcess(url, KEY, words, environment, directory / f"worker{n}.log") for n in range(workers)]
    try:
        with ExitStack() as running:
            for worker in crew:
                running.enter_context(worker)
            yield Fire(Stage(database, Keyring(KEY), SystemClock()), rig, crew, words)
    finally:
        rig.control.aim(None)
        rig.control.clear_rules()
