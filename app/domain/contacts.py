"""Contact channels: the ways a customer reaches the organisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from app.domain.contact_kinds import ContactKind, ContactStatus, read_address
from app.domain.content import is_public_link
from app.domain.hours import Schedule
from app.domain.live import NOTHING_SAID, Live
from app.domain.overrides import Override, read_hours, read_overrides, replacements
from app.domain.public_holidays import Holidays
from app.domain.reading import Reader, iso
from app.domain.special_days import SpecialDays, read_special_days
from app.domain.texts import NO_TEXTS, Texts

LIVE_MAX_AGE: Final = 15


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many people it can take; None = not known."""

    at_once: int | None = None
    per_hour: int | None = None

    def to_document(self) -> dict[str, object]:
        return {"at_once": self.at_once, "per_hour": self.per_hour}


@dataclass(frozen=True, slots=True)
class Accessibility:
    notes: Texts = field(default_factory=lambda: NO_TEXTS)
    relay: bool = False
    """Calls through a relay service are taken."""
    sign_language: bool = False

    def to_document(self) -> dict[str, object]:
        return {"notes": dict(self.notes), "relay": self.relay, "sign_language": self.sign_language}


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Promises about the entry itself, for lines that must work."""

    check_on: date | None = None
    """Somebody looks through the entry by this day."""
    test_call_every_days: int | None = None
    last_test_call: date | None = None

    @property
    def next_test_call(self) -> date | None:
        """None = no test calls are wanted, or none was ever made (one is due at once)."""
        if self.test_call_every_days is None or self.last_test_call is None:
            return None
        return self.last_test_call + timedelta(days=self.test_call_every_days)

    def due(self, today: date) -> tuple[str, ...]:
        """`check`, `test_call`: what somebody has to do by today."""
        check = self.check_on is not None and self.check_on <= today
        call = self.test_call_every_days is not None and (self.next_test_call or today) <= today
        return (*(("check",) if check else ()), *(("test_call",) if call else ()))


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
    status: ContactStatus = ContactStatus.OPEN
    status_reasons: Texts = field(default_factory=lambda: NO_TEXTS)
    status_until: datetime | None = None
    """When the status is open again by itself; None = until somebody says so."""
    wait_minutes: int | None = None
    """The usual wait; `as_of` puts a reported one in its place."""
    capacity: Capacity = field(default_factory=Capacity)
    accessibility: Accessibility = field(default_factory=Accessibility)
    live_max_age_minutes: int = LIVE_MAX_AGE
    """After so long a reported wait or presence is no longer believed."""
    first_response_minutes: int | None = None
    """The promise: by then somebody has answered."""
    upkeep: Upkeep = field(default_factory=Upkeep)
    overrides: tuple[Override, ...] = ()
    in_force: Override | None = None
    """The override `as_of` has put in force; not part of the document."""
    live: Live = NOTHING_SAID
    """What was reported last, see `with_live`; not part of the document."""
    schedule: Schedule = field(default_factory=Schedule, repr=False, compare=False)
    """All of the hours as one, at any time, overrides and a closed status included; made by `from_document`."""
    _spoken: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_spoken", frozenset(code.split("-")[0] for code in self.languages))

    @classmethod
    def from_document(cls, document: object, at: str = "") -> ContactChannel:
        read = Reader(document, at)
        read.only(
            "slug", "kind", "address", "names", "instructions", "languages", "hours", "timezone", "holidays",
            "exceptions", "areas", "status", "status_reasons", "status_until", "wait_minutes", "capacity",
            "accessibility", "live_max_age_minutes", "first_response_minutes", "upkeep", "overrides",
        )  # fmt: skip
        kind = read.choice("kind", ContactKind)
        channel = cls(
            slug=read.slug(),
            kind=kind,
            address=read_address(read, kind),
            names=read.texts("names", required=True, longest=100),
            instructions=read.texts("instructions", longest=1_000, lines=True),
            languages=read.languages(),
            hours=read_hours(read) or "24/7",
            timezone=read.timezone(),
            holidays=Holidays.read(read),
            exceptions=read_special_days(read),
            areas=read.strings("areas", longest=64),
            status=read.choice("status", ContactStatus, ContactStatus.OPEN),
            status_reasons=read.texts("status_reasons", longest=300),
            status_until=read.instant("status_until"),
            wait_minutes=read.number("wait_minutes", 0, 10_080),
            capacity=_capacity(read),
            accessibility=_accessibility(read),
            live_max_age_minutes=read.number("live_max_age_minutes", 1, 1_440) or LIVE_MAX_AGE,
            first_response_minutes=read.number("first_response_minutes", 1, 43_200),
            upkeep=_upkeep(read),
            overrides=read_overrides(read, kind),
        )
        read.done()
        swapped = replacements(channel.overrides, channel.status, channel.status_until)
        schedule = Schedule(channel.hours, channel.timezone, channel.holidays, channel.exceptions, swapped)
        return replace(channel, schedule=schedule)

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
            "status_until": iso(self.status_until) if self.status_until else None,
            "wait_minutes": self.wait_minutes,
            "capacity": self.capacity.to_document(),
            "accessibility": self.accessibility.to_document(),
            "live_max_age_minutes": self.live_max_age_minutes,
            "first_response_minutes": self.first_response_minutes,
            "upkeep": {
                "check_on": self.upkeep.check_on.isoformat() if self.upkeep.check_on else None,
                "test_call_every_days": self.upkeep.test_call_every_days,
                "last_test_call": self.upkeep.last_test_call.isoformat() if self.upkeep.last_test_call else None,
            },
            "overrides": [override.to_document() for override in self.overrides],
        }

    @property
    def live_max_age(self) -> timedelta:
        return timedelta(minutes=self.live_max_age_minutes)

    def speaks(self, language: str) -> bool:
        return not self._spoken or not language or language.split("-", maxsplit=1)[0] in self._spoken

    def serves(self, area: str) -> bool:
        return not self.areas or not area or area in self.areas


def as_of(channel: ContactChannel, at: datetime) -> ContactChannel:
    """The channel as it is at this moment: what overrides and reports say, and nothing that is over.

    The hours need no care: `schedule` knows every override, past and future. The result holds for `at` only; ask the
    stored channel again for another moment.
    """
    if not channel.overrides and channel.status_until is None and channel.live is NOTHING_SAID:
        return channel
    address, status, reasons = channel.address, channel.status, channel.status_reasons
    if channel.status_until is not None and channel.status_until <= at:
        status, reasons = ContactStatus.OPEN, NO_TEXTS
    in_force, hours = None, channel.hours
    for override in channel.overrides:
        if override.holds(at):
            in_force = override
            address, hours = override.address or address, override.hours or hours
            status, reasons = override.status or status, override.reasons or reasons
    wait = channel.live.wait(at, channel.live_max_age)
    if status is ContactStatus.OPEN and channel.live.nobody_there(channel.schedule, at, channel.live_max_age):
        status = ContactStatus.BUSY
    return replace(
        channel,
        address=address,
        hours=hours,
        status=status,
        status_reasons=reasons,
        wait_minutes=channel.wait_minutes if wait is None else wait,
        in_force=in_force,
    )


def turns(channel: ContactChannel, at: datetime) -> Iterator[datetime]:
    """When, after `at`, something other than opening and closing changes by itself; in no order, each once."""
    times = {edge for one in channel.overrides for edge in (one.begins, one.until)}
    times.update(channel.live.turns(channel.schedule, at, channel.live_max_age))
    if channel.status_until is not None:
        times.add(channel.status_until)
    yield from (time for time in times if time > at)


def with_live(channels: Mapping[str, ContactChannel], live: Mapping[str, Live]) -> Mapping[str, ContactChannel]:
    """The same channels in the same order, each with what was reported about it."""
    return MappingProxyType(
        {slug: replace(one, live=live[slug]) if slug in live else one for slug, one in channels.items()}
    )


def _capacity(read: Reader) -> Capacity:
    inner = Reader(read.mapping("capacity"), read.path("capacity"), read.problems)
    inner.only("at_once", "per_hour")
    return Capacity(inner.number("at_once", 0, 1_000_000), inner.number("per_hour", 0, 10_000_000))


def _accessibility(read: Reader) -> Accessibility:
    inner = Reader(read.mapping("accessibility"), read.path("accessibility"), read.problems)
    inner.only("notes", "relay", "sign_language")
    return Accessibility(
        inner.texts("notes", longest=500, lines=True), inner.flag("relay"), inner.flag("sign_language")
    )


def _upkeep(read: Reader) -> Upkeep:
    inner = Reader(read.mapping("upkeep"), read.path("upkeep"), read.problems)
    inner.only("check_on", "test_call_every_days", "last_test_call")
    every = inner.number("test_call_every_days", 1, 366)
    return Upkeep(inner.day("check_on"), every, inner.day("last_test_call"))


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
