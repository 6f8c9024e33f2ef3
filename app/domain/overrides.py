"""Overrides of a contact channel: another number, other hours or another status until a stated time, then as before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.domain import hours as opening_hours
from app.domain.contact_kinds import ContactKind, ContactStatus, read_address
from app.domain.hours import Replacement
from app.domain.reading import Reader, iso
from app.domain.texts import NO_TEXTS, Texts
from app.domain.week import read_plain_week

ALWAYS = datetime.min.replace(tzinfo=UTC)
SHUT = "off"


@dataclass(frozen=True, slots=True)
class Override:
    until: datetime
    """From this moment on everything is as before."""
    begins: datetime = ALWAYS
    reasons: Texts = field(default_factory=lambda: NO_TEXTS)
    address: str = ""
    """"" = the usual one; so with the others."""
    hours: str = ""
    """OSM text; takes the place of the week, the holidays and the exceptions."""
    status: ContactStatus | None = None

    def holds(self, at: datetime) -> bool:
        return self.begins <= at < self.until

    @property
    def replacement(self) -> Replacement | None:
        """What it does to the hours."""
        hours = SHUT if self.status is ContactStatus.CLOSED else self.hours
        return Replacement(hours, self.begins, self.until) if hours else None

    def to_document(self) -> dict[str, object]:
        optional: Mapping[str, object] = {
            "from": iso(self.begins) if self.begins != ALWAYS else None,
            "address": self.address,
            "hours": self.hours,
            "status": self.status.value if self.status else None,
        }
        given = {name: value for name, value in optional.items() if value}
        return {"until": iso(self.until), "reasons": dict(self.reasons), **given}


def read_overrides(read: Reader, kind: ContactKind, name: str = "overrides") -> tuple[Override, ...]:
    """In the document's order: where two hold at once, what the later one says counts."""
    return tuple(
        override
        for index, item in enumerate(read.items(name, 50))
        if (override := _read(Reader(item, f"{read.path(name)}[{index}]", read.problems), kind))
    )


def _read(read: Reader, kind: ContactKind) -> Override | None:
    read.only("from", "until", "reasons", "address", "hours", "status")
    begins, until = read.instant("from") or ALWAYS, read.instant("until")
    override = Override(
        until=until or ALWAYS,
        begins=begins,
        reasons=read.texts("reasons", longest=300),
        address=read_address(read, kind, required=False),
        hours=read_hours(read),
        status=read.choice("status", ContactStatus, ContactStatus.OPEN) if read.has("status") else None,
    )
    if not read.has("until"):
        read.problem("missing", read.path("until"), "is missing", "Say when everything is as before again.")
    elif until and until <= begins:
        read.problem("bad_range", read.path("until"), "is not after from", "Correct one of the two.")
    if not (override.address or override.hours or override.status):
        read.problem("missing", read.path(""), "changes nothing", "Give an address, hours or a status.")
    return override if until else None


def read_hours(read: Reader, field_name: str = "hours") -> str:
    """OSM text, from OSM text or from the plain form; "" when there is none."""
    if isinstance(read.raw(field_name), Mapping):
        return read_plain_week(read, field_name)
    hours = read.text(field_name, longest=500, lines=False)
    for problem in opening_hours.check(hours or "24/7", "UTC"):
        fault = problem.sentence.split(" ", 1)[1].rstrip(".")
        read.problem(problem.code, read.path(field_name), fault, problem.remedy)
    return hours


def replacements(
    overrides: Iterable[Override], status: ContactStatus, status_until: datetime | None
) -> tuple[Replacement, ...]:
    """What a closed status and the overrides do to the hours; where two hold at once, the later one counts."""
    shut = [Replacement(SHUT, ALWAYS, status_until)] if status is ContactStatus.CLOSED else []
    return (*shut, *(one for override in overrides if (one := override.replacement)))
