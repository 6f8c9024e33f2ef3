from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.banner import banner_document, next_change
from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import ContactChannel, Upkeep, as_of, turns
from app.domain.hours import intervals, opening
from app.domain.reading import iso
from app.domain.routing import Query, Reason, advise
from app.domain.sites import Site
from app.errors import Invalid
from tests.unit.domain.samples import CHAT, PHONE, TUESDAY_NOON, registry

FRIDAY_EVENING = datetime(2026, 3, 13, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


def channel(*overrides: dict[str, Any], **more: Any) -> ContactChannel:
    return ContactChannel.from_document({**CHAT, **PHONE, "overrides": list(overrides), **more})


def other_number(**more: Any) -> dict[str, Any]:
    return {
        "until": iso(FRIDAY_EVENING),
        "address": "+91 79 9999 0000",
        "reasons": {"en": "The usual line is under water"},
        **more,
    }


def test_a_channel_with_everything_comes_back_as_it_went_in() -> None:
    full = channel(
        other_number(**{"from": "2026-03-11T06:00:00Z"}),
        {"until": iso(FRIDAY_EVENING), "status": "busy", "hours": {"mon": ["09:00-12:00"]}},
        capacity={"at_once": 12, "per_hour": 90},
        accessibility={"notes": {"en": "Text relay: dial 18001 first"}, "relay": True, "sign_language": False},
        first_response_minutes=30,
        upkeep={"check_on": "2026-06-01", "test_call_every_days": 7, "last_test_call": "2026-03-03"},
        status="down",
        status_until="2026-03-12T00:00:00Z",
    )
    assert ContactChannel.from_document(full.to_document()) == full
    assert ContactChannel.from_document(full.to_document()).schedule == full.schedule


def test_another_number_holds_until_its_moment_and_not_a_second_longer() -> None:
    usual = channel()
    found = channel(other_number(**{"from": iso(TUESDAY_NOON)}))
    assert as_of(found, TUESDAY_NOON - timedelta(seconds=1)).address == usual.address
    during = as_of(found, FRIDAY_EVENING - timedelta(seconds=1))
    assert (during.address, during.status_reasons["en"]) == ("+917999990000", "The usual line is under water")
    assert during.in_force == found.overrides[0]
    after = as_of(found, FRIDAY_EVENING)
    assert (after.address, dict(after.status_reasons), after.in_force) == (usual.address, {}, None)


def test_other_hours_take_the_place_of_week_holidays_and_exceptions_for_a_while() -> None:
    found = channel(
        {"from": "2026-03-11T06:00:00Z", "until": "2026-03-12T06:00:00Z", "hours": "24/7"},
        hours="Mo-Fr 09:00-10:00",
        timezone="UTC",
        exceptions=[{"from": "2026-03-11", "closed": True}],
    )
    assert intervals(found.schedule, datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 3, 13, tzinfo=UTC)) == (
        (datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2026, 3, 10, 10, tzinfo=UTC)),
        (datetime(2026, 3, 11, 6, tzinfo=UTC), datetime(2026, 3, 12, 6, tzinfo=UTC)),
        (datetime(2026, 3, 12, 9, tzinfo=UTC), datetime(2026, 3, 12, 10, tzinfo=UTC)),
    )
    assert as_of(found, datetime(2026, 3, 11, 7, tzinfo=UTC)).hours == "24/7"
    assert as_of(found, datetime(2026, 3, 12, 6, tzinfo=UTC)).hours == "Mo-Fr 09:00-10:00"


def test_a_status_with_an_end_is_open_again_by_itself() -> None:
    found = channel(status="down", status_until=iso(FRIDAY_EVENING), status_reasons={"en": "Power cut"})
    assert as_of(found, FRIDAY_EVENING - HOUR).status is ContactStatus.DOWN
    after = as_of(found, FRIDAY_EVENING)
    assert (after.status, dict(after.status_reasons)) == (ContactStatus.OPEN, {})


def test_a_closed_channel_opens_when_its_closing_is_over() -> None:
    found = registry({**PHONE, "status": "closed", "status_until": iso(FRIDAY_EVENING)})
    hotline = next(
        option for option in advise(found, Query("emergency"), TUESDAY_NOON) if option.contact_channel.slug == "hotline"
    )
    assert (hotline.reason, hotline.opens_at) == (Reason.OPENS_LATER, FRIDAY_EVENING)
    for_good = channel(status="closed")
    assert not opening(for_good.schedule, TUESDAY_NOON + timedelta(days=300)).open


