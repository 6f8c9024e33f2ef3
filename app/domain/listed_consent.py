"""What a list says people agreed to: how its columns are read, and when it gives way to what holds already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from app.domain.consent import Consent, How, Said
from app.domain.message import Medium
from app.domain.topics import EVERYTHING

CONSENT_COLUMNS: Final = ("consent_sms", "consent_email", "consent_at", "consent_text")
LONGEST_TEXT_VERSION: Final = 64
_MEDIA: Final = (("consent_sms", Medium.SMS), ("consent_email", Medium.EMAIL))
_ANSWERS: Final[Mapping[str, bool]] = MappingProxyType(
    {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
)

Fault = Callable[[str, str, str], None]
"""Takes column, code and sentence."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What one row says of each medium; at least one."""

    granted: tuple[tuple[Medium, bool], ...]
    at: datetime | None
    """When they said so; None = the list does not know, which means the time of the import."""
    text_version: str

    def said(self) -> tuple[Said, ...]:
        return tuple(Said(medium, EVERYTHING, yes, How.IMPORT, self.text_version) for medium, yes in self.granted)


class Heeded(StrEnum):
    """What becomes of one statement of a list, and why."""

    NEWS = "news"
    SAME = "same"
    """It holds already."""
    THEIR_OWN = "their_own"
    """They said otherwise themselves, of this medium or a topic on it, or to one of us; that stays."""
    LATER = "later"
    """Another list said otherwise, of a later moment; that stays."""

    @property
    def kept(self) -> bool:
        """Something else than the list says stays."""
        return self in {Heeded.THEIR_OWN, Heeded.LATER}


def read_consent(cells: Mapping[str, str], timezone: str, now: datetime | None, fault: Fault) -> Listed | None:
    """None when both answers are empty, or after a fault. `timezone`: in which a moment without an offset is read."""
    faults = 0
    granted = []
    for column, medium in _MEDIA:
        cell = cells.get(column, "")
        answer = _ANSWERS.get(cell.casefold()) if cell else None
        if answer is not None:
            granted.append((medium, answer))
        elif cell:
            fault(column, "bad_consent", f"The cell {column} is neither yes nor no.")
            faults += 1
    at = None
    if cell := cells.get("consent_at", ""):
        at = _moment(cell, timezone)
        if at is None:
            fault("consent_at", "bad_moment", "The cell consent_at is no date or time.")
            faults += 1
        elif now is not None and at > now:
            fault("consent_at", "bad_moment", "The cell consent_at lies in the future.")
            faults += 1
    return Listed(tuple(granted), at, cells.get("consent_text", "")) if granted and not faults else None


def as_cells(held: Sequence[Consent]) -> tuple[str, ...]:
    """What holds of one person in CONSENT_COLUMNS, so that `read_consent` gives it back as it is.

    All empty where one row cannot say it whole: topics, or two media that were agreed to at other moments or by other
    words.
    """
    nothing = ("",) * len(CONSENT_COLUMNS)
    listed = {medium: [one for one in held if one.said.medium is medium] for _, medium in _MEDIA}
    proofs = {(one.at, one.said.text_version) for mine in listed.values() for one in mine}
    if len(proofs) != 1 or any(one.said.topic != EVERYTHING for mine in listed.values() for one in mine):
        return nothing
    ((at, version),) = proofs
    answers = [("yes" if listed[medium][0].said.granted else "no") if listed[medium] else "" for _, medium in _MEDIA]
    return (*answers, at.isoformat(), version)


def heed(held: Sequence[Consent], said: Said, at: datetime) -> Heeded:
    """`held`: what holds of this person now; `at`: when, as the list has it, they said this."""
    mine = [one for one in held if one.said.medium is said.medium]
    if any(one.said.how is not How.IMPORT for one in mine):
        agrees = all(one.said.granted is said.granted for one in mine)
        return Heeded.SAME if agrees else Heeded.THEIR_OWN
    if [(one.said.topic, one.said.granted, one.said.text_version) for one in mine] == [
        (said.topic, said.granted, said.text_version)
    ]:
        return Heeded.SAME
    return Heeded.LATER if any(one.at > at for one in mine) else Heeded.NEWS


def _moment(cell: str, timezone: str) -> datetime | None:
    """To the millisecond, as it is kept."""
    try:
        at = datetime.fromisoformat(cell)
        at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
