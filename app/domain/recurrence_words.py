"""When something happens again, said in a language: English here, any other with a catalogue of these messages."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from app.domain.cron import Cron
from app.domain.cron_words import CronSaid, Rhythm, Runs, cron_said
from app.domain.recurrence import Once, Recurrence, Step

_DAY: Final = 86_400
_UNITS: Final[tuple[tuple[int, str], ...]] = ((_DAY, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


class Tongue(Protocol):
    """A language: gettext's two functions, and how it writes what stands in the gaps."""

    def say(self, message: str) -> str: ...

    def ngettext(self, one: str, many: str, number: int) -> str: ...

    def weekday(self, number: int) -> str:
        """0 is Sunday."""

    def month(self, number: int) -> str: ...

    def day(self, at: datetime, *, weekday: bool = True) -> str:
        """With the year, by the clocks that `at` has."""

    def clock(self, at: time) -> str: ...

    def listed(self, words: Sequence[str]) -> str:
        """“a, b and c”."""


class English:
    """The messages themselves."""

    def say(self, message: str) -> str:
        return message

    def ngettext(self, one: str, many: str, number: int) -> str:
        return one if number == 1 else many

    def weekday(self, number: int) -> str:
        return calendar.day_name[(number - 1) % 7]

    def month(self, number: int) -> str:
        return calendar.month_name[number]

    def day(self, at: datetime, *, weekday: bool = True) -> str:
        return f"{at:%A %d %B %Y}" if weekday else f"{at:%d %B %Y}"

    def clock(self, at: time) -> str:
        return f"{at:%H:%M}"

    def listed(self, words: Sequence[str]) -> str:
        return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


ENGLISH: Final = English()


def recurrence_words(recurrence: Recurrence, timezone: str, tongue: Tongue = ENGLISH) -> str:
    """One line for staff, with the zone where the clock matters."""
    if isinstance(recurrence, Once):
        at = recurrence.at.astimezone(ZoneInfo(timezone))
        day, clock = tongue.day(at), tongue.clock(at.timetz().replace(tzinfo=None))
        return tongue.say("once, %(day)s at %(time)s (%(zone)s)") % {"day": day, "time": clock, "zone": timezone}
    if isinstance(recurrence, Cron):
        return tongue.say("%(often)s (%(zone)s)") % {"often": cron_words(recurrence, tongue), "zone": timezone}
    said = _step(recurrence.steps[0], tongue)
    for step in recurrence.steps[1:]:
        said = tongue.say("%(first)s, then %(second)s") % {"first": said, "second": _step(step, tongue)}
    return said


def cron_words(cron: Cron, tongue: Tongue = ENGLISH) -> str:
    """“every 15 minutes, on Monday to Friday”."""
    what = cron_said(cron)
    said = _RHYTHMS[what.rhythm](what, tongue)
    for part in (_days(what, tongue), _months(what, tongue)):
        if part:
            said = tongue.say("%(first)s, %(second)s") % {"first": said, "second": part}
    return said


def length_words(length: timedelta, tongue: Tongue = ENGLISH) -> str:
    """“1 hour and 30 minutes”; a day is “24 hours”."""
    if length == timedelta(days=1):
        length, units = timedelta(hours=24), _UNITS[1:]
    else:
        units = _UNITS
    left, said = int(length.total_seconds()), []
    for size, unit in units:
        count, left = divmod(left, size)
        if count:
            said.append(_count(unit, count, tongue))
    return tongue.listed(said)


def _count(unit: str, count: int, tongue: Tongue) -> str:
    counted = {
        "day": tongue.ngettext("%(num)d day", "%(num)d days", count),
        "hour": tongue.ngettext("%(num)d hour", "%(num)d hours", count),
        "minute": tongue.ngettext("%(num)d minute", "%(num)d minutes", count),
        "second": tongue.ngettext("%(num)d second", "%(num)d seconds", count),
    }
    return counted[unit] % {"num": count}


def _every(length: timedelta, tongue: Tongue) -> str:
    """A length of one unit is a message of its own: other languages bend “every” by what follows."""
    seconds = int(length.total_seconds())
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size)
    count, rest = divmod(seconds, size)
    if rest:
        return tongue.say("every %(length)s") % {"length": length_words(length, tongue)}
    every = {
        "day": tongue.ngettext("every day", "every %(num)d days", count),
        "hour": tongue.ngettext("every hour", "every %(num)d hours", count),
        "minute": tongue.ngettext("every minute", "every %(num)d minutes", count),
        "second": tongue.ngettext("every second", "every %(num)d seconds", count),
    }
    return every[unit] % {"num": count}


