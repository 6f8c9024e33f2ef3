from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.hours import Opening, Schedule, check, intervals, opening
from app.domain.public_holidays import Holidays, holiday_names
from app.domain.special_days import SpecialDays
from app.domain.week import read_week
from app.errors import Invalid
from tests.unit.domain.slow_hours import MINUTE, Slots, SlowException, SlowSchedule

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

# Two days before the clocks change, a public holiday or New Year, and one ordinary week. Lord Howe moves by 30 minutes.
PLACES = st.sampled_from(
    [
        ("Europe/London", "GB", "ENG", date(2026, 3, 27)),
        ("Europe/London", "GB", "SCT", date(2026, 12, 24)),
        ("America/New_York", "US", "", date(2026, 3, 6)),
        ("America/New_York", "US", "NY", date(2026, 10, 30)),
        ("Asia/Kolkata", "IN", "GJ", date(2026, 8, 13)),
        ("Asia/Vientiane", "LA", "", date(2026, 4, 12)),
        ("Australia/Lord_Howe", "AU", "NSW", date(2026, 4, 2)),
        ("Australia/Lord_Howe", "AU", "NSW", date(2026, 10, 2)),
        ("America/Sao_Paulo", "BR", "SP", date(2018, 11, 1)),  # midnight was skipped on the 4th
        ("Pacific/Apia", "WS", "", date(2011, 12, 28)),  # a whole day was skipped
    ]
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(minute: int) -> str:
    """24:00 is midnight at the end of the day; later ones belong to the next day."""
    shown = minute - 1440 if minute > 1440 else minute
    return f"{shown // 60:02}:{shown % 60:02}"


def times(slots: Slots) -> str:
    return ",".join(f"{clock(first)}-{clock(last)}" for first, last in slots)


def osm(week: dict[int, Slots]) -> str:
    return ", ".join(f"{DAYS[day]} {times(slots)}" for day, slots in sorted(week.items()) if slots) or "off"


@st.composite
def slots_of_a_day(draw: st.DrawFn) -> Slots:
    """Up to three slots that do not touch; the last may run past midnight."""
    edges = sorted(draw(st.sets(st.integers(0, 95), max_size=5)))
    slots = [(first * 15, last * 15) for first, last in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2:
        slots.append((edges[-1] * 15, edges[-1] * 15 + draw(st.integers(1, 95)) * 15))
    return slots


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, SlowSchedule, datetime]:
    zone, country, region, first_day = draw(PLACES)
    week = draw(st.dictionaries(st.integers(0, 6), slots_of_a_day(), max_size=7))
    on_holidays = draw(st.sampled_from(["none", "open", "closed", "times"]))
    holiday_slots = [(600, 840)] if on_holidays == "times" else []
    exceptions, slow_exceptions = [], []
    for offset in sorted(draw(st.sets(st.integers(0, 5), max_size=2))):
        slots, every_year = draw(slots_of_a_day()), draw(st.booleans())
        year = 2019 if every_year else first_day.year
        begins = first_day.replace(year=year) + timedelta(days=offset)
        ends = begins + timedelta(days=draw(st.integers(0, 2)))
        exceptions.append(SpecialDays(begins, ends, tuple(slots), every_year))
        slow_exceptions.append(SlowException(begins, ends, slots, every_year))
    holidays = None
    if on_holidays != "none":
        holidays = Holidays(country, region, times(holiday_slots) or on_holidays)
    counted = on_holidays in ("closed", "times")
    years = (first_day.year, first_day.year + 1)
    dates = frozenset(day for year in years for day in holiday_names(country, region, year)) if counted else frozenset()
    slow = SlowSchedule(week, zone, dates, holiday_slots, tuple(slow_exceptions))
    start = datetime.combine(first_day, datetime.min.time(), UTC)
    return Schedule(osm(week), zone, holidays, tuple(exceptions)), slow, start


@settings(max_examples=50, deadline=None)
@given(schedules())
def test_intervals_agree_with_reading_the_wall_clock_minute_by_minute(
    case: tuple[Schedule, SlowSchedule, datetime],
) -> None:
    schedule, slow, start = case
    end = start + timedelta(days=5)
    assert list(intervals(schedule, start, end)) == slow.intervals(start, end)


@settings(max_examples=50, deadline=None)
@given(schedules(), st.integers(0, 5 * 1440), st.integers(0, 59))
def test_opening_says_what_the_intervals_say(
    case: tuple[Schedule, SlowSchedule, datetime], minutes: int, seconds: int
) -> None:
    schedule, slow, start = case
    at = start + minutes * MINUTE + timedelta(seconds=seconds)
    state = opening(schedule, at)
    around = intervals(schedule, at, at + timedelta(days=400))
    assert state.open == slow.is_open(at)
    if state.open:
        closes = around[0][1] if around[0][1] < at + timedelta(days=400) else None
        assert state.opens_at is None
        assert state.closes_at == closes or (closes is None and (state.closes_at or at) >= at + timedelta(days=400))
    else:
        assert state.closes_at is None
        assert state.opens_at == (around[0][0] if around else None)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 400), st.integers(1, 60))
