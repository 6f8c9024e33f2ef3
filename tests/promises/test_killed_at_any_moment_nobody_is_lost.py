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
from tests.rig.ledger import Accepted
from tests.rig.process import RigProcess
from tests.rig.stage import APPROVER, Stage
from tests.rig.worker import WorkerProcess

pytestmark = pytest.mark.timeout(90)

KEY = "a key that only tests know, long enough to be one"
POINTS = ("kill_before_read", "kill_after_accept", "kill_after_reply")
SCALED = {"lease": 0.6, "renew": 0.2, "settle": 0.5, "call_timeout": 1.0, "find_again": 0.2, "control": 0.05}
"""Settle, search and lease at a tenth or less of their defaults."""
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

    def until_over(self, update: int, seconds: float = 40.0) -> bool:
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


@pytest.fixture
def unhurried(rig: RigProcess, database: Database, tmp_path: Path) -> Iterator[Service]:
    """With the timings of production."""
    with serving(rig, database, tmp_path, {}) as opened:
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
    rate = 40.0
    update = kill_during(service, channel, point, UNSURE[channel], rate=rate)
    service.worker.start()
    done = service.until_over(update)
    doubtful = service.flagged()
    reached = {one.to for one in service.book()}
    assert len(reached | doubtful) == PEOPLE, "somebody is neither reached nor in doubt"
    assert len(doubtful) <= rate / 2, "more than the window was in doubt"
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
    if not service.until_over(update.id, 60):
        settle_unknown(service.stage.db, APPROVER, update.id, UnknownDecision.RESEND, service.stage.clock.now())
        assert service.until_over(update.id)
    texts = Counter(one.to for one in service.book() if one.provider == "twilio")
    mails = Counter(one.to for one in service.book() if one.provider == "sendgrid")
    assert (len(texts), len(mails)) == (people, people)
    assert set(texts.values()) == {1}
    assert {one for one, count in mails.items() if count > 1} <= service.flagged()
    assert service.counts(update.id) == {State.ACCEPTED: 2 * people}


def test_after_a_restart_the_rest_goes_at_once_and_the_interrupted_within_fifteen_seconds(unhurried: Service) -> None:
    """In an emergency: ten seconds' grace for the unanswered, then one search."""
    service = unhurried
    service.stage.severity = "emergency"
    update = kill_during(service, "sms_twilio", "kill_before_read", 5, rate=40)
    before = {one.to for one in service.book()}
    service.worker.start()
    assert service.until_over(update)
    doubtful = service.flagged() - before
    after = [one for one in service.book() if one.to not in before]
    rest = min(one.at for one in after if one.to not in doubtful) - service.worker.working_at
    interrupted = min(one.at for one in after if one.to in doubtful) - service.worker.working_at
    assert doubtful
    assert rest < 5
    assert interrupted <= 15
    assert max(Counter(one.to for one in service.book()).values()) == 1
