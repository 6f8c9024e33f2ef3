"""What staff must be told although nobody asked: what it is, about what, how bad, and what becomes of each nudge.

A notice is told once per spell. Its words stand in templates/staff/, by kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.crisis import Severity
from app.domain.message import Accepted, Failure, FailureKind, Outcome
from app.domain.retrying import Backoff

GIVE_UP_AFTER: Final = timedelta(hours=24)
"""A nudge older than this would tell of yesterday."""
BACKOFF: Final = Backoff(base=5.0, cap=300.0)
ACCOUNT_WAIT: Final = 60.0
"""Seconds until an endpoint whose account is at fault is tried again."""
MOST_DOUBTS: Final = 2
"""After so many hand-overs that nobody answered a nudge is left as unknown: staff were told at most twice."""
NO_DETAILS: Final[Mapping[str, str]] = MappingProxyType({})


class NoticeKind(StrEnum):
    CONTACT_CHANNEL_UNSTAFFED = "contact_channel_unstaffed"
    """Posted as open, nobody there for five minutes."""
    CONTACT_CHANNEL_CHECK_DUE = "contact_channel_check_due"
    CONTACT_CHANNEL_TEST_CALL_DUE = "contact_channel_test_call_due"
    FIRST_WORDS_DUE = "first_words_due"
    """Prepared first words cannot be sent by one person any more, or soon cannot. `details`: day, reason."""
    UPDATE_HALTED = "update_halted"
    """The service stopped a broadcast by itself. `details`: reason."""
    ENDPOINT_HALTED = "endpoint_halted"
    """Account or settings at fault. `details`: reason."""
    SITE_DIFFERS = "site_differs"
    """What the website shows is not what was published. `details`: reason."""
    TARGET_FAILS = "target_fails"
    """The website cannot be written to one of its targets. `details`: reason."""
    SITE_CLOCK_WRONG = "site_clock_wrong"
    """The server of a public address tells another time than we. `details`: reason."""
    BANNER_MISSING = "banner_missing"
    """A page that should carry the banner's script tag does not show it. `details`: reason."""
    WORK_STANDS_STILL = "work_stands_still"
    """A part of the service that should be working is silent. `details`: reason, since."""
    SAID_SOON = "said_soon"
    """Customers are about to be told something. `details`: title, headline, impact, answers, at, path."""
    NOTHING_TAKEN = "nothing_taken"
    """A critical update goes out, and no provider has taken anything of it. `details`: crisis, since."""
    BANNER_EXPIRES = "banner_expires"
    """The newest words of an open crisis are about to vanish from the website. `details`: at, update."""
    NEXT_UPDATE_DUE = "next_update_due"
    """A promised update is due soon. `details`: at."""
    NEXT_UPDATE_MISSED = "next_update_missed"
    """A promised update did not come. `details`: at."""
    SEVERITY_RAISED = "severity_raised"
    """A crisis is worse than it was called; places for this severity may not have heard of it. `details`: title, by,
    path."""
    STILL_TRUE = "still_true"
    """A schedule has drafted an update: is it still true? `details`: at, schedule, update."""
    SCHEDULE_SILENT = "schedule_silent"
    """A scheduled update did not go out by itself. `details`: at, schedule, reason."""
    SCHEDULE_MISSED = "schedule_missed"
    """A slot passed while nothing ran. `details`: at, reason."""
    SCHEDULER_PAUSED = "scheduler_paused"
    """It was silent for long and asks before it goes on. `details`: since."""
    LINK_DEAD = "link_dead"
    """A link readers are sent to leads nowhere. `details`: places, reason."""
    REPLIES_WAIT = "replies_wait"
    """People have written back and nobody has looked. `details`: number, crisis (of the first one), path."""
    APPROVAL_WANTED = "approval_wanted"
    """Submitted words wait for a second person. `details`: title, by, revision, path."""
    DRILL_APPROVAL_WANTED = "drill_approval_wanted"
    """The same for an exercise."""
    APPROVAL_UNANSWERED = "approval_unanswered"
    """The whole list was told and nobody decided. `details`: as above."""
    APPROVED_ALONE = "approved_alone"
    """Somebody released words without a second person. `details`: title, by, reason, path."""
    GLASS_BROKEN = "glass_broken"
    """Somebody with a shell on the host lets themselves in as admin. `details`: reason."""
    ENDPOINT_TRIAL = "endpoint_trial"
    """Somebody tries one endpoint, at a place of their own."""
    TRIAL = "trial"
    """Somebody tries whether notices arrive."""


@dataclass(frozen=True, slots=True)
class Notice:
    kind: NoticeKind
    subject: str
    """What it is about: the slug or id of a contact channel, an update, an endpoint; at most 200 characters."""
    spell: str = ""
    """Which occurrence: the same kind, subject and spell are told once, for ever, whoever notices; at most 200."""
    severity: Severity = Severity.MAJOR
    details: Mapping[str, str] = field(default_factory=lambda: NO_DETAILS)
    """What stands in the gaps of its words, and in the webhook. No secrets, no addresses of customers.

    `path`: the screen of the console where something can be done about it; its words find it as `link`.
    """


class NudgeState(StrEnum):
    """Of one delivery of a notice to one place."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Handed over, never answered, and not to be asked about."""
    CANCELLED = "cancelled"
    """Acknowledged or over before it left."""


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a nudge: where it stands, why, and for `queued` in how many seconds it is tried again."""

    state: NudgeState
    reason: str
    delay: float = 0.0
    provider_id: str = ""
    doubtful: bool = False
    """The provider may have taken it: ask before it is sent again."""


def after(outcome: Outcome, *, attempts: int, doubts: int, age: timedelta, jitter: float) -> Step:
    """`attempts` with this one, `doubts` without it; `age` since the notice was raised; 0 <= jitter < 1."""
    if isinstance(outcome, Accepted):
        return Step(NudgeState.ACCEPTED, "accepted", provider_id=outcome.provider_id)
    reason = f"{outcome.kind.value}:{outcome.code}"[:64]
    match outcome.kind:
        case FailureKind.RECIPIENT | FailureKind.OPTED_OUT | FailureKind.CONTENT | FailureKind.OURS:
            return Step(NudgeState.FAILED, reason)
        case FailureKind.AMBIGUOUS if doubts + 1 >= MOST_DOUBTS:
            return Step(NudgeState.UNKNOWN, reason, doubtful=True)
        case _ if age >= GIVE_UP_AFTER:
            return Step(NudgeState.FAILED, reason)
        case FailureKind.ACCOUNT:
            return Step(NudgeState.QUEUED, reason, ACCOUNT_WAIT)
        case kind:
            wait = max(_asked(outcome), BACKOFF.delay(attempts, jitter))
            return Step(NudgeState.QUEUED, reason, wait, doubtful=kind is FailureKind.AMBIGUOUS)


def _asked(failure: Failure) -> float:
    return failure.retry_after or 0.0
