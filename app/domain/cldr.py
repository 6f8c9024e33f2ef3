"""Times, durations and numbers as each language writes them (CLDR, by Babel), made safe for a text message.

Spaces are plain and invisible marks are dropped: CLDR's narrow no-break space alone would turn an
English SMS into UCS-2 and more than double its price.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton, format_time, format_timedelta, get_day_names, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

_SPACES: Final = re.compile("[\u00a0\u202f\u2009]")
_INVISIBLE: Final = re.compile("[\u200b\u200e\u200f\u061c]")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@lru_cache(maxsize=64)
def locale(language: str) -> Locale:
    """Babel's locale for a BCP 47 code; English when CLDR does not know the language."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def zone_text(at: datetime, timezone: str, language: str, *, long: bool = False) -> str:
    """The zone a reader can tell apart from their own: “CET”, “UTC+5:30”, or with `long` “India Time”.

    Letters such as CET are English; other languages get the offset in the short form.
    """
    local = at.astimezone(ZoneInfo(timezone))
    if long:
        return _plain(get_timezone_name(ZoneInfo(timezone), "long", locale=locale(language)))
    name = local.tzname() or ""
    if language.split("-", maxsplit=1)[0] == "en" and name.isalpha():
        return name
    offset = local.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return "UTC" if not minutes else f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


def clock_text(at: datetime, timezone: str, language: str) -> str:
    """Hours and minutes only: “2:30 PM”, “14:30”."""
    return _plain(format_time(at, "short", tzinfo=ZoneInfo(timezone), locale=locale(language)))


def date_text(at: datetime, timezone: str, language: str) -> str:
    """The full day: “Sunday, November 22, 2026”."""
    return _plain(format_date(at.astimezone(ZoneInfo(timezone)), "full", locale=locale(language)))


def month_text(at: datetime, timezone: str, language: str) -> str:
    """“November 2026”."""
    local = at.astimezone(ZoneInfo(timezone))
    return _plain(format_skeleton("yMMMM", local, tzinfo=ZoneInfo(timezone), locale=locale(language)))


def locale_text(language: str) -> str:
    """As Open Graph writes a language, with its most likely country: en_US, gu_IN; without one the language alone."""
    parts = language.split("-")
    if len(parts) > 1:
        return f"{parts[0]}_{parts[-1].upper()}"
    likely = str(get_global("likely_subtags").get(language, "")).split("_")
    return f"{language}_{likely[-1]}" if len(likely) == 3 and likely[-1].isalpha() else language


def moment_text(at: datetime, timezone: str, language: str, *, now: datetime | None = None, zone: bool = True) -> str:
    """A time as people say it: with the day unless `now` falls on the same local day, and with the zone."""
    here = ZoneInfo(timezone)
    text = clock_text(at, timezone, language)
    if now is None or at.astimezone(here).date() != now.astimezone(here).date():
        day = _plain(format_skeleton("MMMEd", at.astimezone(here), tzinfo=here, locale=locale(language)))
        glue = str(locale(language).datetime_formats["short"])
        text = glue.replace("{1}", day).replace("{0}", text)
    return f"{text} {zone_text(at, timezone, language)}" if zone else text


def duration_text(duration: timedelta, language: str) -> str:
    """Days, hours and minutes in words, the two largest: “1 hour 30 minutes”. Under a minute counts as one."""
    seconds = max(_MINUTE, int(duration.total_seconds()))
    days, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes = rest // _MINUTE
    parts = [(days, _DAY, "day"), (hours, _HOUR, "hour"), (minutes, _MINUTE, "minute")]
    spoken = [_unit(count * size, unit, language) for count, size, unit in parts if count][:2]
    if len(spoken) == 1:
        return spoken[0]
    return list_text(spoken, language)


def _unit(seconds: int, unit: str, language: str) -> str:
    text = format_timedelta(
        timedelta(seconds=seconds),
        granularity=unit,  # type: ignore[arg-type]  # Babel wants a Literal; the three values above are in it
        threshold=10_000,
        locale=locale(language),
    )
    return _plain(text)


@lru_cache(maxsize=128)
def short_unit(unit: str, language: str) -> str:
    """How a number of minutes or hours is written where there is little room: “{n} min”. `unit`: minute | hour."""
    many = 25  # languages with several plurals mostly write the short form the same way for all of them
    return _plain(format_unit(many, f"duration-{unit}", "short", locale=locale(language))).replace(str(many), "{n}")


@lru_cache(maxsize=64)
def weekdays(language: str) -> tuple[str, ...]:
    """Short names of the days from Sunday on, as JavaScript counts them."""
    names = get_day_names("abbreviated", "format", locale=locale(language))
    return tuple(_plain(names[(day + 6) % 7]) for day in range(7))


def number_text(number: float | Decimal, language: str) -> str:
    return _plain(format_decimal(number, locale=locale(language)))


def list_text(items: Sequence[str], language: str) -> str:
    """“Lao, English, and Gujarati”, with the language's own commas and “and”."""
    return _plain(format_list(list(items), style="standard", locale=locale(language)))


def language_name(language: str, in_language: str) -> str:
    """“Lao”, “ລາວ”: the name of a language in another one, its code when CLDR has none."""
    return _plain(locale(in_language).languages.get(language.replace("-", "_"), language))


def _plain(text: str) -> str:
    return _INVISIBLE.sub("", _SPACES.sub(" ", text))
