"""How many people an update will bring to a contact channel, whether it can take them, and what would help.

Nobody knows how many of those who are told will get in touch. The shares are an assumption, plainly named as one, that
an organisation replaces by its own figures (`contact_shares`, see docs/contact-channels.md); from there on it is sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from app.domain import hours as opening_hours
from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import Capacity, ContactChannel
from app.domain.crisis import Severity, Stage
from app.domain.planning import Lane, lane
from app.domain.reading import Reader
from app.domain.routing import EMERGENCY_NEED, Option, Query, Reason, Registry, advise

Kind = TypeVar("Kind", Severity, Stage)
_HOUR: Final = timedelta(hours=1)
_QUARTER: Final = timedelta(minutes=15)
_GONE: Final = frozenset({Reason.DOWN, Reason.CLOSED, Reason.OPENS_LATER})


@dataclass(frozen=True, slots=True)
class ContactShares:
    """An assumption: of a hundred who are told, so many get in touch, all in all."""

    severity: Mapping[Severity, float] = field(
        default_factory=lambda: MappingProxyType(
            {Severity.EMERGENCY: 8.0, Severity.MAJOR: 4.0, Severity.MINOR: 1.5, Severity.INFO: 0.3}
        )
    )
    """Of a hundred, for the first word of a crisis of this severity."""
    stage: Mapping[Stage, float] = field(
        default_factory=lambda: MappingProxyType(
            {Stage.WARNING: 0.5, Stage.DETAILS: 0.7, Stage.PROGRESS: 0.3, Stage.CORRECTION: 0.5}
            | {Stage.RESOLVED: 0.2, Stage.FOLLOWUP: 0.2}
        )
    )
    """Times this for another stage; one that is not named counts 1."""
    need: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Times this for an update about that need; one that is not named counts 1."""
    within_hours: float = 2.0
    """Those told at one moment get in touch within so many hours, evenly."""
    minutes_each: float = 6.0
    """How long one contact takes where a channel states `at_once` only."""

    def share(self, severity: Severity, stage: Stage, need: str) -> float:
        """Between 0 and 1."""
        percent = self.severity.get(severity, 0.0) * self.stage.get(stage, 1.0) * self.need.get(need, 1.0)
        return min(1.0, percent / 100)

    def over(self, document: object, at: str = "contact_shares") -> ContactShares:
        """These with the figures a document names in their place; `{}` changes nothing. Raises Invalid."""
        read = Reader(document, at)
        read.only("severity", "stage", "need", "within_hours", "minutes_each")
        severity: dict[Severity, float] = _figures(read, "severity", Severity)
        stage: dict[Stage, float] = _figures(read, "stage", Stage)
        changed = replace(
            self,
            severity=MappingProxyType({**self.severity, **severity}),
            stage=MappingProxyType({**self.stage, **stage}),
            need=MappingProxyType({**self.need, **_numbers(read, "need")}),
            within_hours=_number(read, "within_hours", self.within_hours),
            minutes_each=_number(read, "minutes_each", self.minutes_each),
        )
        read.done()
        return changed


DEFAULT_SHARES: Final = ContactShares()


def shares_of(document: object) -> ContactShares:
    """The organisation's, from CLARION_CONTACT_SHARES. Raises Invalid."""
    return DEFAULT_SHARES.over(document, "CLARION_CONTACT_SHARES")


@dataclass(frozen=True, slots=True)
class Told:
    """Whom an update reaches, as far as is known before anybody freezes anything."""

    people: int
    recipients: int
    """Deliveries to persons in all media: somebody with a phone and an e-mail counts twice."""
    seconds: float
    """From the first to the last delivery."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is said, to whom it matters how, and until when."""

    severity: Severity
    stage: Stage
    need: str
    language: str
    at: datetime
    expires_at: datetime
    audience: str = ""

    @property
    def urgent(self) -> bool:
        """Nobody waits for an emergency or a correction."""
        return lane(self.stage, self.severity) <= Lane.EMERGENCY


class Finding(StrEnum):
    FITS = "fits"
    OVER_CAPACITY = "contacts_over_capacity"
    NOBODY_THERE = "contacts_while_closed"
    CAPACITY_UNKNOWN = "capacity_unknown"
    NO_CHANNEL = "no_channel"


class NoPace(StrEnum):
    """Why sending more slowly is not offered."""

    URGENT = "urgent"
    EXPIRES_FIRST = "expires_first"
    CLOSES_FIRST = "closes_first"


