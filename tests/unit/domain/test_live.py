from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import ContactChannel, as_of, turns, with_live
from app.domain.hours import Schedule
from app.domain.live import NOTHING_SAID, Live
from app.domain.presence import Run, kept_share
from app.domain.routing import Query, Reason, Registry, advise
from app.domain.waits import HourlyWait, hourly_waits
from tests.unit.domain.samples import CHAT, PHONE, TUESDAY_NOON

MINUTE = timedelta(minutes=1)
AGE = 15 * MINUTE
OFFICE = Schedule("Mo-Fr 09:00-17:00")
NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)


def channel(live: Live, **more: object) -> ContactChannel:
    stored = ContactChannel.from_document({**PHONE, "wait_minutes": 5, **more})
    return with_live({"hotline": stored}, {"hotline": live})["hotline"]


def test_a_posted_wait_is_shown_until_it_is_stale_then_the_usual_one() -> None:
    found = channel(Live(wait_minutes=40, waited_at=TUESDAY_NOON))
    assert as_of(found, TUESDAY_NOON + AGE - timedelta(seconds=1)).wait_minutes == 40
    assert as_of(found, TUESDAY_NOON + AGE).wait_minutes == 5
    assert list(turns(found, TUESDAY_NOON)) == [TUESDAY_NOON + AGE]
    patient = channel(Live(wait_minutes=40, waited_at=TUESDAY_NOON), live_max_age_minutes=60)
    assert as_of(patient, TUESDAY_NOON + 59 * MINUTE).wait_minutes == 40


def test_a_channel_of_which_nothing_was_said_stays_as_it_is() -> None:
    found = channel(NOTHING_SAID)
    assert as_of(found, TUESDAY_NOON) is found
    assert list(turns(found, TUESDAY_NOON)) == []


@pytest.mark.parametrize(
    ("since", "last", "at", "gone"),
    [
        (NINE, NINE + 5 * MINUTE, NINE + 4 * MINUTE, False),  # not yet five minutes
        (NINE, NINE + 5 * MINUTE, NINE + 5 * MINUTE, True),
        (NINE, NINE + 5 * MINUTE, NINE + 20 * MINUTE, False),  # the report is stale
        (NINE - 60 * MINUTE, NINE, NINE + 4 * MINUTE, False),  # nobody need be there before nine
        (NINE - 60 * MINUTE, NINE, NINE + 5 * MINUTE, True),
        (NINE - 60 * MINUTE, NINE - MINUTE, NINE - MINUTE, False),
    ],
)
def test_posted_but_unstaffed_for_five_minutes_is_told(
    since: datetime, last: datetime, at: datetime, gone: bool
) -> None:
    live = Live(staffed=False, staffed_at=last, staffed_since=since)
    assert live.nobody_there(OFFICE, at, AGE) is gone


def test_an_empty_line_is_busy_and_an_emergency_goes_elsewhere() -> None:
    empty = Live(staffed=False, staffed_at=TUESDAY_NOON, staffed_since=TUESDAY_NOON - 6 * MINUTE)
    stored = Registry.from_documents([PHONE, CHAT], [], [{"need": "emergency", "contact_channels": ["hotline"]}])
    found = Registry(with_live(stored.channels, {"hotline": empty}), stored.needs, stored.rules)
    options = advise(found, Query("emergency", "en"), TUESDAY_NOON)
    assert [(one.contact_channel.slug, one.reason) for one in options] == [
        ("chat", Reason.ALTERNATIVE),
        ("hotline", Reason.BUSY),
    ]


def test_somebody_who_is_there_and_a_line_that_is_down_stay_what_they_are() -> None:
    there = Live(staffed=True, staffed_at=TUESDAY_NOON, staffed_since=TUESDAY_NOON - 60 * MINUTE)
    assert as_of(channel(there), TUESDAY_NOON).status is ContactStatus.OPEN
    gone = Live(staffed=False, staffed_at=TUESDAY_NOON, staffed_since=TUESDAY_NOON - 60 * MINUTE)
    assert as_of(channel(gone, status="down"), TUESDAY_NOON).status is ContactStatus.DOWN


MINUTES = st.integers(0, 600).map(lambda minutes: NINE - 120 * MINUTE + minutes * MINUTE)


@settings(max_examples=100, deadline=None)
@given(MINUTES, MINUTES, st.integers(0, 100), st.booleans(), MINUTES)
def test_between_two_turns_nothing_that_was_reported_changes_but_by_opening_and_closing(
    waited: datetime, last: datetime, before: int, staffed: bool, at: datetime
) -> None:
    live = Live(30, waited, staffed, last, last - before * MINUTE)
    found = channel(live, hours="Mo-Fr 09:00-12:00", timezone="UTC")
    edges = sorted([*turns(found, at), NINE, NINE + 180 * MINUTE])
    end = next((edge for edge in edges if edge > at), at + MINUTE)
    assert as_of(found, at) == as_of(found, end - timedelta(seconds=1))


def test_kept_hours_are_the_staffed_share_of_the_posted_time_that_is_known() -> None:
    posted = [(NINE, NINE + 8 * 60 * MINUTE)]
    runs = [
        Run(NINE - 60 * MINUTE, NINE + 60 * MINUTE, staffed=True),
        Run(NINE + 60 * MINUTE, NINE + 90 * MINUTE, staffed=False),
    ]  # 60 minutes there, 30 + 15 not, the rest of the day unknown
    assert kept_share(posted, runs, AGE) == pytest.approx(60 / 105)
    assert kept_share(posted, [], AGE) is None
    assert kept_share([], runs, AGE) is None


def test_the_quiet_hours_are_those_with_a_shorter_wait_than_usual() -> None:
    waits = [
        (NINE + hour * 60 * MINUTE + n * MINUTE, wait) for hour, wait in ((0, 30), (1, 5), (2, 20)) for n in range(3)
    ]
    waits.append((NINE + 5 * 60 * MINUTE, 0))  # one reading says nothing
    found = hourly_waits(waits, "Asia/Kolkata")  # nine in UTC is 14:30 there: two of the hour's readings each
    assert [one.hour for one in found if one.quiet] == [15]
    assert hourly_waits([], "UTC") == ()
    assert hourly_waits(waits[:3], "UTC") == (HourlyWait(9, 30.0, 3, quiet=False),)
