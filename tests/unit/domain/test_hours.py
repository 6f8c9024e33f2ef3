from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.hours import Opening, check, intervals, opening
from app.errors import Invalid

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slow_is_open(rules: dict[int, tuple[int, int]], zone: ZoneInfo, at: datetime) -> bool:
    """Weekday -> (first minute, last minute exclusive, may run past midnight), read off the wall clock."""
    wall = at.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    today, yesterday = rules.get(wall.weekday()), rules.get((wall.weekday() - 1) % 7)
    return (today is not None and today[0] <= minute < today[1]) or (
        yesterday is not None and minute + 1440 < yesterday[1]
    )


def clock(minute: int) -> str:
    """24:00 is midnight at the end of the day; later ones belong to the next day."""
    shown = minute - 1440 if minute > 1440 else minute
    return f"{shown // 60:02}:{shown % 60:02}"


def osm(rules: dict[int, tuple[int, int]]) -> str:
    parts = [f"{DAYS[day]} {clock(first)}-{clock(last)}" for day, (first, last) in sorted(rules.items())]
    return ", ".join(parts) or "off"


@st.composite
def weeks(draw: st.DrawFn) -> dict[int, tuple[int, int]]:
    days = draw(st.sets(st.integers(0, 6), max_size=4))
    week = {}
    for day in sorted(days):
        first = draw(st.integers(0, 95)) * 15
        week[day] = (first, first + draw(st.integers(1, 60)) * 15)
    return week


# Spring and autumn in each place, and one ordinary week. Lord Howe moves by half an hour.
PLACES = st.sampled_from(
    [
        ("Europe/Berlin", date(2026, 3, 27)),
        ("Europe/Berlin", date(2026, 10, 23)),
        ("America/New_York", date(2026, 3, 6)),
        ("America/New_York", date(2026, 10, 30)),
        ("Australia/Lord_Howe", date(2026, 4, 3)),
        ("Africa/Casablanca", date(2026, 2, 13)),
        ("Asia/Kolkata", date(2026, 3, 10)),
        ("Asia/Vientiane", date(2026, 3, 10)),
        ("Pacific/Apia", date(2011, 12, 28)),  # a whole day skipped
    ]
)


@settings(max_examples=40, deadline=None)
@given(weeks(), PLACES)
def test_intervals_agree_with_reading_the_wall_clock_minute_by_minute(
    week: dict[int, tuple[int, int]], place: tuple[str, date]
) -> None:
    name, first_day = place
    zone = ZoneInfo(name)
    start = datetime.combine(first_day, datetime.min.time(), UTC)
    end = start + timedelta(days=4)
    slow: list[tuple[datetime, datetime]] = []
    at = start
    while at < end:
        if slow_is_open(week, zone, at):
            if slow and slow[-1][1] == at:
                slow[-1] = (slow[-1][0], at + MINUTE)
            else:
                slow.append((at, at + MINUTE))
        at += MINUTE
    assert list(intervals(osm(week), name, start, end)) == slow


@settings(max_examples=30, deadline=None)
@given(weeks(), PLACES, st.integers(0, 4 * 1440))
def test_opening_says_what_the_intervals_say(
    week: dict[int, tuple[int, int]], place: tuple[str, date], minutes: int
) -> None:
    name, first_day = place
    at = datetime.combine(first_day, datetime.min.time(), UTC) + minutes * MINUTE
    state = opening(osm(week), name, at)
    around = intervals(osm(week), name, at, at + timedelta(days=15))
    assert state.open == slow_is_open(week, ZoneInfo(name), at)
    if state.open:
        assert (state.closes_at, state.opens_at) == (around[0][1], None)
    else:
        assert (state.opens_at, state.closes_at) == (around[0][0] if around else None, None)


def test_a_weekday_line_is_open_in_its_own_time_zone() -> None:
    state = opening("Mo-Fr 09:00-17:00", "Asia/Kolkata", utc("2026-03-10T04:00"))
    assert state == Opening(open=True, closes_at=utc("2026-03-10T11:30"))


def test_on_friday_evening_the_next_opening_is_monday_morning() -> None:
    state = opening("Mo-Fr 09:00-17:00", "Europe/Berlin", utc("2026-03-27T18:00"))
    assert state == Opening(open=False, opens_at=utc("2026-03-30T07:00"))  # summer time has begun


def test_around_the_clock_never_closes() -> None:
    assert opening("24/7", "Europe/Berlin", utc("2026-03-27T18:00")) == Opening(open=True)
    assert opening("Mo-Su 00:00-24:00", "UTC", utc("2026-03-27T18:00")) == Opening(open=True)


def test_a_line_that_is_off_has_no_next_opening() -> None:
    assert opening("off", "UTC", utc("2026-03-27T18:00")) == Opening(open=False)


def test_a_night_shift_runs_past_midnight() -> None:
    assert opening("Fr 22:00-06:00", "UTC", utc("2026-03-28T05:00")) == Opening(True, None, utc("2026-03-28T06:00"))


def test_an_hour_that_comes_twice_is_open_twice_and_a_skipped_one_never() -> None:
    autumn = intervals("Su 02:15-02:45", "Europe/Berlin", utc("2026-10-24T22:00"), utc("2026-10-26T22:00"))
    assert autumn == (
        (utc("2026-10-25T00:15"), utc("2026-10-25T00:45")),
        (utc("2026-10-25T01:15"), utc("2026-10-25T01:45")),
    )
    assert intervals("Su 02:15-02:45", "Europe/Berlin", utc("2026-03-28T22:00"), utc("2026-03-30T22:00")) == ()


def test_the_closing_minute_is_closed() -> None:
    assert not opening("Mo-Fr 09:00-17:00", "UTC", utc("2026-03-10T17:00")).open
    assert opening("Mo-Fr 09:00-17:00", "UTC", utc("2026-03-10T09:00")).open


@pytest.mark.parametrize("hours", ["nonsense!", "", "Mo-Fr 25:00-26:99", "sunrise-sunset"])
def test_hours_that_cannot_be_evaluated_are_refused_with_an_example(hours: str) -> None:
    (problem,) = check(hours, "UTC")
    assert (problem.code, problem.field) == ("bad_hours", "hours")
    assert problem.remedy
    with pytest.raises(Invalid):
        opening(hours, "UTC", utc("2026-03-10T09:00"))


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "Asia", "../etc/passwd", "/etc/localtime", "UTC+2\0"])
def test_a_wrong_time_zone_is_refused(zone: str) -> None:
    assert [problem.code for problem in check("24/7", zone)] == ["bad_timezone"]


def test_staff_can_write_holidays_off_before_holidays_are_evaluated() -> None:
    assert check("Mo-Fr 09:00-17:00; PH off", "Asia/Kolkata") == ()
