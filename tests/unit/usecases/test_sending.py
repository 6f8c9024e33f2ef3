"""Sending, stopping and deciding, whoever else does the same at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from app.domain.crisis import UpdateState
from app.domain.delivery import State
from app.domain.message import Medium
from app.errors import Unavailable
from app.keyring import Keyring
from app.store.database import Database
from app.store.ledger_tables import broadcast, recipient, shard
from app.store.tables import audit
from app.store.updates import UpdateRow
from app.usecases.send_update import send_update
from app.usecases.settle_unknown import UnknownDecision, settle_unknown
from app.usecases.stop_update import cancel_update
from tests.patience import PATIENCE
from tests.rig.stage import APPROVER, AUTHOR, Stage

CLICKS = 20


@pytest.fixture
def stage(database: Database, keyring: Keyring) -> Stage:
    opened = Stage(database, keyring)
    opened.open(20)
    opened.add_endpoint("text", Medium.SMS)
    return opened


@pytest.fixture
def hands() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CLICKS) as opened:
        yield opened


def acts(db: Database, action: str) -> int:
    with db.reading() as connection:
        return connection.scalar(select(func.count()).select_from(audit).where(audit.c.action == action)) or 0


def all_at_once(hands: ThreadPoolExecutor, act: Callable[[], object]) -> list[object]:
    def patiently() -> object:
        while True:
            with suppress(Unavailable):  # the queue before the database was too long for a busy machine
                return act()

    return [one.result(timeout=PATIENCE) for one in [hands.submit(patiently) for _ in range(CLICKS)]]


def test_twenty_hands_on_send_are_one_send(stage: Stage, hands: ThreadPoolExecutor) -> None:
    row = stage.approve(stage.draft(["text"]))
    now = stage.clock.now()
    answers = all_at_once(hands, lambda: send_update(stage.db, AUTHOR, row.id, now))
    assert {answer.state for answer in answers if isinstance(answer, UpdateRow)} == {UpdateState.SENDING}
    assert acts(stage.db, "send_update") == 1
    with stage.db.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(broadcast)) == 1
        assert connection.scalar(select(func.count()).select_from(recipient)) == 20
        assert connection.scalar(select(func.sum(shard.c.size))) == 20


def test_twenty_hands_on_cancel_are_one_cancel(stage: Stage, hands: ThreadPoolExecutor) -> None:
    row = stage.broadcast(["text"])
    all_at_once(hands, lambda: cancel_update(stage.db, AUTHOR, row.id, stage.clock.now()))
    assert acts(stage.db, "cancel_update") == 1
    assert stage.counts(row.id) == {State.CANCELLED: 20}


def test_a_decision_about_nobody_changes_nothing(stage: Stage) -> None:
    row = stage.broadcast(["text"])
    now = stage.clock.now()
    assert settle_unknown(stage.db, APPROVER, row.id, UnknownDecision.RESEND, now) == 0
    assert stage.counts(row.id) == {State.QUEUED: 20}
