"""Whatever workers, providers, staff and crashes do, in any order: counters, rows and the domain's word agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.domain.delivery import Result, State
from app.domain.message import ReceiptKind
from app.engine.recovery import concluded
from app.store import leases, receipts, settling, stopping, unknowns
from app.store.database import Database
from tests.unit.store import ledgers
from tests.unit.store.ledgers import LEASE_MS, NOON_MS, Worker, hold_to_account

PEOPLE: Final = 12
ANSWERS: Final = (Result.ACCEPTED, Result.REFUSED, Result.UNKNOWN, Result.FAILED, Result.DEAD, Result.EXPIRED, None)
OPEN: Final = {State.QUEUED, State.SENDING, State.RETRY_WAIT, State.UNKNOWN}


class History:
    """One broadcast and two workers; every act picks by dice what it acts on."""

    def __init__(self, connection: Connection, dice: Random) -> None:
        self.connection, self.dice = connection, dice
        self.broadcast = ledgers.small_broadcast(connection, PEOPLE, size=5)
        self.workers = [Worker(connection, "first"), Worker(connection, "second")]
        self.now_ms = NOON_MS
        self.stopped = False
        self.acts: dict[str, Callable[[], None]] = {
            name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name.startswith("do_")
        }

    @property
    def worker(self) -> Worker:
        return self.dice.choice(self.workers)

    def do_admit(self) -> None:
        worker = self.worker
        worker.claim(self.now_ms)
        worker.admit(self.dice.randint(1, 4))

    def do_retry(self) -> None:
        self.worker.again(self.broadcast, self.now_ms, self.dice.randint(1, 4))

    def do_answer(self) -> None:
        worker = self.worker
        for one in self.dice.sample(worker.flying, min(len(worker.flying), self.dice.randint(1, 4))):
            worker.answer(one, self.dice.choice(ANSWERS), self.now_ms, wait_ms=self.dice.choice((0, 500)))
        worker.release()

    def do_ask(self) -> None:
        worker = self.worker
        if not worker.asking:  # one pass at a time
            worker.asking = unknowns.claim(
                self.connection, worker.name, now_ms=self.now_ms, lease_ms=LEASE_MS, most=self.dice.randint(1, 4)
            )

    def do_conclude(self) -> None:
        worker = self.worker
        rows = []
        for unsure in worker.asking:
            match self.dice.choice(("found", "not there", "later", "person")):
                case "found":
                    rows.append(concluded(unsure, "found_at_provider", self.now_ms, "id"))
                case "not there":
                    rows.append(concluded(unsure, "not_found_at_provider", self.now_ms, None))
                case "later":
                    unknowns.ask_again(self.connection, unsure, self.now_ms, "asked_provider")
                case _:
                    unknowns.ask_again(self.connection, unsure, None, "waits_for_decision")
        worker.asking = []
        settling.settle(self.connection, rows)

    def do_decide(self) -> None:
        found = unknowns.page(self.connection, self.broadcast, 3)
        sent = self.dice.choice(("", None))
        settling.settle(self.connection, [concluded(one, "decided", self.now_ms, sent) for one in found])

    def do_take_over(self) -> None:
        self.worker.take_over(self.now_ms)

    def do_crash(self) -> None:
        """It forgets everything and comes back under another name."""
        number = self.dice.randrange(2)
        self.workers[number] = Worker(self.connection, f"{self.dice.random()}")

    def do_renew(self) -> None:
        leases.renew(self.connection, self.worker.name, now_ms=self.now_ms, lease_ms=LEASE_MS)

    def do_wait(self) -> None:
        self.now_ms += self.dice.choice((100, 600, LEASE_MS + 1))

    def do_hear(self) -> None:
        told = [number for number, one in ledgers.facts(self.connection, self.broadcast).items() if one.admitted]
        for number in self.dice.sample(told, min(len(told), 3)):
            ledgers.heard(self.connection, self.broadcast, number, self.dice.choice(list(ReceiptKind)))
        self.do_fold()

    def do_fold(self) -> None:
        after = receipts.apply_waiting(self.connection, 2)[1]
        while after:
            after = receipts.apply_waiting(self.connection, 2, after)[1]

    def do_pause(self) -> None:
        if not self.stopped:
            stopping.pause(self.connection, self.broadcast)

    def do_resume(self) -> None:
        if not self.stopped:
            stopping.set_broadcast_state(self.connection, self.broadcast, "sending")

    def do_stop(self) -> None:
        if self.dice.random() < 0.2:
            self.stopped = True
            rest = self.dice.choice((Result.CANCELLED, Result.EXPIRED, Result.SUPERSEDED))
            stopping.stop_rest(self.connection, self.broadcast, rest, self.now_ms)
            stopping.set_broadcast_state(self.connection, self.broadcast, "stopping")

    def go_to_the_end(self) -> None:
        """Everybody answers, the dead are taken over, the unknown are decided: the broadcast must come to its end."""
        self.do_resume()
        for _ in range(60):
            self.now_ms += LEASE_MS + 1
            for worker in self.workers:
                worker.take_over(self.now_ms)
                worker.claim(self.now_ms, 9)
                worker.admit(99)
                worker.again(self.broadcast, self.now_ms)
                for one in list(worker.flying):
                    worker.answer(one, Result.ACCEPTED, self.now_ms)
                worker.release()
                worker.asking = []
            found = unknowns.page(self.connection, self.broadcast, 99)
            settling.settle(self.connection, [concluded(one, "decided", self.now_ms, "") for one in found])
            self.do_fold()
            if not stopping.still_open(self.connection, self.broadcast):
                return
        pytest.fail("it never ends")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Database:
    path = tmp_path_factory.mktemp("histories") / "ledger.db"
    path.write_bytes(empty_database.read_bytes())
    return Database(f"sqlite:///{path}")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([name[3:] for name in dir(History) if name.startswith("do_")]), min_size=20, max_size=60),
    st.integers(0, 2**32),
)
def test_counters_rows_and_domain_agree_at_every_moment(fresh: Database, acts: list[str], seed: int) -> None:
    with fresh.engine.connect() as connection:
        history = History(connection, Random(seed))
        for act in acts:
            history.acts[act]()
            hold_to_account(connection, history.broadcast, PEOPLE)
        history.go_to_the_end()
        counts = hold_to_account(connection, history.broadcast, PEOPLE)
        assert not OPEN & counts.keys()
        connection.rollback()
