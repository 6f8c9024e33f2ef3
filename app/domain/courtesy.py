"""What keeps a broadcast from disturbing people more than it must: sleep, a number a day, one way to each person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.crisis import Severity, Stage
from app.domain.message import Medium
from app.domain.quiet_hours import QuietHours

ENOUGH_TODAY: Final = "enough_for_today"
TOLD_ELSEWHERE: Final = "told_by_another_medium"
WAITS_FOR_OTHER: Final = "another_medium_first"
A_DAY: Final = timedelta(hours=24)
RECEIPT_PATIENCE: Final = timedelta(minutes=10)
"""What was accepted and is not known to have failed after so long counts as told."""
MOST_A_DAY: Final[Mapping[Severity, int]] = MappingProxyType(
    {Severity.EMERGENCY: 24, Severity.MAJOR: 6, Severity.MINOR: 3, Severity.INFO: 1}
)
"""Progress by person (text, mail, call) in 24 hours."""


class SecondMedium(StrEnum):
    """For a person who can be reached by several media: what progress comes by beside the first."""

    WHEN_FIRST_FAILS = "when_first_fails"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Courtesy:
    quiet: QuietHours | None = None
    """Whoever is within waits for their end."""
    most_a_day: int | None = None
    """An address that got so many capped broadcasts in the last 24 hours, of any crisis, does not get this one."""
    first_media: tuple[Medium, ...] = ()
    """A person gets it by the first of these that works, and by no other; empty = by all."""
    asked_media: tuple[Medium, ...] = ()
    """Whoever said which of these reaches them best gets it there, by another only if that fails."""

    @property
    def holds_back(self) -> bool:
        several = len(self.first_media) > 1 or len(self.asked_media) > 1
        return self.quiet is not None or self.most_a_day is not None or several

    def before(self, medium: Medium, preferred: Medium | None) -> tuple[Medium, ...]:
        """What has to fail for a person before it goes to them by `medium`; `preferred`: the one they named."""
        own = (preferred,) if preferred is not None and preferred in self.asked_media else ()
        order = tuple(dict.fromkeys((*own, *self.first_media))) if self.first_media else (*own, medium)
        return order[: order.index(medium)] if medium in order else ()


NO_COURTESY: Final = Courtesy()


def most_a_day(stage: Stage, severity: Severity, *, drill: bool) -> int | None:
    """Emergencies are not counted out to a person, nor is any news but progress."""
    capped = stage is Stage.PROGRESS and severity is not Severity.EMERGENCY and not drill
    return MOST_A_DAY[severity] if capped else None


def one_at_a_time(
    stage: Stage, severity: Severity, second: SecondMedium, media: Sequence[Medium]
) -> tuple[Medium, ...]:
    """`media` by person, in the order of release; empty when everybody gets it by all of them."""
    return by_own_choice(severity, second, media) if stage is Stage.PROGRESS else ()


def by_own_choice(severity: Severity, second: SecondMedium, media: Sequence[Medium]) -> tuple[Medium, ...]:
    """`media` by person among which the one somebody named comes first: all news but that of an emergency."""
    spares = severity is not Severity.EMERGENCY and second is not SecondMedium.ALWAYS
    return tuple(dict.fromkeys(media)) if spares and len(set(media)) > 1 else ()


class Other(StrEnum):
    """How a person's delivery of the same words by an earlier medium stands."""

    TOLD = "told"
    FAILED = "failed"
    OPEN = "open"


class Elsewhere(StrEnum):
    GO = "go"
    WAIT = "wait"
    SPARE = "spare"


def elsewhere(people: Iterable[Iterable[Other]]) -> Elsewhere:
    """For one address: its people, each with their deliveries by earlier media.

    It goes when somebody has nothing else that works, waits while that cannot be told.
    """
    found = {_of_one(frozenset(others)) for others in people}
    if not found or Elsewhere.GO in found:
        return Elsewhere.GO
    return Elsewhere.WAIT if Elsewhere.WAIT in found else Elsewhere.SPARE


def _of_one(others: frozenset[Other]) -> Elsewhere:
    if Other.TOLD in others:
        return Elsewhere.SPARE
    return Elsewhere.WAIT if Other.OPEN in others else Elsewhere.GO
