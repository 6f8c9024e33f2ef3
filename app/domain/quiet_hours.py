"""When good news lets people sleep: hours of the night in which it waits, by the clock on each reader's own wall.

A moment is quiet exactly when the wall clock in the reader's zone shows a minute of these hours: an hour that comes
twice is quiet twice, one that is skipped is not waited for. Bad news never waits, and neither does a correction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.crisis import Severity, Stage
from app.domain.message import Medium
from app.domain.reading import is_timezone
from app.errors import Problem

MEDIA: Final = frozenset({Medium.SMS, Medium.VOICE, Medium.PUSH, Medium.CHAT})
"""What wakes somebody; an e-mail does not."""
MAY_WAIT: Final = frozenset(Severity) - {Severity.EMERGENCY}
GOOD_STAGES: Final = frozenset({Stage.PROGRESS, Stage.RESOLVED, Stage.FOLLOWUP})
WAITS_FOR_MORNING: Final = "quiet_hours"
WAITS_PAST_EXPIRY: Final = "quiet_hours_past_expiry"
"""The words expire before the reader's quiet hours end: unless somebody sends them now, they end as expired."""
REASONS: Final = (WAITS_FOR_MORNING, WAITS_PAST_EXPIRY)

_DAY: Final = 24 * 60
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_A_MINUTE: Final = timedelta(minutes=1)
_FIELDS: Final = ("from", "until", "media", "severities", "timezone")


class News(StrEnum):
    """What its author says an update is; without that its stage tells."""

    GOOD = "good"
    BAD = "bad"


class Ruling(StrEnum):
    """Whether an update waits for its readers' morning, and why not."""

    WAITS = "good_news_waits"
    NO_QUIET_HOURS = "no_quiet_hours"
    EMERGENCY = "emergency_never_waits"
    SAFETY_OF_LIFE = "safety_of_life_never_waits"
    CORRECTION = "correction_never_waits"
    BAD_NEWS = "bad_news_never_waits"
    SEVERITY = "severity_does_not_wait"
    DRILL = "drill_wakes_nobody"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """`begins` and `ends` in minutes of the day; over midnight when it ends before it begins."""

    begins: int
    ends: int
    media: frozenset[Medium] = MEDIA
    severities: frozenset[Severity] = MAY_WAIT
    """Crises of these wait."""
    zone: str = ""
    """Of addresses whose people are not known, such as a chat room; "" = those do not wait."""

    def covers(self, minute: int) -> bool:
        if self.begins < self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends

    def to_document(self) -> dict[str, object] | bool:
        if not self.media:
            return False
        place = {"timezone": self.zone} if self.zone else {}
        return {
            "from": clock_text(self.begins),
            "until": clock_text(self.ends),
            "media": sorted(self.media),
            "severities": [one.value for one in Severity if one in self.severities],
            **place,
        }