def test_intervals_of_a_long_time_are_those_of_its_parts(offset: int, days: int) -> None:
    schedule = Schedule("Mo-Fr 09:00-17:00, Fr 22:00-06:00", "Europe/London", Holidays("GB", "ENG"))
    start = utc("2026-01-01T00:00") + timedelta(days=offset)
    whole = intervals(schedule, start, start + timedelta(days=2 * days))
    middle = start + timedelta(days=days)
    first, second = intervals(schedule, start, middle), intervals(schedule, middle, start + timedelta(days=2 * days))
    if first and second and first[-1][1] == second[0][0]:
        first, second = (*first[:-1], (first[-1][0], second[0][1])), second[1:]
    assert whole == first + second


def test_a_weekday_line_is_open_in_its_own_time_zone() -> None:
    state = opening(Schedule("Mo-Fr 09:00-17:00", "Asia/Kolkata"), utc("2026-03-10T04:00"))
    assert state == Opening(open=True, closes_at=utc("2026-03-10T11:30"))


def test_on_friday_evening_the_next_opening_is_monday_morning() -> None:
    state = opening(Schedule("Mo-Fr 09:00-17:00", "Europe/Berlin"), utc("2026-03-27T18:00"))
    assert state == Opening(open=False, opens_at=utc("2026-03-30T07:00"))  # summer time has begun


@pytest.mark.parametrize("weekly", ["24/7", "Mo-Su 00:00-24:00", "00:00-24:00", "Mo-Fr 00:00-24:00; Sa,Su 00:00-24:00"])
def test_around_the_clock_never_closes(weekly: str) -> None:
    assert opening(Schedule(weekly, "Europe/Berlin"), utc("2026-03-27T18:00")) == Opening(open=True)


def test_a_line_that_is_off_has_no_next_opening() -> None:
    assert opening(Schedule("off"), utc("2026-03-27T18:00")) == Opening(open=False)


def test_a_night_shift_runs_past_midnight() -> None:
    state = opening(Schedule("Fr 22:00-06:00"), utc("2026-03-28T05:00"))
    assert state == Opening(True, None, utc("2026-03-28T06:00"))


def test_an_hour_that_comes_twice_is_open_twice_and_a_skipped_one_never() -> None:
    night = Schedule("Su 02:15-02:45", "Europe/Berlin")
    assert intervals(night, utc("2026-10-24T22:00"), utc("2026-10-26T22:00")) == (
        (utc("2026-10-25T00:15"), utc("2026-10-25T00:45")),
        (utc("2026-10-25T01:15"), utc("2026-10-25T01:45")),
    )
    assert intervals(night, utc("2026-03-28T22:00"), utc("2026-03-30T22:00")) == ()


def test_the_closing_minute_is_closed() -> None:
    assert not opening(Schedule("Mo-Fr 09:00-17:00"), utc("2026-03-10T17:00")).open
    assert opening(Schedule("Mo-Fr 09:00-17:00"), utc("2026-03-10T09:00")).open


def test_a_holiday_is_closed_unless_the_channel_says_otherwise() -> None:
    independence_day = utc("2026-08-15T06:00")  # a Saturday
    for hours, is_open in (("closed", False), ("open", True), ("11:00-12:00", True), ("13:00-14:00", False)):
        schedule = Schedule("Mo-Sa 09:00-17:00", "Asia/Kolkata", Holidays("IN", "GJ", hours))
        assert opening(schedule, independence_day).open is is_open