def _step(step: Step, tongue: Tongue) -> str:
    often = _every(step.every, tongue)
    if step.until is None:
        return often
    gaps = {"often": often, "length": length_words(step.until, tongue)}
    return tongue.say("%(often)s until %(length)s after the start") % gaps


def _every_hour(_what: CronSaid, tongue: Tongue) -> str:
    return tongue.ngettext("every hour", "every %(num)d hours", 1) % {"num": 1}


def _every_minutes(what: CronSaid, tongue: Tongue) -> str:
    return tongue.ngettext("every minute", "every %(num)d minutes", what.step) % {"num": what.step}


def _at_minutes(what: CronSaid, tongue: Tongue) -> str:
    said = tongue.ngettext("every hour at minute %(minutes)s", "every hour at minutes %(minutes)s", _many(what.minutes))
    return said % {"minutes": _numbers(what.minutes, tongue)}


def _at_times(what: CronSaid, tongue: Tongue) -> str:
    return tongue.say("at %(times)s") % {"times": tongue.listed([tongue.clock(time(*one)) for one in what.times])}


def _every_hours(what: CronSaid, tongue: Tongue) -> str:
    said = tongue.ngettext("every hour from midnight", "every %(num)d hours from midnight", what.step)
    return said % {"num": what.step}


def _every_minutes_in_hours(what: CronSaid, tongue: Tongue) -> str:
    said = tongue.ngettext(
        "every minute in the hours %(hours)s", "every %(num)d minutes in the hours %(hours)s", what.step
    )
    return said % {"num": what.step, "hours": _hours(what.hours, tongue)}


def _at_minutes_in_hours(what: CronSaid, tongue: Tongue) -> str:
    said = tongue.ngettext(
        "at minute %(minutes)s of the hours %(hours)s", "at minutes %(minutes)s of the hours %(hours)s",
        _many(what.minutes),
    )  # fmt: skip
    return said % {"minutes": _numbers(what.minutes, tongue), "hours": _hours(what.hours, tongue)}


_RHYTHMS: Final[Mapping[Rhythm, Callable[[CronSaid, Tongue], str]]] = {
    Rhythm.EVERY_MINUTES: _every_minutes,
    Rhythm.EVERY_HOUR: _every_hour,
    Rhythm.AT_MINUTES: _at_minutes,
    Rhythm.AT_TIMES: _at_times,
    Rhythm.EVERY_HOURS: _every_hours,
    Rhythm.EVERY_MINUTES_IN_HOURS: _every_minutes_in_hours,
    Rhythm.AT_MINUTES_IN_HOURS: _at_minutes_in_hours,
}


def _days(what: CronSaid, tongue: Tongue) -> str:
    days, weekdays = _numbers(what.days, tongue), _runs(what.weekdays, tongue.weekday, tongue)
    if days and weekdays:
        if what.either:
            said = tongue.say("on day %(days)s of the month and also on %(weekdays)s")
        else:
            said = tongue.say("on day %(days)s of the month if it is %(weekdays)s")
    elif days:
        said = tongue.say("on day %(days)s of the month")
    else:
        said = tongue.say("on %(weekdays)s") if weekdays else ""
    return said % {"days": days, "weekdays": weekdays}


def _months(what: CronSaid, tongue: Tongue) -> str:
    return tongue.say("in %(months)s") % {"months": _runs(what.months, tongue.month, tongue)} if what.months else ""


def _numbers(what: Runs, tongue: Tongue) -> str:
    return _runs(what, str, tongue)


def _hours(what: Runs, tongue: Tongue) -> str:
    return _runs(what, lambda hour: f"{hour:02d}", tongue)


def _runs(what: Runs, say: Callable[[int], str], tongue: Tongue) -> str:
    """Runs of three and more as “a to b”."""
    through = tongue.say("%(first)s to %(last)s")
    return tongue.listed(
        [say(first) if first == last else through % {"first": say(first), "last": say(last)} for first, last in what]
    )


def _many(what: Runs) -> int:
    return sum(last - first + 1 for first, last in what)
