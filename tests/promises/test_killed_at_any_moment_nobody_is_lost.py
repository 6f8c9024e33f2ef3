"""The process is really killed, the providers keep their own books, and the books show who got what."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from app.clock import SystemClock
from app.domain.delivery import OPEN, State
from app.domain.message import Medium
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

pytestmark = pytest.mark.timeout(300)

KEY = "a key that only tests know, long enough to be one"
POINTS = ("kill_before_read", "kill_after_accept", "kill_after_reply")
SCALED = {"settle": 1.0, "find_again": 0.2, "control": 0.05}
"""Settle and search at a tenth or less of their defaults; whoever answers late on a busy machine has still answered."""
MEDIA = {"sms_twilio": Medium.SMS, "email_sendgrid": Medium.EMAIL, "email_smtp": Medium.EMAIL}
SURE = {"sms_twilio": 7, "social_mastodon": 1, "social_bluesky": 1, "webhook": 1}
"""Providers that can be searched or know a repeated call by its key; the request at which the kill comes."""
UNSURE = {"email_sendgrid": 1, "email_smtp": 5}
PEOPLE = 40


@pytest.fixture(scope="module")
def rig() -> Iterator[RigProcess]:
    with RigProcess() as started:
        yield started


@dataclass
class Service:
    """One database, its engine in a process, and the words that tell its messages from other tests'."""

    stage: Stage
    rig: RigProcess
    worker: WorkerProcess
    words: str

    def add(self, channel: str, rate: float) -> None:
        way = WAYS[channel]
        document = {
            "channel": channel,
            "settings": way.settings(self.rig.addresses[way.provider]),
            "rate_per_second": rate,
        }
        slug = channel.replace("_", "-")
        save_endpoint(
            self.stage.db, self.stage.keyring, channel_facts, HOST, slug, document, None, self.stage.clock.now()
        )

    def book(self) -> list[Accepted]:
        """What the providers took of this broadcast."""
        return [one for one in self.rig.control.entries() if self.words in (one.body or "")]

    def counts(self, update: int) -> dict[State, int]:
        return dict(self.stage.counts(update))

    def waits_for_a_person(self, update: int) -> bool:
        """Everything is settled but what nobody can find out."""
        waiting, row = self.counts(update), self.stage.row(update)
        unsettled = sum(waiting.get(state, 0) for state in OPEN)
        with self.stage.db.reading() as connection:
            return 0 < unsettled == unknowns.waiting_for_a_person(connection, row.broadcast_id or 0)

    def until_over(self, update: int, seconds: float = PATIENCE) -> bool:
        """Done (True), or only waiting for a person (False)."""
        deadline = time.monotonic() + seconds
        while self.stage.row(update).state != "done":
            if self.waits_for_a_person(update):
                return False
            if time.monotonic() > deadline:
                pytest.fail(f"nothing moves any more: {self.counts(update)}")
            time.sleep(0.05)
        return True

    def flagged(self) -> set[str]:
        query = select(address.c.value).join(outcome, outcome.c.address_id == address.c.id)
        with self.stage.db.reading() as connection:
            return set(connection.scalars(query.where(outcome.c.result == "unknown")))


@contextmanager
def serving(rig: RigProcess, database: Database, directory: Path, timings: Mapping[str, float]) -> Iterator[Service]:
    words = f"Power is out {random.randrange(10**12)}"
    scaled = {f"CLARION_TIMINGS_{name.upper()}": str(value) for name, value in timings.items()}
    file = Path(database.url.database or "")
    worker = WorkerProcess(file, KEY, words, {**os.environ, **scaled}, directory / "worker.log")
    with worker:
        yield Service(Stage(database, Keyring(KEY), SystemClock()), rig, worker, words)
    rig.control.aim(None)
    rig.control.clear_rules()


@pytest.fixture
def service(rig: RigProcess, database: Database, tmp_path: Path) -> Iterator[Service]:
    with serving(rig, database, tmp_path, SCALED) as opened:
        yield opened


def kill_during(service: Service, channel: str, point: str, nth: int, *, people: int = PEOPLE, rate: float) -> int:
    """Send to these people and have the provider kill the engine at its n-th request; the update."""
    service.stage.open(people)
    service.add(channel, rate)
    update = service.stage.approve(service.stage.draft([channel.replace("_", "-")]))
    service.rig.control.behave(WAYS[channel].provider, point, nth=nth)
    service.rig.control.aim(service.worker.pid)
    service.stage.send(update)
    assert service.worker.until_dead() == -9
    assert service.stage.row(update.id).state == "sending"
    return update.id


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("channel", SURE)
def test_nobody_is_lost_and_nobody_gets_it_twice_where_the_provider_knows(
    service: Service, channel: str, point: str
) -> None:
    update = kill_during(service, channel, point, SURE[channel], rate=200)
    service.worker.start()
    assert service.until_over(update)
    times = Counter(one.to for one in service.book())
    everybody = PEOPLE if channel in MEDIA else 1
    assert len(times) == everybody, f"{everybody - len(times)} lost"
    assert set(times.values()) == {1}
    assert service.counts(update) == {State.ACCEPTED: everybody}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("channel", UNSURE)
def test_where_nobody_can_know_only_what_was_in_flight_is_in_doubt(service: Service, channel: str, point: str) -> None:
    update = kill_during(service, channel, point, UNSURE[channel], rate=40)
    in_flight = service.counts(update).get(State.SENDING, 0)
    service.worker.start()
    done = service.until_over(update)
    doubtful = service.flagged()
    reached = {one.to for one in service.book()}
    assert len(reached | doubtful) == PEOPLE, "somebody is neither reached nor in doubt"
    assert len(doubtful) == in_flight, "whoever was not in flight is not in doubt"
    assert done == (not doubtful)
    if not done:
        now = service.stage.clock.now()
        assert settle_unknown(service.stage.db, APPROVER, update, UnknownDecision.RESEND, now) == len(doubtful)
        assert service.until_over(update)
    times = Counter(one.to for one in service.book())
    assert len(times) == PEOPLE
    assert {one for one, count in times.items() if count > 1} <= doubtful
    assert max(times.values()) <= 2
    assert service.counts(update) == {State.ACCEPTED: PEOPLE}


def test_ten_kills_at_any_moment(service: Service) -> None:
    people, dice = 750, random.Random(10)
    service.stage.open(people)
    service.add("sms_twilio", 150)
    service.add("email_sendgrid", 150)
    update = service.stage.broadcast(["sms-twilio", "email-sendgrid"])
    for _ in range(10):
        time.sleep(dice.uniform(0.1, 0.6))
        service.worker.kill()
        service.worker.start()
    if not service.until_over(update.id):
        settle_unknown(service.stage.db, APPROVER, update.id, UnknownDecision.RESEND, service.stage.clock.now())
        assert service.until_over(update.id)
    texts = Counter(one.to for one in service.book() if one.provider == "twilio")
    mails = Counter(one.to for one in service.book() if one.provider == "sendgrid")
    assert (len(texts), len(mails)) == (people, people)
    assert set(texts.values()) == {1}
    assert {one for one, count in mails.items() if count > 1} <= service.flagged()
    assert service.counts(update.id) == {State.ACCEPTED: 2 * people}