@dataclass(frozen=True, slots=True)
class Slower:
    """Send so many an hour, and the channel keeps up."""

    recipients_per_hour: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Call `contact_channel` busy until then, and customers are led to `instead` first."""

    contact_channel: str
    instead: str
    until: datetime
    capacity_known: bool

    def override(self) -> dict[str, object]:
        """What `POST /contact-channels/{slug}/overrides` takes."""
        return {"until": self.until.isoformat(), "status": ContactStatus.BUSY.value}


@dataclass(frozen=True, slots=True)
class Load:
    finding: Finding
    contacts: int
    """Expected in all."""
    per_hour: int
    """At the peak, when it is sent as fast as it can be."""
    contact_channel: str = ""
    """The first one for the need; "" = there is none."""
    takes_per_hour: int | None = None
    wait_minutes: int = 0
    slower: Slower | NoPace | None = None
    elsewhere: Elsewhere | None = None


def weigh(registry: Registry, told: Told, occasion: Occasion, shares: ContactShares) -> Load:
    """What the update brings to the first contact channel of its need, and what to offer when that is too much."""
    share = shares.share(occasion.severity, occasion.stage, occasion.need)
    contacts = math.ceil(told.people * share)
    hours = max(shares.within_hours, told.seconds / 3_600)
    peak = math.ceil(contacts / hours)
    first = _first(registry, occasion)
    if first is None:
        return Load(Finding.NO_CHANNEL, contacts, peak)
    channel, rate = first.contact_channel, takes_per_hour(first.contact_channel.capacity, shares)
    base = Load(Finding.CAPACITY_UNKNOWN, contacts, peak, channel.slug, rate, first.wait_minutes or 0)
    if rate is None:
        return base
    if not first.open and first.reason in _GONE and not _open_hours(channel, occasion.at, hours):
        return replace(base, finding=Finding.NOBODY_THERE if contacts else Finding.FITS)
    if contacts <= _can_take(first, rate, occasion.at, hours):
        return replace(base, finding=Finding.FITS)
    return replace(
        base,
        finding=Finding.OVER_CAPACITY,
        slower=_slower(first, rate, contacts, told, occasion),
        elsewhere=_elsewhere(registry, first, contacts, hours, occasion, shares),
    )


def takes_per_hour(capacity: Capacity, shares: ContactShares) -> int | None:
    """None = it does not say what it can take."""
    if capacity.per_hour is not None:
        return capacity.per_hour
    return None if capacity.at_once is None else int(capacity.at_once * 60 / shares.minutes_each)


def pace_hours(recipients: int, recipients_per_hour: int) -> float:
    """How long a paced update is on its way."""
    return recipients / recipients_per_hour


def _first(registry: Registry, occasion: Occasion) -> Option | None:
    query = Query(occasion.need, occasion.language, "", occasion.severity, occasion.audience)
    options = advise(registry, query, occasion.at)
    return next((option for option in options if option.reason is not Reason.DOWN), None)


def _open_hours(channel: ContactChannel, at: datetime, hours: float) -> float:
    spans = opening_hours.intervals(channel.schedule, at, at + timedelta(hours=hours))
    return sum((end - begin) / _HOUR for begin, end in spans)


def _can_take(option: Option, rate: int, at: datetime, hours: float) -> float:
    """New contacts within these hours: whoever waits already is answered first."""
    free = _open_hours(option.contact_channel, at, hours) - (option.wait_minutes or 0) / 60
    return max(0.0, free) * rate


def _slower(first: Option, rate: int, contacts: int, told: Told, occasion: Occasion) -> Slower | NoPace:
    if occasion.urgent:
        return NoPace.URGENT
    if not rate:
        return NoPace.CLOSES_FIRST
    needed = contacts / rate + (first.wait_minutes or 0) / 60
    paced = max(1, _rounded(told.recipients / needed))
    ends = occasion.at + timedelta(hours=pace_hours(told.recipients, paced))
    if ends > occasion.expires_at:
        return NoPace.EXPIRES_FIRST
    closes = first.closes_at
    if not first.open or (closes is not None and ends > closes):
        return NoPace.CLOSES_FIRST
    return Slower(paced, ends)


def _elsewhere(
    registry: Registry, first: Option, contacts: int, hours: float, occasion: Occasion, shares: ContactShares
) -> Elsewhere | None:
    """Where customers would really be led if the first channel were called busy; None when that is no help."""
    if first.reason is Reason.BUSY:
        return None
    slug = first.contact_channel.slug
    stored = registry.channels[slug]
    busy = replace(stored, status=ContactStatus.BUSY, status_until=None, overrides=())
    other = _first(replace(registry, channels=MappingProxyType({**registry.channels, slug: busy})), occasion)
    if other is None or other.contact_channel.slug == slug or not other.open or other.reason is Reason.BUSY:
        return None
    if occasion.need != EMERGENCY_NEED and other.contact_channel.slug == _emergency_line(registry, occasion):
        return None
    rate = takes_per_hour(other.contact_channel.capacity, shares)
    if rate is not None and contacts > _can_take(other, rate, occasion.at, hours):
        return None
    return Elsewhere(slug, other.contact_channel.slug, _quarter(occasion.at, hours), rate is not None)


def _emergency_line(registry: Registry, occasion: Occasion) -> str:
    """It must stay free."""
    first = _first(registry, replace(occasion, need=EMERGENCY_NEED)) if EMERGENCY_NEED in registry.needs else None
    return first.contact_channel.slug if first else ""


def _quarter(at: datetime, hours: float) -> datetime:
    """The end of these hours, on the next quarter of an hour."""
    ends = at + timedelta(hours=hours)
    past = timedelta(minutes=ends.minute % 15, seconds=ends.second, microseconds=ends.microsecond)
    return ends if not past else ends - past + _QUARTER


def _rounded(value: float) -> int:
    """Down to two figures: 8,347 -> 8,300. A guess should not look like a measurement."""
    whole = int(value)
    step: int = 10 ** max(0, len(str(whole)) - 2)
    return whole // step * step


def _figures(read: Reader, name: str, kind: type[Kind]) -> dict[Kind, float]:
    known = {str(one.value): one for one in kind}
    found = _numbers(read, name)
    for word in found.keys() - known.keys():
        read.problem("unknown_word", read.path(name), f"names “{word}”", f"Use: {', '.join(known)}.")
    return {known[word]: number for word, number in found.items() if word in known}


def _numbers(read: Reader, name: str) -> dict[str, float]:
    inner = read.mapping(name)
    return {word: number for word in inner if (number := _checked(read, f"{name}.{word}", inner[word])) is not None}


def _number(read: Reader, name: str, usual: float) -> float:
    number = _checked(read, name, read.raw(name)) if read.has(name) else None
    return number or usual


def _checked(read: Reader, name: str, value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1_000:
        return float(value)
    read.problem("not_a_number", read.path(name), "must be a number from 0 to 1,000", "Give a number without quotes.")
    return None
