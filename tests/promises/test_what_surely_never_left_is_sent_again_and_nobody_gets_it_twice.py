"""Somebody mends what was refused and sends it again: exactly to those who surely have nothing, to nobody in doubt."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.domain.crisis import UpdateState
from app.domain.delivery import State
from app.domain.message import Accepted, Batch, Failure, FailureKind, Medium, Outcome
from app.errors import Conflict
from app.keyring import Keyring
from app.store import failures, updates
from app.store.database import Database
from app.usecases.resend_failed import resend_failed, resendable
from app.usecases.suppress_address import suppress_address
from tests.rig.stage import AUTHOR, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time, pytest.mark.both_databases]
HALT_NEVER = {"halt": {"words": 1.0, "addresses": 1.0}}


async def filtering(batch: Batch) -> Sequence[Outcome]:
    """By the last digit: filtered, no such number, opted out, swallowed; the others are accepted."""
    said: dict[str, Outcome] = {
        "1": Failure(FailureKind.CONTENT, "30007"),
        "2": Failure(FailureKind.RECIPIENT, "21211"),
        "3": Failure(FailureKind.OPTED_OUT, "21610"),
        "4": Failure(FailureKind.AMBIGUOUS, "no_answer"),
        "5": Failure(FailureKind.OURS, "too_odd"),
    }
    return [said.get(one.address[-1], Accepted(f"id-{one.address}")) for one in batch.recipients]


async def test_exactly_those_who_surely_have_nothing_get_it_and_the_totals_add_up(
    database: Database, keyring: Keyring
) -> None:
    stage = Stage(database, keyring, severity="minor", playbook=HALT_NEVER)
    texts = stage.add_endpoint("texts", Medium.SMS)
    stage.open(40)
    texts.answer = filtering
    async with stage.running():
        sent = stage.broadcast(["texts"])
        await stage.until_counted(sent.id, State.UNKNOWN, 4)
        await stage.until_counted(sent.id, State.ACCEPTED, 20)
        await stage.until_at_rest(sent.id)
        before = stage.asked("texts")
        assert stage.counts(sent.id)[State.FAILED] == 8
        suppress_address(database, keyring, AUTHOR, Medium.SMS, "+12025550011", "unsubscribed", stage.clock.now())
        texts.answer = texts.accept
        with database.reading() as connection:
            row = updates.get(connection, sent.id)
            assert resendable(connection, row, stage.clock.now()) == 7, "4 filtered and 4 broken, less one opted out"
            found, following = failures.page(connection, row.broadcast_id or 0, State.FAILED, limit=5)
            rest, _ = failures.page(connection, row.broadcast_id or 0, State.FAILED, after=following, limit=5)
        assert {one.reason for one in (*found, *rest)} == {"content:30007", "recipient:21211"}
        assert len({one.address_id for one in (*found, *rest)}) == 8
        assert resend_failed(database, AUTHOR, sent.id, stage.clock.now()) == 7
        assert resend_failed(database, AUTHOR, sent.id, stage.clock.now()) == 0, "a second click"
        await stage.until_counted(sent.id, State.ACCEPTED, 27)
        await stage.until_at_rest(sent.id)
        counted = stage.counts(sent.id)
    again = {one for one, times in (stage.asked("texts") - before).items() if times}
    assert {one[-1] for one in again} == {"1", "5"}
    assert len(again) == 7
    assert max((stage.asked("texts") - before).values()) == 1
    assert (counted[State.FAILED], counted[State.UNKNOWN], sum(counted.values())) == (5, 4, 40)


async def test_a_finished_broadcast_goes_on_and_ends_again(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, severity="minor", playbook=HALT_NEVER)
    texts = stage.add_endpoint("texts", Medium.SMS)
    stage.open(3)

    async def broken(batch: Batch) -> Sequence[Outcome]:
        return [Failure(FailureKind.OURS, "template")] * len(batch.recipients)

    texts.answer = broken
    async with stage.running():
        sent = stage.broadcast(["texts"])
        await stage.until(sent.id, "done")
        texts.answer = texts.accept
        assert resend_failed(database, AUTHOR, sent.id, stage.clock.now()) == 3
        assert stage.row(sent.id).state is UpdateState.SENDING
        await stage.until(sent.id, "done")
        assert stage.counts(sent.id) == {State.ACCEPTED: 3}
        later = stage.broadcast(["texts"], stage="progress")
        await stage.until(later.id, "done")
    with pytest.raises(Conflict) as refused:
        resend_failed(database, AUTHOR, sent.id, stage.clock.now())
    assert refused.value.problems[0].code == "newer_update"
