from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.delivery import Result
from app.domain.message import Accepted, Failure, FailureKind, Outcome
from app.domain.retrying import Backoff, Decision, Doubt, GiveBack, Halve, Retry, Settle, decide

USUAL: dict[str, Any] = {"attempt": 1, "batch": 1, "key_is_fresh": False, "backoff": Backoff(1, 60), "jitter": 0.5}


def after(outcome: Outcome, **changes: Any) -> Decision:
    return decide(outcome, **{**USUAL, **changes})


@pytest.mark.parametrize(
    ("kind", "decision"),
    [
        (FailureKind.NOT_ACCEPTED, Retry("not_accepted:x", 0.5)),
        (FailureKind.AMBIGUOUS, Doubt("ambiguous:x")),
        (FailureKind.RECIPIENT, Settle(Result.FAILED, "recipient:x", suppress="invalid")),
        (FailureKind.OPTED_OUT, Settle(Result.SUPPRESSED, "opted_out:x", suppress="opted_out")),
        (FailureKind.ACCOUNT, GiveBack("account:x")),
        (FailureKind.CONTENT, Settle(Result.FAILED, "content:x")),
        (FailureKind.OURS, Settle(Result.DEAD, "ours:x")),
    ],
)
def test_the_failure_table(kind: FailureKind, decision: Decision) -> None:
    assert after(Failure(kind, "x")) == decision


def test_accepted_is_settled_with_the_providers_id() -> None:
    assert after(Accepted("SM1")) == Settle(Result.ACCEPTED, "accepted", "SM1")


def test_ambiguity_is_repeated_only_while_the_key_is_fresh() -> None:
    lost = Failure(FailureKind.AMBIGUOUS, "timeout")
    assert isinstance(after(lost, key_is_fresh=True), Retry)
    assert isinstance(after(lost, key_is_fresh=False), Doubt)


def test_a_refused_batch_is_halved_and_only_a_single_one_fails() -> None:
    assert after(Failure(FailureKind.CONTENT, "bad"), batch=2) == Halve("content:bad")
    assert after(Failure(FailureKind.CONTENT, "bad"), batch=1) == Settle(Result.FAILED, "content:bad")


def test_bad_words_suppress_nobody() -> None:
    decision = after(Failure(FailureKind.CONTENT, "filtered"))
    assert isinstance(decision, Settle)
    assert decision.suppress == ""


@given(st.integers(1, 2**16), st.floats(0, 0.999), st.one_of(st.none(), st.floats(0, 86_400)))
def test_a_wait_obeys_the_provider_and_else_stays_below_the_cap(
    attempt: int, jitter: float, retry_after: float | None
) -> None:
    failure = Failure(FailureKind.NOT_ACCEPTED, "http_429", retry_after=retry_after)
    decision = after(failure, attempt=attempt, jitter=jitter)
    assert isinstance(decision, Retry)
    assert decision.delay >= (retry_after or 0)
    assert 0 <= decision.delay <= max(60, retry_after or 0)


def test_waits_double() -> None:
    assert [Backoff(1, 60).delay(attempt, 1) for attempt in (1, 2, 3, 4, 7, 20)] == [1, 2, 4, 8, 60, 60]


def test_a_reason_fits_its_column() -> None:
    decision = after(Failure(FailureKind.CONTENT, "y" * 500))
    assert isinstance(decision, Settle)
    assert len(decision.reason) == 64
