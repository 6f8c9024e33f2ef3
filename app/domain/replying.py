"""What becomes of what somebody writes back: what a keyword does, and what it is answered.

Answers are few by design. Two robots that answer each other would go on for ever, so only keywords are answered, each
kind once an hour and so many a day for one address, and nothing that the provider has answered already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.domain.message import Accepted, FailureKind, Outcome, Wish
from app.domain.retrying import Backoff
from app.domain.suppressing import STOPS, OnList, is_own_stop

SAME_AGAIN: Final = timedelta(hours=1)
A_DAY: Final = timedelta(hours=24)
MOST_A_DAY: Final = 4
GIVE_UP_AFTER: Final = timedelta(minutes=30)
"""An answer that comes later than that is a message nobody asked for."""
BACKOFF: Final = Backoff(base=5.0, cap=60.0)
LONGEST: Final = 2_000
"""Characters of a reply that are kept; a text message has no more."""


class Answer(StrEnum):
    """The kinds of answer; their words stand in templates/replies/."""

    NONE = ""
    HELP = "help"
    STOP = "stop"
    START = "start"
    BLOCKED = "blocked"
    """START, but the address is on the list for more than their own STOP."""
    LESS = "less"
    MORE = "more"
    LINKED = "linked"


class Effect(StrEnum):
    """What a message did, as it is stored and shown."""

    STOPPED = "stopped"
    STOPPED_BEFORE = "stopped_before"
    STARTED = "started"
    BLOCKED = "blocked"
    HELPED = "helped"
    LESS = "less"
    MORE = "more"
    LINKED = "linked"
    """From now on this chat is one of their addresses."""
    FOR_STAFF = "for_staff"
    """No keyword, or one that asks for what is so already: people read it."""


FOR_PEOPLE: Final = frozenset({Effect.FOR_STAFF, Effect.BLOCKED})
"""What staff read: messages, and whoever wants to hear from us and cannot."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an address when it writes."""

    suppressed: bool
    stopped: bool
    """They said so before, to whomever: a STOP adds nothing."""
    own_stop: bool
    """By their own STOP and by nothing else."""
    less: bool
    withdrawn: bool = False
    """Somebody there has said themselves, by another address of theirs, that they want nothing on this medium."""


def standing_of(listed: OnList | None, *, less: bool, withdrawn: bool = False) -> Standing:
    """`listed`: how their address stands on the suppression list; None = not at all."""
    if listed is None:
        return Standing(suppressed=False, stopped=False, own_stop=False, less=less, withdrawn=withdrawn)
    front = listed.front
    alone = is_own_stop(front.reason, front.source) and listed.behind is None
    return Standing(suppressed=True, stopped=front.reason in STOPS, own_stop=alone, less=less, withdrawn=withdrawn)


def effect(wish: Wish | None, standing: Standing) -> Effect:
    match wish:
        case None:
            return Effect.FOR_STAFF
        case Wish.STOP:
            return Effect.STOPPED_BEFORE if standing.stopped else Effect.STOPPED
        case Wish.HELP:
            return Effect.HELPED
        case Wish.LESS:
            return Effect.LESS
        case Wish.START if standing.own_stop:
            return Effect.STARTED
        case Wish.START if standing.suppressed:
            return Effect.BLOCKED
        case Wish.START if standing.withdrawn:
            return Effect.STARTED
        case Wish.START | Wish.MORE if standing.less:
            return Effect.MORE
        case _:
            return Effect.FOR_STAFF  # "Yes" without anything to start is an answer to a question


_ANSWERS: Final = {
    Effect.STOPPED: Answer.STOP,
    Effect.STARTED: Answer.START,
    Effect.BLOCKED: Answer.BLOCKED,
    Effect.HELPED: Answer.HELP,
    Effect.LESS: Answer.LESS,
    Effect.MORE: Answer.MORE,
    Effect.LINKED: Answer.LINKED,
}


class Silence(StrEnum):
    """Why somebody is not answered."""

    NOTHING_TO_SAY = "nothing_to_say"
    PROVIDER_ANSWERED = "provider_answered"
    STOPPED = "stopped"
    """Whoever said STOP hears its confirmation, which carriers demand, and nothing after it."""
    ANSWERED_LATELY = "answered_lately"


def answer(
    done: Effect, standing: Standing, lately: Sequence[tuple[Answer, timedelta]], *, answered: bool
) -> Answer | Silence:
    """`lately`: what this address was answered within the last day, and how long ago; `answered`: by the provider.

    `standing` as it was before.
    """
    wanted = _ANSWERS.get(done)
    if wanted is None:
        return Silence.NOTHING_TO_SAY
    if answered:
        return Silence.PROVIDER_ANSWERED
    if standing.suppressed and done not in {Effect.STARTED, Effect.HELPED, Effect.BLOCKED}:
        return Silence.STOPPED
    if len(lately) >= MOST_A_DAY or any(kind is wanted and ago < SAME_AGAIN for kind, ago in lately):
        return Silence.ANSWERED_LATELY
    return wanted


class AnswerState(StrEnum):
    NONE = "none"
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Handed over and never confirmed: it is not said twice."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where an answer stands after a call, why, and for `queued` in how many seconds it is tried again."""

    state: AnswerState
    reason: str
    delay: float = 0.0
    provider_id: str = ""


def after(outcome: Outcome, *, attempts: int, age: timedelta, jitter: float) -> Step:
    """`attempts` with this one; `age` since the message came; 0 <= jitter < 1."""
    if isinstance(outcome, Accepted):
        return Step(AnswerState.ACCEPTED, "accepted", provider_id=outcome.provider_id)
    reason = f"{outcome.kind.value}:{outcome.code}"[:64]
    if outcome.kind is FailureKind.AMBIGUOUS:
        return Step(AnswerState.UNKNOWN, reason)
    if outcome.kind in {FailureKind.NOT_ACCEPTED, FailureKind.ACCOUNT} and age < GIVE_UP_AFTER:
        wait = max(outcome.retry_after or 0.0, BACKOFF.base, BACKOFF.delay(attempts, jitter))
        return Step(AnswerState.QUEUED, reason, wait)
    return Step(AnswerState.FAILED, reason)