def test_where_two_overrides_hold_the_later_one_counts() -> None:
    found = channel(
        other_number(),
        {"until": iso(FRIDAY_EVENING - HOUR), "address": "112"},
        {"until": iso(TUESDAY_NOON), "address": "113"},
    )
    assert as_of(found, TUESDAY_NOON).address == "112"
    assert as_of(found, FRIDAY_EVENING - HOUR).address == "+917999990000"


def test_advice_and_banner_use_the_override_and_the_banner_says_when_it_ends() -> None:
    found = registry({**PHONE, "overrides": [other_number()]})
    assert advise(found, Query("emergency"), TUESDAY_NOON)[0].contact_channel.address == "+917999990000"
    assert next_change(
        registry({**PHONE, "overrides": [other_number(until=iso(TUESDAY_NOON + HOUR))]}), (), TUESDAY_NOON
    ) == (TUESDAY_NOON + HOUR)
    shown = banner_document(
        site=Site("main"), updates=(), registry=found, seq=1, at=TUESDAY_NOON, public_base="https://example.org"
    )
    entry = shown["contact"]["channels"][0]  # type: ignore[index]  # a JSON document
    assert entry["address"] == "+917999990000"
    assert [(later["at"], later["address"]) for later in entry["later"]] == [("2026-03-13T18:00:00Z", "+917912345678")]


MOMENT = st.integers(0, 96).map(lambda hours: TUESDAY_NOON + hours * HOUR)


@st.composite
def overrides(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        begins = draw(MOMENT)
        changes = draw(
            st.sampled_from(
                [{"address": f"+91799999000{number}"}, {"hours": "24/7"}, {"status": "busy"}, {"status": "closed"}]
            )
        )
        found.append({"from": iso(begins), "until": iso(begins + draw(st.integers(1, 30)) * HOUR), **changes})
    return found


@settings(max_examples=40, deadline=None)
@given(overrides(), st.sampled_from(["open", "busy", "closed"]), st.none() | MOMENT, MOMENT)
def test_nothing_changes_between_two_turns(
    drawn: list[dict[str, Any]], status: str, status_until: datetime | None, at: datetime
) -> None:
    until = iso(status_until) if status_until else None
    found = channel(*drawn, status=status, status_until=until)
    edges = sorted(turns(found, at))
    end = edges[0] if edges else at + timedelta(days=30)
    assert as_of(found, at) == as_of(found, end - timedelta(seconds=1))
    closed = as_of(found, at).status is ContactStatus.CLOSED
    hours_given = [one for one in found.overrides if one.holds(at) and one.replacement]
    if closed and not hours_given:
        assert not opening(found.schedule, at).open


@pytest.mark.parametrize(
    ("override", "code", "field"),
    [
        ({"address": "112"}, "missing", "until"),
        ({"until": "Friday", "address": "112"}, "bad_time", "until"),
        ({"until": iso(FRIDAY_EVENING)}, "missing", ""),
        ({"until": iso(TUESDAY_NOON), "from": iso(FRIDAY_EVENING), "address": "112"}, "bad_range", "until"),
        ({"until": iso(FRIDAY_EVENING), "address": "call us"}, "bad_address", "address"),
        ({"until": iso(FRIDAY_EVENING), "hours": "sometimes"}, "bad_hours", "hours"),
        ({"until": iso(FRIDAY_EVENING), "status": "gone"}, "unknown_word", "status"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(override: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        channel(override)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.field) == (code, f"overrides[0].{field}".rstrip("."))


def test_a_line_that_must_work_reminds_of_its_check_and_its_test_call() -> None:
    upkeep = Upkeep(check_on=date(2026, 6, 1), test_call_every_days=7, last_test_call=date(2026, 5, 26))
    assert upkeep.due(date(2026, 5, 31)) == ()
    assert upkeep.due(date(2026, 6, 1)) == ("check",)
    assert upkeep.due(date(2026, 6, 2)) == ("check", "test_call")
    assert Upkeep(test_call_every_days=7).due(date(2026, 6, 1)) == ("test_call",)
    assert Upkeep().due(date(2026, 6, 1)) == ()
