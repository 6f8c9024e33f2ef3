from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.contact_load import (
    DEFAULT_SHARES,
    ContactShares,
    Elsewhere,
    Finding,
    Load,
    NoPace,
    Occasion,
    Slower,
    Told,
    weigh,
)
from app.domain.crisis import Severity, Stage
from app.domain.planning import SHARD_SIZE, Spread, spread
from app.domain.routing import Query, Registry, advise
from app.errors import Invalid

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
FIRST_WORD = Occasion(Severity.MAJOR, Stage.HOLDING, "billing", "en", NOON, NOON + timedelta(hours=24))
TOLD = Told(people=10_000, recipients=15_000, seconds=600)
"""With the default shares: 4 of a hundred, so 400 contacts within two hours."""


def registry(*channels: dict[str, Any], rules: list[dict[str, Any]] | None = None) -> Registry:
    documents = [{"kind": "phone", "address": f"+44207183875{n}", **one} for n, one in enumerate(channels)]
    for one in documents:
        one.setdefault("names", {"en": one["slug"]})
    needs = [{"slug": slug, "labels": {"en": slug}} for slug in ("emergency", "billing")]
    usual = {"slug": "a", "need": "billing", "contact_channels": [one["slug"] for one in channels]}
    return Registry.from_documents(documents, needs, rules or [usual])


def desk(per_hour: int | None = 100, **more: Any) -> dict[str, Any]:
    return {"slug": "desk", "capacity": {"per_hour": per_hour}, **more}


def load(*channels: dict[str, Any], occasion: Occasion = FIRST_WORD, told: Told = TOLD) -> Load:
    return weigh(registry(*channels), told, occasion, DEFAULT_SHARES)


def test_what_a_channel_can_take_needs_no_warning() -> None:
    assert load(desk(200)) == Load(Finding.FITS, 400, 200, "desk", 200)


def test_too_many_are_named_with_a_pace_that_the_channel_can_keep() -> None:
    found = load(desk(100))
    assert (found.finding, found.contacts, found.per_hour) == (Finding.OVER_CAPACITY, 400, 200)
    assert found.slower == Slower(3_700, NOON + timedelta(hours=15_000 / 3_700))
    slower = replace(TOLD, seconds=15_000 / found.slower.recipients_per_hour * 3_600)
    assert load(desk(100), told=slower).finding is Finding.FITS


def test_whoever_waits_already_is_answered_first() -> None:
    assert load(desk(200, wait_minutes=30)).finding is Finding.OVER_CAPACITY


def test_people_at_once_count_by_how_long_one_takes() -> None:
    assert load(desk(None, capacity={"at_once": 20})).takes_per_hour == 200


@pytest.mark.parametrize(
    ("occasion", "channel", "reason"),
    [
        (replace(FIRST_WORD, severity=Severity.EMERGENCY), desk(), NoPace.URGENT),
        (replace(FIRST_WORD, stage=Stage.CORRECTION), desk(10), NoPace.URGENT),
        (replace(FIRST_WORD, expires_at=NOON + timedelta(hours=3)), desk(), NoPace.EXPIRES_FIRST),
        (FIRST_WORD, desk(hours="Mo-Su 08:00-15:00"), NoPace.CLOSES_FIRST),
        (FIRST_WORD, desk(0), NoPace.CLOSES_FIRST),
    ],
)
def test_when_pacing_does_not_help_it_says_why(occasion: Occasion, channel: dict[str, Any], reason: NoPace) -> None:
    found = load(channel, occasion=occasion)
    assert (found.finding, found.slower) == (Finding.OVER_CAPACITY, reason)


def test_nobody_there_is_another_matter_than_too_few() -> None:
    assert load(desk(hours="Mo-Su 20:00-23:00")).finding is Finding.NOBODY_THERE


def test_a_channel_that_does_not_say_what_it_takes_is_not_judged() -> None:
    assert load(desk(None)).finding is Finding.CAPACITY_UNKNOWN
    assert load({**desk(), "status": "down"}).finding is Finding.NO_CHANNEL


def test_the_other_channel_offered_is_where_advice_leads_once_the_override_is_in_force() -> None:
    channels = (desk(100), {"slug": "chat", "capacity": {"per_hour": 500}})
    offer = load(*channels).elsewhere
    assert offer == Elsewhere("desk", "chat", NOON + timedelta(hours=2), capacity_known=True)
    after = registry({**channels[0], "overrides": [offer.override()]}, channels[1])
    assert advise(after, Query("billing"), NOON)[0].contact_channel.slug == "chat"
    assert advise(after, Query("billing"), offer.until)[0].contact_channel.slug == "desk"


@pytest.mark.parametrize(
    "other",
    [
        {"capacity": {"per_hour": 150}},
        {"hours": "Mo-Su 20:00-23:00"},
        {"status": "busy"},
        {"status": "down"},
    ],
)
def test_a_channel_that_would_not_help_is_not_offered(other: dict[str, Any]) -> None:
    assert load(desk(100), {"slug": "chat", **other}).elsewhere is None


def test_the_emergency_line_stays_free() -> None:
    rules = [
        {"slug": "a", "need": "billing", "contact_channels": ["desk", "line"]},
        {"slug": "b", "need": "emergency", "contact_channels": ["line"]},
    ]
    found = weigh(registry(desk(100), {"slug": "line"}, rules=rules), TOLD, FIRST_WORD, DEFAULT_SHARES)
    assert found.elsewhere is None


def test_an_organisation_puts_its_own_figures_in_place_of_the_assumption() -> None:
    own = DEFAULT_SHARES.over({"severity": {"major": 10}, "need": {"billing": 2}, "within_hours": 4})
    assert own.share(Severity.MAJOR, Stage.HOLDING, "billing") == pytest.approx(0.2)
    assert own.share(Severity.MINOR, Stage.RESOLVED, "other") == pytest.approx(0.003)
    assert own.within_hours == 4
    assert DEFAULT_SHARES.over({}) == ContactShares()


def test_what_is_wrong_with_the_figures_is_said_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        DEFAULT_SHARES.over({"severity": {"huge": 3, "minor": "many"}, "minutes_each": -1, "speed": 1})
    fields = {problem.field for problem in refused.value.problems}
    assert fields == {
        "contact_shares.severity",
        "contact_shares.severity.minor",
        "contact_shares.minutes_each",
        "contact_shares.speed",
    }


def test_a_pace_is_kept_over_all_media_in_steps_of_five_minutes() -> None:
    assert spread(None, 2) == Spread(SHARD_SIZE, 0)
    assert spread(2_400, 2) == Spread(100, 3_000)
    assert spread(2_400, 2).offset_ms(100) == 5 * 60_000
    assert spread(1, 2).size == 1
    assert spread(10_000_000, 1).size == SHARD_SIZE
