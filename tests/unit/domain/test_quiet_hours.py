"""Who waits for the morning, and until when: against a minute-by-minute walk along the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.crisis import Severity, Stage
from app.domain.message import Medium
from app.domain.quiet_hours import (
    MEDIA,
    NOBODY_WAITS,
    News,
    QuietHours,
    Ruling,
    Saying,
    foresee,
    quiet_until,
    read_quiet_hours,
    rule,
    shared,
)
from app.errors import Problem

NIGHT = QuietHours(22 * 60, 7 * 60)
ZONES = (
    "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia",
    "America/Santiago", "Asia/Vientiane", "Antarctica/Troll", "UTC",
)  # fmt: skip
A_MINUTE = timedelta(minutes=1)
YEAR = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) // 60


def by_walking(hours: QuietHours, zone: str, at: datetime) -> datetime | None:
    """The slow reference: minute after minute until the wall shows one that is not quiet."""
    place, here = ZoneInfo(zone), at.replace(second=0, microsecond=0)

    def quiet() -> bool:
        local = here.astimezone(place)
        minute = local.hour * 60 + local.minute
        if hours.begins < hours.ends:
            return hours.begins <= minute < hours.ends
        return minute >= hours.begins or minute < hours.ends

    if not quiet():
        return None
    while quiet():
        here += A_MINUTE
    return here


def minutes_around_changes() -> st.SearchStrategy[int]:
    """A minute of one of four years, half of them within a day of a change of some clocks."""
    changes = [
        datetime.fromisoformat(f"{change}+00:00")
        for change in (
            "2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T07:00", "2026-11-01T06:00", "2026-04-04T15:00",
            "2026-10-03T15:30", "2026-02-15T02:00", "2026-03-22T02:00", "2026-09-06T04:00", "2011-12-30T10:00",
        )
    ]  # fmt: skip
    near = st.builds(
        lambda change, off: int(change.timestamp()) // 60 + off,
        st.sampled_from(changes),
        st.integers(-1_440, 1_440),
    )
    return st.one_of(near, st.integers(YEAR, YEAR + 4 * 525_600))


@given(
    st.integers(0, 1_439), st.integers(1, 1_439), st.sampled_from(ZONES), minutes_around_changes(), st.integers(0, 59)
)
@example(22 * 60, 9 * 60, "Europe/London", int(datetime(2026, 3, 28, 23, tzinfo=UTC).timestamp()) // 60, 0)
@example(60, 150, "America/New_York", int(datetime(2026, 11, 1, 5, 59, tzinfo=UTC).timestamp()) // 60, 0)
def test_it_is_quiet_until_the_clock_on_the_wall_says_so(
    begins: int, length: int, zone: str, minute: int, second: int
) -> None:
    hours = QuietHours(begins, (begins + length) % 1_440)
    at = datetime.fromtimestamp(minute * 60 + second, UTC)
    assert quiet_until(hours, zone, at) == by_walking(hours, zone, at)


@pytest.mark.parametrize(
    ("zone", "at", "until"),
    [
        ("Europe/London", "2026-03-28T23:30", "2026-03-29T06:00"),  # an hour less to sleep
        ("Europe/London", "2026-10-24T22:30", "2026-10-25T07:00"),  # an hour more
        ("Asia/Kolkata", "2026-06-01T17:00", "2026-06-02T01:30"),
        ("Asia/Kolkata", "2026-06-01T16:29", None),
        ("Asia/Kolkata", "2026-06-02T01:30", None),
        ("No/Where", "2026-06-01T23:00", "2026-06-02T07:00"),  # as UTC
    ],
)
def test_nights_of_known_places(zone: str, at: str, until: str | None) -> None:
    end = None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC)
    assert quiet_until(NIGHT, zone, datetime.fromisoformat(at).replace(tzinfo=UTC)) == end


@pytest.mark.parametrize(
    ("saying", "ruling"),
    [
        (Saying(Stage.RESOLVED, Severity.MAJOR), Ruling.WAITS),
        (Saying(Stage.PROGRESS, Severity.INFO), Ruling.WAITS),
        (Saying(Stage.FOLLOWUP, Severity.MINOR), Ruling.WAITS),
        (Saying(Stage.DETAILS, Severity.MINOR, News.GOOD), Ruling.WAITS),
        (Saying(Stage.PROGRESS, Severity.MAJOR, News.BAD), Ruling.BAD_NEWS),
        (Saying(Stage.WARNING, Severity.INFO), Ruling.BAD_NEWS),
        (Saying(Stage.HOLDING, Severity.MAJOR), Ruling.BAD_NEWS),
        (Saying(Stage.RESOLVED, Severity.EMERGENCY, News.GOOD), Ruling.EMERGENCY),
        (Saying(Stage.CORRECTION, Severity.MINOR, News.GOOD), Ruling.CORRECTION),
        (Saying(Stage.RESOLVED, Severity.MINOR, corrects=True), Ruling.CORRECTION),
        (Saying(Stage.RESOLVED, Severity.MINOR, safety_of_life=True), Ruling.SAFETY_OF_LIFE),
        (Saying(Stage.RESOLVED, Severity.MINOR, drill=True), Ruling.DRILL),
    ],
)
def test_good_news_waits_and_bad_news_does_not(saying: Saying, ruling: Ruling) -> None:
    assert rule(NIGHT, saying) is ruling
    assert rule(None, saying) in {ruling, Ruling.NO_QUIET_HOURS}


def test_a_playbook_says_which_severities_wait_and_may_say_none() -> None:
    calm = QuietHours(NIGHT.begins, NIGHT.ends, severities=frozenset({Severity.INFO}))
    assert rule(calm, Saying(Stage.RESOLVED, Severity.MAJOR)) is Ruling.SEVERITY
    assert rule(NOBODY_WAITS, Saying(Stage.RESOLVED, Severity.MAJOR)) is Ruling.NO_QUIET_HOURS


def test_a_shared_address_is_quiet_while_one_of_its_people_sleeps() -> None:
    late, early = datetime(2026, 1, 1, 7, tzinfo=UTC), datetime(2026, 1, 1, 5, tzinfo=UTC)
    assert shared([None, early, late]) == late
    assert shared([None]) is None


def test_what_staff_are_told_beforehand() -> None:
    at = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
    zones = {"Europe/London": 400, "Europe/Berlin": 50, "Asia/Kolkata": 12_000, "America/New_York": 9, "Asia/Tokyo": 0}
    seen = foresee(NIGHT, zones, at, at + timedelta(hours=8))
    assert seen is not None
    assert (seen.people, seen.zones, seen.lost, seen.ends) == (12_450, 3, 450, "07:00")
    assert (seen.first.hour, seen.first.minute, seen.last.hour) == (1, 30, 6)
    assert foresee(NIGHT, {"America/New_York": 9}, at, at) is None


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        ("night", ["bad_quiet_hours"]),
        ({"from": "22:00", "to": "07:00"}, ["bad_quiet_hours"]),
        ({"from": "10pm", "until": "24:00"}, ["bad_clock_time", "bad_clock_time"]),
        ({"from": "22:00", "until": "22:00"}, ["bad_quiet_hours"]),
        ({"from": "22:00", "until": "07:00", "media": ["pigeon"]}, ["unknown_choice"]),
        ({"from": "22:00", "until": "07:00", "severities": ["emergency"]}, ["emergency_never_waits"]),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(raw: object, codes: list[str]) -> None:
    problems: list[Problem] = []
    read_quiet_hours(raw, "quiet_hours", problems)
    assert [one.code for one in problems] == codes
    assert all(one.remedy for one in problems)


def test_a_document_reads_as_it_was_written() -> None:
    problems: list[Problem] = []
    written = {
        "from": "21:30",
        "until": "06:45",
        "media": ["email", "sms"],
        "severities": ["major", "info"],
        "timezone": "Asia/Kolkata",
    }
    read = read_quiet_hours(written, "quiet_hours", problems)
    assert read is not None
    assert (read.to_document(), problems) == (written, [])
    default = read_quiet_hours({"from": "22:00", "until": "07:00"}, "quiet_hours", problems)
    assert default is not None
    assert default.media == MEDIA
    assert Medium.EMAIL not in default.media
    assert read_quiet_hours(False, "quiet_hours", problems) == NOBODY_WAITS
    assert NOBODY_WAITS.to_document() is False
    assert read_quiet_hours(None, "quiet_hours", problems) is None
