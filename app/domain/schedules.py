"""A schedule as staff hand it in: when it fires, for which crises, what it says, and what it may do by itself."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from app.domain.crisis import Stage
from app.domain.cron import Cron, read_cron
from app.domain.reading import Reader, is_timezone, iso
from app.domain.recurrence import (
    PRESETS,
    UNREMARKABLE,
    Interval,
    Once,
    Recurrence,
    read_interval,
    read_length,
    read_once,
    shortest_distance,
)
from app.domain.recurrence_words import ENGLISH, Tongue, length_words, recurrence_words
from app.errors import Invalid, Problem

LATE: Final = timedelta(minutes=15)
"""What is later than this is not sent unless the schedule says otherwise."""
LATE_MOST: Final = timedelta(days=1)
ASK_BEFORE: Final = timedelta(minutes=10)
MOST_FIRINGS: Final = 1_000_000
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

SHOWN: Final = 5
"""Fire times that are shown before anybody relies on it."""


class Policy(StrEnum):
    """What a firing may do by itself."""

    ASK = "ask"
    """Staff are asked beforehand; without an answer nothing leaves and the next one of staff is told."""
    NO_CHANGE = "no_change"
    """Staff are asked; without an answer the website says that nothing has changed and when more comes."""
    APPROVED = "approved"
    """It goes by itself: the playbook's words were approved for it in advance, only typed values change."""

    @property
    def asks(self) -> bool:
        return self is not Policy.APPROVED

    @property
    def needs_approval(self) -> bool:
        """Whether a second person must approve the schedule before it may send anything by itself."""
        return self is not Policy.ASK


@dataclass(frozen=True, slots=True)
class Schedule:
    """Well-formed. `crisis` and `playbook` empty: a standing one, for every open crisis."""

    slug: str
    recurrence: Recurrence
    timezone: str
    crisis: str = ""
    playbook: str = ""
    """Every open crisis of that playbook."""
    start: datetime | None = None
    """Nothing fires before; intervals count from here."""
    end: datetime | None = None
    """Nothing fires after."""
    count: int | None = None
    """It fires so many times at most; a missed slot is not a time."""
    late: timedelta = LATE
    often: bool = False
    policy: Policy = Policy.ASK
    ask_before: timedelta = ASK_BEFORE
    stage: Stage = Stage.PROGRESS
    audience: str = ""
    endpoints: tuple[str, ...] = ()
    """() = those of the crisis's last update."""
    languages: tuple[str, ...] = ()
    """() = all the playbook is written in."""
    variables: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Values for what no fact fills; a fact of the same name comes first."""

    @classmethod
    def from_document(cls, document: object, now: datetime | None = None) -> Schedule:
        """Raise Invalid with one Problem per fault.

        `now` is where intervals without `start` begin, and something must come after it; what is stored is read
        without, because it may have ended.
        """
        read = Reader(document)
        read.only(*FIELDS)
        timezone = _timezone(read)
        start, end = _second(read.instant("start")), read.instant("end")
        late = _length(read, "late", LATE)
        ask_before = _length(read, "ask_before", ASK_BEFORE)
        made = cls(
            slug=read.slug(),
            recurrence=_recurrence(read, timezone, start or _second(now) or _BEGINNING),
            timezone=timezone,
            crisis=read.slug("crisis", required=False),
            playbook=read.slug("playbook", required=False),
            start=start,
            end=end,
            count=read.number("count", 1, MOST_FIRINGS),
            late=late,
            often=read.flag("often"),
            policy=read.choice("policy", Policy, Policy.ASK),
            ask_before=ask_before,
            stage=read.choice("stage", Stage, Stage.PROGRESS),
            audience=read.slug("audience", required=False),
            endpoints=read.strings("endpoints", most=200, longest=64),
            languages=read.languages(),
            variables=MappingProxyType(dict(read.mapping("variables"))),
        )
        made._check(read, now)
        read.done()
        return made

    def to_document(self) -> dict[str, object]:
        """The contract's shape, every field present; read back it is the same schedule, whenever that is."""
        given = self.recurrence
        start = self.start or (given.start if isinstance(given, Interval) else None)
        return {
            "slug": self.slug,
            "crisis": self.crisis or None,
            "playbook": self.playbook or None,
            "cron": given.text if isinstance(given, Cron) else None,
            "every": given.text if isinstance(given, Interval) else None,
            "at": iso(given.at) if isinstance(given, Once) else None,
            "timezone": self.timezone,
            "start": iso(start) if start else None,
            "end": iso(self.end) if self.end else None,
            "count": self.count,
            "late": short(self.late),
            "often": self.often,
            "policy": self.policy.value,
            "ask_before": short(self.ask_before),
            "stage": self.stage.value,
            "audience": self.audience or None,
            "endpoints": list(self.endpoints),
            "languages": list(self.languages),
            "variables": dict(self.variables),
        }

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def lead(self) -> timedelta:
        """How long before its time the draft is made and staff are asked."""
        return self.ask_before if self.policy.asks else timedelta()

    @property
    def words(self) -> str:
        """When it fires, in English for staff."""
        return self.said(ENGLISH)

    def said(self, tongue: Tongue) -> str:
        parts = [recurrence_words(self.recurrence, self.timezone, tongue)]
        if self.count is not None:
            parts.append(tongue.ngettext("one time", "%(num)d times at most", self.count) % {"num": self.count})
        if self.end is not None:
            end = self.end.astimezone(self.zone)
            gaps = {"day": tongue.day(end, weekday=False), "time": tongue.clock(end.timetz().replace(tzinfo=None))}
            parts.append(tongue.say("until %(day)s %(time)s") % gaps)
        said = parts[0]
        for part in parts[1:]:
            said = tongue.say("%(first)s, %(second)s") % {"first": said, "second": part}
        gaps = {"often": said, "length": length_words(self.late, tongue)}
        return tongue.say("%(often)s; sent if less than %(length)s late") % gaps

    def next_after(self, after: datetime, fired: int = 0) -> datetime | None:
        """The first slot later than `after`; None when it has ended: nothing more comes, or it fired often enough."""
        if self.count is not None and fired >= self.count:
            return None
        if self.start is not None and after < self.start:
            after = self.start - timedelta(microseconds=1)  # a slot at the very start counts
        slot = self.recurrence.next_after(after, self.zone)
        return None if slot is None or (self.end is not None and slot > self.end) else slot

    def upcoming(self, now: datetime, fired: int = 0, most: int = SHOWN) -> tuple[datetime, ...]:
        """The next slots, the first one first; fewer when it ends."""
        slots: list[datetime] = []
        while len(slots) < most and (slot := self.next_after(slots[-1] if slots else now, fired + len(slots))):
            slots.append(slot)
        return tuple(slots)

    def _check(self, read: Reader, now: datetime | None) -> None:
        def refuse(code: str, at: str, sentence: str, remedy: str) -> None:
            read.problems.append(Problem(code, sentence, at, remedy))

        if self.crisis and self.playbook:
            refuse("two_scopes", "crisis", "It names a crisis and a playbook.", "Name one of them, or neither.")
        if self.start and self.end and self.end <= self.start:
            refuse("end_before_start", "end", "The end is not after the start.", "Choose a later end.")
        if shortest_distance(self.recurrence) < UNREMARKABLE and not self.often:
            sentence = "It would fire more often than every minute."
            refuse("too_often", "often", sentence, "Choose 1m or longer, or set “often” if you mean it.")
        if now and not read.problems and self.next_after(now) is None:
            refuse("never_fires", "end", "It would never fire: all its times are past.", "Choose a later time or end.")