NOBODY_WAITS: Final = QuietHours(0, 0, frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Saying:
    """An update, as far as it matters to those asleep."""

    stage: Stage
    severity: Severity
    news: News | None = None
    safety_of_life: bool = False
    corrects: bool = False
    drill: bool = False


def rule(hours: QuietHours | None, saying: Saying) -> Ruling:
    """The first reason that applies. Whoever says that it is good news cannot make an emergency wait."""
    if saying.drill:
        return Ruling.DRILL
    if saying.corrects or saying.stage is Stage.CORRECTION:
        return Ruling.CORRECTION
    if saying.safety_of_life:
        return Ruling.SAFETY_OF_LIFE
    if saying.severity is Severity.EMERGENCY:
        return Ruling.EMERGENCY
    if saying.news is News.BAD or (saying.news is None and saying.stage not in GOOD_STAGES):
        return Ruling.BAD_NEWS
    if hours is None or not hours.media:
        return Ruling.NO_QUIET_HOURS
    return Ruling.WAITS if saying.severity in hours.severities else Ruling.SEVERITY


def quiet_until(hours: QuietHours, zone: str, at: datetime) -> datetime | None:
    """When the quiet hours end in which it is `at` there, UTC; None when it is not quiet.

    A zone nobody knows (any more) counts as UTC.
    """
    return _until(hours.begins, hours.ends, zone, int(at.timestamp()) // 60)


@lru_cache(maxsize=16_384)
def _until(begins: int, ends: int, zone: str, minute: int) -> datetime | None:
    """Hours begin and end with whole minutes, so the answer is the same throughout one."""
    hours, place = QuietHours(begins, ends), _place(zone)
    at = datetime.fromtimestamp(minute * 60, UTC)
    if not hours.covers(_shown(at, place)):
        return None
    for _ in range(3):  # a change of the clocks at most, and the end
        end = at + timedelta(minutes=(ends - _shown(at, place)) % _DAY)
        if _offset(at, place) == _offset(end, place):
            return end
        at = _change(at, end, place)
        if not hours.covers(_shown(at, place)):
            return at
    return at


def shared(untils: Iterable[datetime | None]) -> datetime | None:
    """For an address that several people share: it is quiet while it is quiet for any of them."""
    return max((one for one in untils if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Who would wait if it were sent now."""

    people: int
    zones: int
    first: datetime
    last: datetime
    lost: int = 0
    """Of `people`, those for whom it expires before their quiet hours end."""
    ends: str = ""
    """What the readers' clocks show then: "07:00"."""


def foresee(hours: QuietHours, zones: Mapping[str, int], at: datetime, expires_at: datetime) -> Foreseen | None:
    """`zones`: people by time zone. None when it is quiet for nobody."""
    waiting = [(until, number) for zone, number in zones.items() if number and (until := quiet_until(hours, zone, at))]
    if not waiting:
        return None
    untils = [until for until, _ in waiting]
    lost = sum(number for until, number in waiting if until >= expires_at)
    people = sum(number for _, number in waiting)
    return Foreseen(people, len(waiting), min(untils), max(untils), lost, clock_text(hours.ends))


def read_quiet_hours(raw: object, field: str, problems: list[Problem]) -> QuietHours | None:
    """None = not said; `false` = nobody waits. Notes a problem for what cannot be."""
    if raw is None or raw is False:
        return None if raw is None else NOBODY_WAITS
    if not isinstance(raw, Mapping) or set(raw) - set(_FIELDS):
        remedy = 'Write it as {"from": "22:00", "until": "07:00"}, or false for none.'
        problems.append(Problem("bad_quiet_hours", f"“{field}” is no quiet hours.", field, remedy))
        return None
    begins, ends = (_minute(raw.get(name), f"{field}.{name}", problems) for name in _FIELDS[:2])
    if begins is not None and begins == ends:
        sentence = "Quiet hours that end when they begin would be the whole day."
        problems.append(Problem("bad_quiet_hours", sentence, f"{field}.until", "Give another end."))
    media = _among(raw.get("media"), f"{field}.media", [one.value for one in Medium], problems)
    severities = _among(raw.get("severities"), f"{field}.severities", [one.value for one in Severity], problems)
    if severities is not None and Severity.EMERGENCY.value in severities:
        sentence = "An emergency never waits."
        problems.append(Problem("emergency_never_waits", sentence, f"{field}.severities", "Leave it out."))
    zone = raw.get("timezone") or ""
    if zone and not is_timezone(str(zone)):
        sentence = f"“{field}.timezone” is no time zone."
        problems.append(Problem("bad_timezone", sentence, f"{field}.timezone", "Use an IANA name: Asia/Kolkata."))
    return QuietHours(
        begins or 0,
        ends or 0,
        MEDIA if media is None else frozenset(map(Medium, media)),
        MAY_WAIT if severities is None else frozenset(map(Severity, severities)),
        str(zone),
    )


def clock_text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _minute(raw: object, field: str, problems: list[Problem]) -> int | None:
    found = _CLOCK.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        problems.append(Problem("bad_clock_time", f"“{field}” is no time of the day.", field, "Write it as 22:00."))
        return None
    return int(found[1]) * 60 + int(found[2])


def _among(raw: object, field: str, known: list[str], problems: list[Problem]) -> list[str] | None:
    if raw is None:
        return None
    if not isinstance(raw, list | tuple) or not raw or set(map(str, raw)) - set(known):
        remedy = f"Use some of: {', '.join(known)}."
        problems.append(Problem("unknown_choice", f"“{field}” names what is not known here.", field, remedy))
        return None
    return [str(one) for one in raw]


@lru_cache(maxsize=1_024)
def _place(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _shown(at: datetime, place: ZoneInfo) -> int:
    local = at.astimezone(place)
    return local.hour * 60 + local.minute


def _offset(at: datetime, place: ZoneInfo) -> timedelta | None:
    return at.astimezone(place).utcoffset()


def _change(before: datetime, after: datetime, place: ZoneInfo) -> datetime:
    """The first minute with another offset than `before` has, at most `after`."""
    was = _offset(before, place)
    while after - before > _A_MINUTE:
        middle = before + timedelta(minutes=(after - before) // _A_MINUTE // 2)
        before, after = (middle, after) if _offset(middle, place) == was else (before, middle)
    return after
