"""Every delivery that has not left has one named reason and something to do about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from app.domain.crisis import UpdateState
from app.domain.explaining import EndpointFacts, EngineFacts, Group, Hold, Reason, UpdateFacts, explain
from app.domain.message import Medium
from tests.conftest import NOON

SOON: Final = NOON + timedelta(minutes=5)
AGO: Final = NOON - timedelta(minutes=5)
TEXTS: Final = EndpointFacts("texts", 10.0)
WAITING: Final = Group(TEXTS, Medium.SMS, size=100, queued=60, suppressed=10)
SENDING: Final = UpdateFacts(12, UpdateState.SENDING, 100, [WAITING], sent_at=AGO, expires_at=SOON)
ALIVE: Final = EngineFacts(alive=True, last_seen=NOON)
DEAD: Final = EngineFacts(alive=False, last_seen=AGO)


def at(endpoint: dict[str, Any] | None = None, **group: Any) -> UpdateFacts:
    return replace(SENDING, groups=[replace(WAITING, endpoint=replace(TEXTS, **(endpoint or {})), **group)])


@pytest.mark.parametrize(
    ("update", "engine", "reason", "number"),
    [
        (UpdateFacts(12, UpdateState.DRAFT, None), DEAD, Reason.NOT_SUBMITTED, 0),
        (UpdateFacts(12, UpdateState.RETURNED, 9, reason="too long"), DEAD, Reason.NOT_SUBMITTED, 9),
        (UpdateFacts(12, UpdateState.STAGING, None), ALIVE, Reason.STAGING, 0),
        (UpdateFacts(12, UpdateState.SUBMITTED, 100, submitted_by="ada"), ALIVE, Reason.NOT_APPROVED, 100),
        (UpdateFacts(12, UpdateState.APPROVED, 100), ALIVE, Reason.NOT_SENT, 100),
        (replace(SENDING, state=UpdateState.RELEASING, sent_at=SOON), ALIVE, Reason.UNDO_WINDOW, 60),
        (replace(SENDING, state=UpdateState.PAUSED, by="ben"), ALIVE, Reason.PAUSED, 60),
        (replace(SENDING, state=UpdateState.HALTED, reason="words_refused"), ALIVE, Reason.HALTED, 60),
        (replace(SENDING, state=UpdateState.EXPIRED), ALIVE, Reason.EXPIRED, 60),
        (replace(SENDING, expires_at=AGO), ALIVE, Reason.EXPIRED, 60),
        (UpdateFacts(12, UpdateState.CANCELLED, 100, by="ben"), ALIVE, Reason.CANCELLED, 0),
        (UpdateFacts(12, UpdateState.SUPERSEDED, 100), ALIVE, Reason.SUPERSEDED, 0),
        (UpdateFacts(12, UpdateState.REJECTED, 100), ALIVE, Reason.REJECTED, 0),
        (at(queued=0, suppressed=100), ALIVE, Reason.NOBODY, 0),
        (SENDING, DEAD, Reason.NO_WORKER, 60),
        (SENDING, replace(DEAD, holder="process 7 on here"), Reason.NO_WORKER, 60),
        (at({"halted_reason": "http_401"}), ALIVE, Reason.ENDPOINT_HALTED, 60),
        (at({"open_since": AGO, "open_reason": "http_503", "next_probe": SOON}), ALIVE, Reason.BREAKER_OPEN, 60),
        (at(not_before=SOON), ALIVE, Reason.WAVE, 60),
        (replace(at(not_before=SOON), site_waits_until=SOON), ALIVE, Reason.WAVE, 60),
        (replace(SENDING, state=UpdateState.CANARY, canary_until=SOON), ALIVE, Reason.CANARY, 60),
        (SENDING, ALIVE, Reason.PACED, 60),
        (at(queued=0, retrying=5, next_try=SOON), ALIVE, Reason.RETRY_LATER, 5),
        (at(queued=0, unsure=5), ALIVE, Reason.UNKNOWN, 5),
        (at(queued=0, unsure=5, parked=5), ALIVE, Reason.UNKNOWN_PARKED, 5),
        (at(queued=0, sending=3), ALIVE, Reason.IN_FLIGHT, 3),
    ],
)
def test_each_reason_has_its_moment(update: UpdateFacts, engine: EngineFacts, reason: Reason, number: int) -> None:
    [hold] = explain(update, engine, NOON)
    assert (hold.reason, hold.held) == (reason, number)
    assert hold.words
    assert hold.remedy or reason is Reason.IN_FLIGHT


def test_all_that_left_needs_no_explanation() -> None:
    assert explain(at(queued=0), ALIVE, NOON) == []
    assert explain(replace(at(queued=0), state=UpdateState.DONE, expires_at=AGO), DEAD, NOON) == []


def test_every_group_speaks_for_itself() -> None:
    mail = Group(
        EndpointFacts("mail", 100.0, halted_reason="http_403"), Medium.EMAIL, 50, queued=40, unsure=3, parked=1
    )
    found = explain(replace(SENDING, groups=[WAITING, mail]), ALIVE, NOON)
    assert [(one.endpoint, one.reason, one.held) for one in found] == [
        ("texts", Reason.PACED, 60),
        ("mail", Reason.ENDPOINT_HALTED, 40),
        ("mail", Reason.UNKNOWN, 2),
        ("mail", Reason.UNKNOWN_PARKED, 1),
    ]
    assert [one.needs_somebody for one in found] == [False, True, False, True]


def test_a_pace_says_when_it_is_done() -> None:
    [hold] = explain(SENDING, ALIVE, NOON)
    assert hold.words == "10 a second, done at 12:00:06 UTC"


def test_who_paused_and_since_when_nobody_sends_is_said() -> None:
    assert "by ben" in _only(replace(SENDING, state=UpdateState.PAUSED, by="ben"), ALIVE).words
    assert "11:55:00 UTC" in _only(SENDING, DEAD).words
    assert "process 7 on here" in _only(SENDING, replace(DEAD, holder="process 7 on here")).words


def test_every_reason_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    assert [reason for reason in Reason if f"`{reason.value}`" not in page] == []


def _only(update: UpdateFacts, engine: EngineFacts) -> Hold:
    [hold] = explain(update, engine, NOON)
    return hold
