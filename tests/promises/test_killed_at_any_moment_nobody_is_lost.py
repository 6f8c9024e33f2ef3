"""The process is really killed, the providers keep their own books, and the books show who got what."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.delivery import State
from app.domain.message import Medium
from app.store.database import Database
from tests.contract.ways import WAYS
from tests.rig.fire import SCALED, Fire, under_fire
from tests.rig.process import RigProcess

POINTS = ("kill_before_read", "kill_after_accept", "kill_after_reply")
MEDIA = {"sms_twilio": Medium.SMS, "email_sendgrid": Medium.EMAIL, "email_smtp": Medium.EMAIL}
SURE = {"sms_twilio": 7, "social_mastodon": 1, "social_bluesky": 1, "webhook": 1}
"""Providers that can be searched or know a repeated call by its key; the request at which the kill comes."""
UNSURE = {"email_sendgrid": 1, "email_smtp": 5}
PEOPLE = 40
PATIENT = {**SCALED, "call_timeout": 60.0}
"""Nobody is in doubt because a busy machine answered late."""


@pytest.fixture(scope="module")
def rig() -> Iterator[RigProcess]:
    with RigProcess() as started:
        yield started


@pytest.fixture
def service(rig: RigProcess, database: Database, tmp_path: Path) -> Iterator[Fire]:
    with under_fire(rig, database, tmp_path, PATIENT) as opened:
        yield opened


def kill_during(service: Fire, channel: str, point: str, nth: int, *, people: int = PEOPLE, rate: float) -> int:
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
    service: Fire, channel: str, point: str
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
def test_where_nobody_can_know_only_what_was_in_flight_is_in_doubt(service: Fire, channel: str, point: str) -> None:
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
        assert service.resend_unknown(update) == len(doubtful)
        assert service.until_over(update)
    times = Counter(one.to for one in service.book())
    assert len(times) == PEOPLE
    assert {one for one, count in times.items() if count > 1} <= doubtful
    assert max(times.values()) <= 2
    assert service.counts(update) == {State.ACCEPTED: PEOPLE}


@pytest.mark.both_databases
def test_ten_kills_among_five_thousand(rig: RigProcess, database: Database, tmp_path: Path) -> None:
    """One in a hundred texts unanswered; on PostgreSQL two workers."""
    people, kills, dice = 2_500, 10, random.Random(10)
    for number, effect in enumerate(("hang_after_accept", "reset_after_accept", "error_after_accept"), 1):
        rig.control.behave("twilio", effect, share=0.01 / 3, seed=number)
    with under_fire(rig, database, tmp_path, SCALED, workers=1 if database.is_sqlite else 2) as fire:
        fire.stage.open(people)
        ways = [fire.add("sms_twilio", 400), fire.add("email_sendgrid", 400)]
        before, update = fire.taken(), fire.stage.broadcast(ways)
        for number in range(kills):
            enough = before + 2 * people * (number + dice.random()) / (kills + 1)
            fire.until(lambda enough=enough: fire.taken() >= enough)  # type: ignore[misc]  # bound per round
            fire.kill(dice)
        done = fire.until_over(update.id)
        if not done:
            assert fire.resend_unknown(update.id) > 0
            assert fire.until_over(update.id)
        verdict = fire.verdict(update.id, 2 * people)
        assert (verdict.lost, verdict.unflagged, verdict.stuck) == (0, 0, 0), verdict
        assert fire.counts(update.id) == {State.ACCEPTED: 2 * people}
