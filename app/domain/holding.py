"""First words approved in advance by two people: until their sentences change or their review is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.content import content_hash
from app.domain.playbooks import Playbook

STAGE: Final = "holding"
PEOPLE: Final = 2
LONGEST_REVIEW: Final = timedelta(days=366)
USUAL_REVIEW: Final = timedelta(days=183)
AHEAD: Final = timedelta(days=14)
"""Staff are told so long before a review is due: at three in the morning is too late to find out."""


class Readiness(StrEnum):
    """Whether one person may send them, and if not, why."""

    READY = "ready"
    NO_SENTENCES = "no_sentences"
    NOT_APPROVED = "not_approved"
    ONE_PERSON = "one_person"
    """A second one is missing."""
    CHANGED = "changed"
    """The sentences are not those that were approved."""
    REVIEW_DUE = "review_due"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes."""

    person: int
    """The same for whatever account they come with."""
    user_id: int
    name: str
    content_hash: str
    review_on: date
    at: datetime


def sentences_hash(playbook: Playbook) -> str:
    """Of everything two people say yes to: the title, the sentences in every language, and the types of their gaps."""
    wanted = {name: playbook.variables[name].value for name in playbook.wanted(STAGE) if name in playbook.variables}
    sentences: Mapping[str, object] = dict(playbook.stages.get(STAGE, {}))
    return content_hash({"names": dict(playbook.names), "sentences": sentences, "variables": wanted})


def readiness(playbook: Playbook, approvals: Sequence[Approval], today: date) -> Readiness:
    """`approvals` of this playbook, at most one of each person."""
    if not playbook.stages.get(STAGE):
        return Readiness.NO_SENTENCES
    same = standing(playbook, approvals)
    if len({one.person for one in same}) >= PEOPLE:
        return Readiness.READY if min(one.review_on for one in same) > today else Readiness.REVIEW_DUE
    if len(approvals) > len(same):
        return Readiness.CHANGED
    return Readiness.ONE_PERSON if same else Readiness.NOT_APPROVED


def standing(playbook: Playbook, approvals: Sequence[Approval]) -> list[Approval]:
    """Those of the sentences as they are now."""
    digest = sentences_hash(playbook)
    return [one for one in approvals if one.content_hash == digest]


@dataclass(frozen=True, slots=True)
class Lapse:
    """Prepared words that one person cannot send any more, or not for long."""

    reason: Readiness
    """CHANGED or REVIEW_DUE."""
    day: date
    """On which their review is due; of CHANGED the day it was seen."""


def lapse(playbook: Playbook, approvals: Sequence[Approval], today: date) -> Lapse | None:
    """None where nobody has prepared anything, and where all is well for AHEAD."""
    found = readiness(playbook, approvals, today)
    if found is Readiness.CHANGED:
        return Lapse(found, today)
    if found not in (Readiness.READY, Readiness.REVIEW_DUE):
        return None
    day = min(one.review_on for one in standing(playbook, approvals))
    return Lapse(Readiness.REVIEW_DUE, day) if day <= today + AHEAD else None
