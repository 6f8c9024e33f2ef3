"""What follows from an outcome: the failure table of DESIGN section 6 as one pure function."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.delivery import Result
from app.domain.message import Accepted, Failure, FailureKind, Outcome


@dataclass(frozen=True, slots=True)
class Settle:
    """The delivery is settled; `suppress` names why the address goes on the suppression list."""

    result: Result
    reason: str
    provider_id: str = ""
    suppress: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Surely not accepted: wait, then try again. The endpoint admits nothing until `delay` is over."""

    reason: str
    delay: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """Perhaps accepted: find out first."""

    reason: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Our account is at fault: the row goes back unharmed and the endpoint stops until staff mend it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Halve:
    """Content refused for a batch: nothing was accepted, so look for the single bad one. Costs no attempt."""

    reason: str


Decision = Settle | Retry | Doubt | GiveBack | Halve


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds; full jitter (the wait is uniform between zero and the doubled base, so that crowds disperse)."""

    base: float = 1.0
    cap: float = 60.0

    def delay(self, attempt: int, jitter: float) -> float:
        return float(min(self.cap, self.base * 2 ** min(attempt - 1, 16)) * jitter)


def decide(
    outcome: Outcome, *, attempt: int, batch: int, key_is_fresh: bool, backoff: Backoff, jitter: float
) -> Decision:
    """`attempt` counts from 1; `key_is_fresh`: the provider still honours our idempotency key; 0 <= jitter < 1."""
    if isinstance(outcome, Accepted):
        return Settle(Result.ACCEPTED, "accepted", outcome.provider_id)
    reason = _reason(outcome)
    match outcome.kind:
        case FailureKind.NOT_ACCEPTED:
            return Retry(reason, _wait(outcome, attempt, backoff, jitter))
        case FailureKind.AMBIGUOUS if key_is_fresh:
            return Retry(reason, _wait(outcome, attempt, backoff, jitter))
        case FailureKind.AMBIGUOUS:
            return Doubt(reason)
        case FailureKind.RECIPIENT:
            return Settle(Result.FAILED, reason, suppress="" if outcome.spares_address else "invalid")
        case FailureKind.OPTED_OUT:
            return Settle(Result.SUPPRESSED, reason, suppress="opted_out")
        case FailureKind.ACCOUNT:
            return GiveBack(reason)
        case FailureKind.CONTENT:
            return Halve(reason) if batch > 1 else Settle(Result.FAILED, reason)
        case FailureKind.OURS:
            return Settle(Result.DEAD, reason)


def _reason(failure: Failure) -> str:
    return f"{failure.kind.value}:{failure.code}"[:64]


def _wait(failure: Failure, attempt: int, backoff: Backoff, jitter: float) -> float:
    return max(failure.retry_after or 0.0, backoff.delay(attempt, jitter))
