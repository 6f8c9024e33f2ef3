from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.recurrence import PRESETS
from app.domain.schedules import Schedule
from app.errors import Invalid

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def made(**given: Any) -> Schedule:
    return Schedule.from_document({"slug": "hourly", **given}, NOW)


def codes(**given: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        made(**given)
    assert all(problem.remedy for problem in refused.value.problems)
    return [problem.code for problem in refused.value.problems]


@pytest.mark.parametrize(
    "given",
    [
        {"cron": "*/30 * * * *", "timezone": "Asia/Vientiane"},
        {"every": "6h for 24h, then 24h", "count": 7},
        {"at": "2026-12-24T18:00", "timezone": "Asia/Kolkata"},
        {"every": "90m", "end": "2026-11-23T00:00:00Z", "late": "2h"},
        {"preset": "first-hour", "variables": {"place": "Vientiane"}, "languages": ["en", "lo"]},
    ],
)
def test_it_is_the_same_after_it_was_stored(given: dict[str, Any]) -> None:
    schedule = made(**given)
    again = Schedule.from_document(schedule.to_document())
    assert again.to_document() == schedule.to_document()
    assert again.upcoming(NOW) == schedule.upcoming(NOW)
    assert again.words == schedule.words


def test_the_regulators_preset_is_every_six_hours_for_a_day_and_then_daily() -> None:
    slots = made(preset="regulator-6h-then-daily").upcoming(NOW, most=7)
    assert [(slot - NOW) // timedelta(hours=1) for slot in slots] == [6, 12, 18, 24, 48, 72, 96]
    assert all(made(preset=name).upcoming(NOW) for name in PRESETS)


def test_start_end_and_count_hold() -> None:
    assert made(cron="@hourly", start="2026-11-22T12:00:00Z").upcoming(NOW)[0] == datetime(2026, 11, 22, 12, tzinfo=UTC)
    ends = made(every="1h", end="2026-11-22T12:30:00Z")
    assert len(ends.upcoming(NOW)) == 2
    assert len(made(every="1h", count=3).upcoming(NOW)) == 3
    assert len(made(every="1h", count=3).upcoming(NOW, fired=2)) == 1
    assert made(every="1h", count=3).next_after(NOW, fired=3) is None


def test_a_time_without_an_offset_is_what_the_clocks_of_the_zone_show() -> None:
    assert made(at="2026-12-24T18:00", timezone="Asia/Vientiane").upcoming(NOW) == (
        datetime(2026, 12, 24, 11, tzinfo=UTC),
    )
    skipped = made(at="2027-03-28T01:30", timezone="Europe/London").upcoming(NOW)
    assert skipped == (datetime(2027, 3, 28, 1, 0, tzinfo=UTC),)


def test_bad_input_is_refused_with_a_reason_and_a_suggestion() -> None:
    assert codes() == ["when_missing"]
    assert codes(cron="@hourly", every="1h") == ["when_missing"]
    assert codes(cron="0 0 30 2 *") == ["cron_never"]
    assert codes(every="30s") == ["too_often"]
    assert made(every="30s", often=True).upcoming(NOW)
    assert codes(every="soon") == ["bad_duration"]
    assert codes(every="1h for 2h") == ["interval_steps"]
    assert codes(every="1h, then 2h") == ["interval_steps"]
    assert codes(every="1h", timezone="Mars/Olympus") == ["bad_timezone"]
    assert codes(every="1h", start="2026-12-02T00:00:00Z", end="2026-12-01T00:00:00Z") == ["end_before_start"]
    assert codes(at="2020-01-01T00:00:00Z") == ["never_fires"]
    assert codes(every="1h", end="2026-11-22T10:30:00Z") == ["never_fires"]
    assert codes(every="1h", crisis="a", playbook="b") == ["two_scopes"]
    assert codes(every="1h", late="3d") == ["bad_duration"]
    assert codes(every="1h", colour="red") == ["unknown_field"]
    assert codes(preset="never") == ["unknown_preset"]


def test_a_mistyped_zone_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(Invalid) as refused:
        made(every="1h", timezone="Europe/Lodnon")
    assert "Europe/London" in refused.value.problems[0].remedy


@given(st.integers(1, 86_400), st.integers(0, 10_000_000))
def test_an_interval_never_slips(every: int, later: int) -> None:
    schedule = made(every=f"{every}s", often=True)
    after = NOW + timedelta(seconds=later)
    slot = schedule.next_after(after)
    assert slot is not None
    assert timedelta() < slot - after <= timedelta(seconds=every)
    assert (slot - NOW) % timedelta(seconds=every) == timedelta()


def test_words_say_when_and_how_late() -> None:
    assert made(every="90m", count=3, late="2h").words == (
        "every 1 hour and 30 minutes, 3 times at most; sent if less than 2 hours late"
    )
    assert made(preset="regulator-6h-then-daily").words.startswith(
        "every 6 hours until 24 hours after the start, then every day"
    )
    assert made(cron="30 8 * * *", timezone="Asia/Kolkata").words.startswith("at 08:30 (Asia/Kolkata)")


def test_slots_are_whole_seconds_so_that_the_store_gives_back_the_same() -> None:
    odd = NOW + timedelta(microseconds=123_456)
    documents: list[dict[str, Any]] = [{"every": "9m"}, {"at": "2026-12-24T18:00:00.5Z"}, {"every": "1h"}]
    for document in [*documents, {"every": "1h", "start": "2026-11-22T12:00:00.25Z"}]:
        schedule = Schedule.from_document({"slug": "odd", **document}, odd)
        assert all(slot.microsecond == 0 for slot in schedule.upcoming(odd))