FIELDS: Final = (
    "slug", "crisis", "playbook", "cron", "every", "at", "preset", "timezone", "start", "end", "count", "late", "often",
    "policy", "ask_before", "stage", "audience", "endpoints", "languages", "variables",
)  # fmt: skip


def short(length: timedelta) -> str:
    """`90m`: what `read_length` reads."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _second(at: datetime | None) -> datetime | None:
    """Slots are whole seconds: a store keeps milliseconds, and a slot must be the same one when it comes back."""
    return at and at.replace(microsecond=0)


def _timezone(read: Reader) -> str:
    """An IANA name; a near miss is answered with what was probably meant."""
    name = read.text("timezone", longest=64, lines=False) or "UTC"
    if is_timezone(name):
        return name
    near = difflib.get_close_matches(name.title().replace(" ", "_"), available_timezones(), 3, 0.6)
    remedy = f"Perhaps {', '.join(near)}." if near else "Use an IANA name: Asia/Kolkata."
    read.problem("bad_timezone", "timezone", f"“{name}” is not a time zone", remedy)
    return "UTC"


def _recurrence(read: Reader, timezone: str, start: datetime) -> Recurrence:
    """A harmless one after noting a problem."""
    try:
        return _given_recurrence(read, ZoneInfo(timezone), start)
    except Invalid as fault:
        read.problems.extend(fault.problems)
        return read_interval("1h", start)


def _given_recurrence(read: Reader, zone: ZoneInfo, start: datetime) -> Recurrence:
    given = {name: read.text(name, longest=200, lines=False) for name in ("cron", "every", "at", "preset")}
    if len([text for text in given.values() if text]) != 1:
        remedy = "Give cron (“30 8 * * mon-fri”), every (“30m”), at (“2026-11-22T14:30”) or preset, one of them."
        raise Invalid(Problem("when_missing", "It must say once when it fires.", "cron", remedy))
    if given["cron"]:
        return read_cron(given["cron"])
    if given["at"]:
        return read_once(given["at"], zone)
    if given["every"]:
        return read_interval(given["every"], start)
    if given["preset"] not in PRESETS:
        remedy = f"Use one of: {', '.join(PRESETS)}."
        raise Invalid(Problem("unknown_preset", f"There is no preset “{given['preset']}”.", "preset", remedy))
    return read_interval(PRESETS[given["preset"]], start)


def _length(read: Reader, name: str, default: timedelta) -> timedelta:
    text = read.text(name, longest=20, lines=False)
    if not text:
        return default
    try:
        length = read_length(text, name)
    except Invalid as fault:
        read.problems.extend(fault.problems)
        return default
    if length > LATE_MOST:
        read.problem("bad_duration", name, "is more than a day", "Choose 1d or less.")
    return length
