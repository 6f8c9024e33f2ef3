"""A service that was stopped over several slots says one thing when it is back, and nothing later than was agreed."""

from __future__ import annotations

import pytest

from app.clock import FrozenClock
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.save_schedule import resume_scheduler
from tests.rig.cadences import Rounds
from tests.rig.stage import APPROVER, Stage

pytestmark = pytest.mark.both_databases


@pytest.fixture
def rounds(database: Database, keyring: Keyring, clock: FrozenClock) -> Rounds:
    made = Rounds(Stage(database, keyring, clock), clock)
    made.prepare()
    return made


def slots(rounds: Rounds) -> list[tuple[str, str, str]]:
    return [(f"{one.due_at:%H:%M}", one.state.value, one.reason) for one in rounds.occurrences()]


def test_stopped_over_two_slots_it_sends_one_message(rounds: Rounds) -> None:
    rounds.schedule(every="5m", policy="approved", approve=True)
    rounds.tick()
    rounds.clock.advance(12 * 60)
    rounds.tick()
    assert slots(rounds) == [("12:05", "missed", "overtaken"), ("12:10", "fired", "")]
    assert len(rounds.updates("sending")) == 1


def test_none_is_later_than_its_schedule_allows_and_staff_hear_of_it(rounds: Rounds) -> None:
    rounds.schedule(every="10m", late="2m", policy="approved", approve=True)
    rounds.tick()
    rounds.clock.advance(13 * 60)
    rounds.tick()
    assert slots(rounds) == [("12:10", "missed", "late")]
    assert rounds.updates() == []
    assert [one.notice.details["reason"] for one in rounds.notices("schedule_missed")] == ["late"]
    rounds.pass_on(7)
    assert slots(rounds)[-1] == ("12:20", "fired", "")


def test_a_draft_that_waited_too_long_for_its_release_is_not_sent(rounds: Rounds) -> None:
    rounds.schedule(policy="no_change", late="5m", approve=True)
    rounds.pass_on(25)
    rounds.clock.advance(12 * 60)
    rounds.tick()
    assert rounds.updates("sending") == []
    assert rounds.plans()[0].state == "missed"


def test_after_a_long_stop_it_sends_nothing_until_somebody_says_so(rounds: Rounds) -> None:
    rounds.schedule(every="5m", late="4h", policy="approved", approve=True)
    rounds.tick()
    rounds.clock.advance(2 * 3600)
    rounds.pass_on(5)
    assert rounds.updates() == []
    assert len(rounds.notices("scheduler_paused")) == 1
    resume_scheduler(rounds.stage.db, APPROVER, rounds.clock.now())
    rounds.tick()
    assert len(rounds.updates("sending")) == 1
