"""Contact channels: the ways a customer reaches the organisation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.domain import hours as opening_hours
from app.domain.content import is_public_link
from app.domain.hours import Schedule
from app.domain.public_holidays import Holidays
from app.domain.reading import Reader
from app.domain.special_days import SpecialDays, read_special_days
from app.domain.texts import NO_TEXTS, Texts
from app.domain.week import read_plain_week

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE: Final = re.compile(r"[0-9]{3,8}")
_MAIL: Final = re.compile(r"[^@\s<>\"']{1,64}@[^@\s<>\"']+\.[^@\s.<>\"']+")


class ContactKind(StrEnum):
    CHAT = "chat"
    PHONE = "phone"
    TEXT = "text"
    PORTAL = "portal"
    EMAIL = "email"
    IN_PERSON = "in_person"
    SOCIAL = "social"
    CALLBACK = "callback"
    CUSTOM = "custom"


class ContactStatus(StrEnum):
    """How it goes right now, apart from the hours."""

    OK = "ok"
    BUSY = "busy"
    """Works, but people wait too long: others are offered first."""
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ContactChannel:
    slug: str
    kind: ContactKind
    address: str
    """E.164 or short code, https address, e-mail address, street address or handle: what the kind needs."""
    names: Texts
    instructions: Texts = field(default_factory=lambda: NO_TEXTS)
    languages: tuple[str, ...] = ()
    """Spoken there, best first; empty = not stated, counts as every language."""
    hours: str = "24/7"
    """OSM opening_hours text, in wall time of `timezone`."""
    timezone: str = "UTC"
    holidays: Holidays | None = None
    exceptions: tuple[SpecialDays, ...] = ()
    areas: tuple[str, ...] = ()
    """Empty = everywhere."""
    status: ContactStatus = ContactStatus.OK
    status_reasons: Texts = field(default_factory=lambda: NO_TEXTS)
    wait_minutes: int | None = None
    schedule: Schedule = field(init=False, repr=False, compare=False)
    """All of the hours as one."""
    _spoken: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        schedule = Schedule(self.hours, self.timezone, self.holidays, self.exceptions)
        object.__setattr__(self, "schedule", schedule)
        object.__setattr__(self, "_spoken", frozenset(code.split("-")[0] for code in self.languages))

    @classmethod
    def from_document(cls, document: object, at: str = "") -> ContactChannel:
        read = Reader(document, at)
        read.only(
            "slug", "kind", "address", "names", "instructions", "languages", "hours", "timezone", "holidays",
            "exceptions", "areas", "status", "status_reasons", "wait_minutes",
        )  # fmt: skip
        kind = read.choice("kind", ContactKind)
        channel = cls(
            slug=read.slug(),
            kind=kind,
            address=_address(read, kind),
            names=read.texts("names", required=True, longest=100),
            instructions=read.texts("instructions", longest=1_000, lines=True),
            languages=read.languages(),
            hours=_hours(read),
            timezone=read.timezone(),
            holidays=Holidays.read(read),
            exceptions=read_special_days(read),
            areas=read.strings("areas", longest=64),
            status=read.choice("status", ContactStatus, ContactStatus.OK),
            status_reasons=read.texts("status_reasons", longest=300),
            wait_minutes=read.number("wait_minutes", 0, 10_080),
        )
        read.done()
        return channel

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "kind": self.kind.value,
            "address": self.address,
            "names": dict(self.names),
            "instructions": dict(self.instructions),
            "languages": list(self.languages),
            "hours": self.hours,
            "timezone": self.timezone,
            "holidays": self.holidays.to_document() if self.holidays else {},
            "exceptions": [days.to_document() for days in self.exceptions],
            "areas": list(self.areas),
            "status": self.status.value,
            "status_reasons": dict(self.status_reasons),
            "wait_minutes": self.wait_minutes,
        }

    def speaks(self, language: str) -> bool:
        return not self._spoken or not language or language.split("-", maxsplit=1)[0] in self._spoken

    def serves(self, area: str) -> bool:
        return not self.areas or not area or area in self.areas


def _hours(read: Reader) -> str:
    """OSM text, from OSM text or from the plain form."""
    if isinstance(read.raw("hours"), dict):
        return read_plain_week(read, "hours")
    hours = read.text("hours", longest=500, lines=False) or "24/7"
    for problem in opening_hours.check(hours, "UTC"):
        read.problem(problem.code, read.path("hours"), problem.sentence.split(" ", 1)[1][:-1], problem.remedy)
    return hours


def _is_number(address: str) -> bool:
    return bool(_E164.fullmatch(address) or _SHORT_CODE.fullmatch(address))


def _address(read: Reader, kind: ContactKind) -> str:
    address = read.text("address", required=True, longest=500, lines=False)
    if kind in (ContactKind.PHONE, ContactKind.TEXT):
        address = re.sub(r"[\s().-]", "", address)
        right, remedy = _is_number(address), "Write it as +442071838750, or as the short number people dial."
    elif kind in (ContactKind.CHAT, ContactKind.PORTAL):
        right, remedy = is_public_link(address), "Use a full https:// address."
    elif kind is ContactKind.EMAIL:
        right, remedy = bool(_MAIL.fullmatch(address)), "Write it as name@example.org."
    elif kind is ContactKind.CALLBACK:
        right = is_public_link(address) or _is_number(address)
        remedy = "Use an https:// address or a phone number such as +442071838750."
    else:
        right, remedy = "://" not in address or is_public_link(address), "Links must be full https:// addresses."
    if address and not right:
        read.problem("bad_address", read.path("address"), f"is not an address of a {kind.value} channel", remedy)
    return address


def dial_text(channel: ContactChannel) -> str:
    """The shortest form people can dial or open: +442071838750, help.example.org/chat, name@example.org."""
    return channel.address.removeprefix("https://").rstrip("/") if "://" in channel.address else channel.address


def href(channel: ContactChannel) -> str:
    """The link behind it (tel:, sms:, mailto:, https:); "" when there is nothing to open."""
    if is_public_link(channel.address):
        return channel.address
    if channel.kind is ContactKind.EMAIL:
        return f"mailto:{channel.address}"
    if channel.kind is ContactKind.TEXT:
        return f"sms:{channel.address}"
    if channel.kind in (ContactKind.PHONE, ContactKind.CALLBACK):
        return f"tel:{channel.address}"
    return ""