def test_an_exception_wins_over_a_holiday_and_a_holiday_over_the_week() -> None:
    christmas, boxing_day = date(2026, 12, 25), date(2026, 12, 26)
    schedule = Schedule(
        "24/7", "Europe/London", Holidays("GB", "ENG"), (SpecialDays(christmas, christmas, ((600, 840),)),)
    )
    assert intervals(schedule, utc("2026-12-24T12:00"), utc("2026-12-27T12:00")) == (
        (utc("2026-12-24T12:00"), utc("2026-12-25T00:00")),
        (utc("2026-12-25T10:00"), utc("2026-12-25T14:00")),
        (utc("2026-12-27T00:00"), utc("2026-12-27T12:00")),
    )
    assert boxing_day in holiday_names("GB", "ENG", 2026)


def test_closed_on_a_day_ends_the_night_shift_at_midnight_and_none_begins() -> None:
    closed = SpecialDays(date(2026, 3, 11), date(2026, 3, 11))
    for weekly in ("Mo-Su 22:00-06:00", "Mar Mo-Su 22:00-06:00"):  # the second is read by the library
        assert intervals(Schedule(weekly, exceptions=(closed,)), utc("2026-03-10T12:00"), utc("2026-03-13T12:00")) == (
            (utc("2026-03-10T22:00"), utc("2026-03-11T00:00")),
            (utc("2026-03-12T22:00"), utc("2026-03-13T06:00")),
        )


def test_a_line_that_never_sleeps_goes_on_after_a_closed_day() -> None:
    closed = SpecialDays(date(2026, 3, 11), date(2026, 3, 11))
    state = opening(Schedule("24/7", exceptions=(closed,)), utc("2026-03-11T12:00"))
    assert state == Opening(open=False, opens_at=utc("2026-03-12T00:00"))


def test_a_yearly_range_may_run_over_new_year() -> None:
    shut = SpecialDays(date(2020, 12, 24), date(2021, 1, 2), every_year=True)
    schedule = Schedule("Mo-Fr 09:00-17:00", exceptions=(shut,))
    assert opening(schedule, utc("2026-12-30T10:00")) == Opening(open=False, opens_at=utc("2027-01-04T09:00"))
    assert not opening(schedule, utc("2027-01-01T10:00")).open


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
def test_the_ends_of_time_have_an_answer_too(at: datetime) -> None:
    assert not opening(Schedule("Mo-Fr 09:00-17:00", "Asia/Kolkata"), at).open


@pytest.mark.parametrize(
    "weekly",
    ["Apr-Oct Mo-Fr 09:00-17:00", "Mo[1] 09:00-12:00", "week 1-53/2 Mo 09:00-12:00", "Mo-Fr 09:00-17:00; Jan 1 off"],
)
def test_months_weeks_and_dates_are_read_by_the_library(weekly: str) -> None:
    assert check(weekly, "UTC") == ()
    assert read_week(weekly) is None
    assert intervals(Schedule(weekly), utc("2026-03-30T00:00"), utc("2026-05-30T00:00"))


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        ("nonsense!", "bad_hours"),
        ("", "bad_hours"),
        ("Mo-Fr 25:00-26:99", "bad_hours"),
        ("sunrise-sunset", "bad_hours"),
        ("Mo 09:00-09:00", "bad_hours"),
        ("Mo-Fr 09:00-17:00; PH 10:00-12:00", "bad_hours"),
        ("Mo-Fr 09:00-17:00, We 16:00-20:00", "overlapping_hours"),
        ("Mo 09:00-12:00,11:00-15:00", "overlapping_hours"),
        ("Su 22:00-06:00, Mo 05:00-09:00", "overlapping_hours"),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_an_example(hours: str, code: str) -> None:
    (problem,) = check(hours, "UTC")
    assert (problem.code, problem.field) == (code, "hours")
    assert problem.remedy


@pytest.mark.parametrize(("hours", "zone"), [("nonsense!", "UTC"), ("sunrise-sunset", "UTC"), ("24/7", "Mars/Base")])
def test_hours_or_a_zone_that_cannot_be_read_have_no_opening(hours: str, zone: str) -> None:
    with pytest.raises(Invalid):
        opening(Schedule(hours, zone), utc("2026-03-10T09:00"))


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "Asia", "../etc/passwd", "/etc/localtime", "UTC+2\0"])
def test_a_wrong_time_zone_is_refused(zone: str) -> None:
    assert [problem.code for problem in check("24/7", zone)] == ["bad_timezone"]


def test_holidays_off_may_stand_in_the_text() -> None:
    assert check("Mo-Fr 09:00-17:00; PH off", "Asia/Kolkata") == ()
