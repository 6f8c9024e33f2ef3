"""Public holidays by country and region, from the `holidays` package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from app.domain.reading import Reader
from app.domain.week import Slot, overlap_of_day, read_slots

CLOSED: Final = "closed"
OPEN: Final = "open"
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_ANY_YEAR: Final = 2026


@dataclass(frozen=True, slots=True)
class Holidays:
    """Which days are public holidays at a contact channel, and what holds on them."""

    country: str
    """ISO 3166-1 code: IN, LA, GB."""
    region: str = ""
    """A subdivision of the country: GJ, ENG. "" = the days of the whole country only."""
    hours: str = CLOSED
    """`closed`, `open` (the weekly hours hold), or the times of such a day: 10:00-14:00."""

    @classmethod
    def read(cls, read: Reader, field: str = "holidays") -> Holidays | None:
        """None when the document has none, or a faulty one (its faults are noted)."""
        given = read.mapping(field)
        if not given:
            return None
        inner = Reader(given, read.path(field), read.problems)
        inner.only("country", "region", "hours")
        before = len(read.problems)
        found = cls(
            inner.text("country", required=True, longest=2, lines=False).upper(),
            inner.text("region", longest=32, lines=False),
            inner.text("hours", longest=200, lines=False) or CLOSED,
        )
        if len(read.problems) == before:
            found._check(inner)
        return found if len(read.problems) == before else None

    def _check(self, read: Reader) -> None:
        if not is_supported(self.country):
            read.problem(
                "country_not_supported",
                read.path("country"),
                f"names “{self.country}”, a country whose public holidays are not known here",
                f"Known: {', '.join(supported_countries())}. For any other country list the days in exceptions.",
            )
        elif not is_supported(self.country, self.region):
            known = ", ".join(supported_regions(self.country)) or f"none, leave it out for {self.country}"
            read.problem(
                "region_not_supported",
                read.path("region"),
                f"names “{self.region}”, which is not a known region of {self.country}",
                f"Known: {known}. Other days go into exceptions.",
            )
        if self.hours not in (CLOSED, OPEN):
            slots = read_slots(self.hours)
            if slots is None:
                read.problem("bad_hours", read.path("hours"), "is not closed, open or times", "Write 10:00-14:00.")
            elif overlap_of_day(slots):
                read.problem("overlapping_hours", read.path("hours"), "has times that overlap", "Join them.")

    @property
    def slots(self) -> tuple[Slot, ...] | None:
        """The times of a holiday, empty = closed; None = the weekly hours hold."""
        if self.hours == OPEN:
            return None
        return () if self.hours == CLOSED else read_slots(self.hours)

    def include(self, day: date) -> bool:
        return day in holiday_names(self.country, self.region, day.year)

    def to_document(self) -> dict[str, object]:
        return {"country": self.country, "region": self.region, "hours": self.hours}


def is_supported(country: str, region: str = "") -> bool:
    if not _COUNTRY.fullmatch(country):
        return False
    import holidays as calendar  # 0.1 s and the calendars of the world: for those who ask about a country

    try:
        calendar.country_holidays(country, subdiv=region or None, years=_ANY_YEAR)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=1)
def supported_countries() -> tuple[str, ...]:
    import holidays as calendar

    return tuple(sorted(calendar.list_supported_countries(include_aliases=False)))


def supported_regions(country: str) -> tuple[str, ...]:
    import holidays as calendar

    return tuple(sorted(calendar.list_supported_countries(include_aliases=False).get(country, ())))


@lru_cache(maxsize=1_024)
def holiday_names(country: str, region: str, year: int) -> dict[date, str]:
    """The public holidays of a year with their names, observed days included; names in the country's own words."""
    import holidays as calendar

    return dict(calendar.country_holidays(country, subdiv=region or None, years=year))
