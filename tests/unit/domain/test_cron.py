from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.cron import WEEKDAYS, Cron, instant, read_cron
from app.domain.recurrence_words import cron_words
from app.errors import Invalid

ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "America/Havana",  # at midnight
    "Asia/Kolkata",  # never
    "Pacific/Chatham",  # at 02:45
)
MINUTE = timedelta(minutes=1)


def reference(cron: Cron, zone: ZoneInfo, start: datetime, days: int, look: timedelta = MINUTE) -> Iterator[datetime]:
    """Every `look` of the time, one after the other, and what the clocks of the zone show then."""
    due: list[datetime] = []
    latest = datetime.min  # noqa: DTZ901 - what clocks showed
    previous = (start - look).astimezone(zone).replace(tzinfo=None)
    at = start
    while at < start + timedelta(days=days):
        wall = at.astimezone(zone).replace(tzinfo=None)
        if cron.every_hour:
            if matches(cron, wall):
                due.append(at)
        else:
            skipped = range(1, max(1, (wall - previous) // look))
            first_time = wall > latest
            if any(matches(cron, previous + step * look) for step in skipped) or (first_time and matches(cron, wall)):
                due.append(at)
            latest = max(latest, wall)
        previous = wall
        at += look
    yield from due


@cache
def fields(text: str) -> list[str]:
    return text.split()


def matches(cron: Cron, wall: datetime) -> bool:
    """crontab(5) said once more, from the text."""
    minute, hour, day, month, weekday = fields(cron.text)
    if not (one(minute, wall.minute, 0, 59) and one(hour, wall.hour, 0, 23) and one(month, wall.month, 1, 12)):
        return False
    by_day = one(day, wall.day, 1, 31)
    by_weekday = one(weekday, wall.isoweekday() % 7, 0, 6) or one(weekday, wall.isoweekday(), 0, 7)
    if "*" in (day[0], weekday[0]):
        return by_day and by_weekday
    return by_day or by_weekday


@cache
def one(text: str, value: int, low: int, high: int) -> bool:
    for piece in text.split(","):
        span, _, step = piece.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else int(first)
        end = high if first == "*" or (step and not last) else int(last or first)
        if begin <= value <= end and (value - begin) % int(step or 1) == 0:
            return True
    return False


def fires(cron: Cron, zone: ZoneInfo, start: datetime, days: int) -> Iterator[datetime]:
    at = cron.next_after(start - timedelta(seconds=1), zone)
    while at is not None and at < start + timedelta(days=days):
        yield at
        at = cron.next_after(at, zone)


EXPRESSIONS = (
    "*/30 * * * *",
    "30 1 * * *",
    "30 2 * * *",
    "15,45 0,2 * * *",
    "0 0 * * 1-5",
    "5 */6 1,15 * *",
    "0 0 * * *",
)


@pytest.mark.parametrize("name", ZONES)
def test_around_every_clock_change_of_a_year_it_fires_when_the_clocks_say_so(name: str) -> None:
    zone = ZoneInfo(name)
    for change in changes(zone, 2026):
        start = change.replace(hour=0, minute=0) - timedelta(days=1)
        for text in EXPRESSIONS:
            cron = read_cron(text)
            assert list(fires(cron, zone, start, 3)) == list(reference(cron, zone, start, 3)), (text, name, change)


@pytest.mark.parametrize("name", ZONES)
def test_a_year_of_it_is_what_an_independent_count_says(name: str) -> None:
    zone, cron = ZoneInfo(name), read_cron("30 1,2 * * 0-2")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    quarters = reference(cron, zone, start, 365, timedelta(minutes=15))  # no clock of today changes in between
    assert list(fires(cron, zone, start, 365)) == list(quarters)


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(366 * 24)]
    return [
        hour
        for hour in hours
        if hour.astimezone(zone).utcoffset() != (hour - timedelta(hours=1)).astimezone(zone).utcoffset()
    ]


FIELD = st.one_of(st.just("*"), st.integers(1, 30).map(lambda step: f"*/{step}"))


def listed(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}")
    return st.one_of(FIELD, st.lists(st.one_of(number.map(str), span), min_size=1, max_size=3).map(",".join))


@settings(max_examples=60)
@given(
    st.tuples(listed(0, 59), listed(0, 23), listed(1, 28), st.just("*"), listed(0, 6)),
    st.sampled_from(ZONES),
    st.sampled_from(
        [
            date(2026, 3, 7),
            date(2026, 3, 28),
            date(2026, 4, 4),
            date(2026, 9, 26),
            date(2026, 10, 24),
            date(2026, 11, 1),
        ]
    ),
)
def test_whatever_the_expression_it_agrees_with_looking_at_every_minute(
    parts: tuple[str, ...], name: str, day: date
) -> None:
    zone, cron = ZoneInfo(name), read_cron(" ".join(parts))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert list(fires(cron, zone, start, 2)) == list(reference(cron, zone, start, 2))


def shown(clocks: str) -> datetime:
    return datetime.fromisoformat(clocks)


def test_the_clock_changes_in_words() -> None:
    london, berlin = ZoneInfo("Europe/London"), ZoneInfo("Europe/Berlin")
    assert instant(shown("2026-03-29T01:30"), london) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "after the gap"
    assert instant(shown("2026-10-25T01:30"), london) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "the first"
    assert instant(shown("2011-12-30T09:00"), ZoneInfo("Pacific/Apia")) == datetime(2011, 12, 30, 10, tzinfo=UTC)
    both = read_cron("0,30 2 * * *").next_after(datetime(2026, 3, 28, 12, tzinfo=UTC), berlin)
    assert both == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert read_cron("0,30 2 * * *").next_after(both, berlin) == datetime(2026, 3, 30, 0, 0, tzinfo=UTC), "once"


def test_a_leap_day_is_found_however_far() -> None:
    at = read_cron("0 12 29 2 *").next_after(datetime(2096, 3, 1, tzinfo=UTC), ZoneInfo("UTC"))
    assert at == datetime(2104, 2, 29, 12, tzinfo=UTC)
    rare = read_cron("0 12 29 2 */7").next_after(datetime(2027, 3, 1, tzinfo=UTC), ZoneInfo("UTC"))
    assert rare is not None
    assert (rare.month, rare.day, calendar.day_name[rare.weekday()]) == (2, 29, "Sunday")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0 0 30 2 *", "cron_never"),
        ("0 0 31 2,4,6 *", "cron_never"),
        ("* * * *", "cron_fields"),
        ("* * * * * *", "cron_fields"),
        ("", "cron_fields"),
        ("@reboot", "unknown_cron_name"),
        ("@often", "unknown_cron_name"),
        ("60 * * * *", "cron_range"),
        ("* 24 * * *", "cron_range"),
        ("* * 0 * *", "cron_range"),
        ("* * * 13 *", "cron_range"),
        ("* * * * 8", "cron_range"),
        ("5-1 * * * *", "cron_range"),
        ("*/0 * * * *", "cron_range"),
        ("*-5 * * * *", "cron_range"),
        ("x * * * *", "cron_range"),
        ("1;2 * * * *", "cron_syntax"),
        ("1, * * * *", "cron_syntax"),
        ("-1 * * * *", "cron_syntax"),
        ("99999999999999999999 * * * *", "cron_range"),
    ],
)
def test_what_cannot_be_is_refused_with_a_suggestion(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_cron(text)
    assert refused.value.problems[0].code == code
    assert refused.value.problems[0].remedy


def test_the_thirtieth_of_february_or_a_monday_comes_on_mondays() -> None:
    assert read_cron("0 0 30 2 mon").either


@pytest.mark.parametrize("number", range(7))
def test_names_and_numbers_of_weekdays_mean_the_same_day(number: int) -> None:
    named = read_cron(f"0 12 * * {WEEKDAYS[number]}")
    assert named.weekdays == read_cron(f"0 12 * * {number}").weekdays
    at = named.next_after(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
    assert at is not None
    assert calendar.day_abbr[at.weekday()].lower() == WEEKDAYS[number]
    assert read_cron("0 0 * * 7").weekdays == (0,)
    assert read_cron("0 0 * * fri-sun").weekdays == (0, 5, 6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/7 * * * *", "every hour at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56"),
        ("@hourly", "every hour"),
        ("20 * * * *", "every hour at minute 20"),
        ("@daily", "at 00:00"),
        ("30 8 * * mon-fri", "at 08:30, on Monday to Friday"),
        ("0 */2 * * *", "every 2 hours from midnight"),
        ("*/10 8-17 * jan,jul *", "every 10 minutes in the hours 08 to 17, in January and July"),
        ("0 0 13 * 5", "at 00:00, on day 13 of the month and also on Friday"),
        ("@yearly", "at 00:00, on day 1 of the month, in January"),
    ],
)
def test_it_is_described_in_words(text: str, words: str) -> None:
    assert cron_words(read_cron(text)) == words
