from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.domain.banner import LiveUpdate, banner_document, choose, live, next_change
from app.domain.crisis import Severity
from app.domain.routing import EMPTY_REGISTRY, Registry
from app.domain.sites import Site
from app.domain.updates import UpdateDocument
from tests.unit.domain.samples import CHAT, PHONE, TUESDAY_NOON, registry, update, words

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "banner.schema.json").read_text())
SITE = Site("main", languages=("en", "gu"))


def strict(schema: Any) -> Any:
    """The same schema with no room for fields it does not describe."""
    if isinstance(schema, dict):
        closed = {name: strict(value) for name, value in schema.items()}
        return {"additionalProperties": False, **closed} if "required" in schema else closed
    return [strict(one) for one in schema] if isinstance(schema, list) else schema


def one(number: int = 1, *, severity: Severity = Severity.MAJOR, minutes: int = 0, **document: Any) -> LiveUpdate:
    return LiveUpdate(
        id=number,
        revision=1,
        document=UpdateDocument.from_document(update(**document)),
        titles={"en": "Servers down"},
        severity=severity,
        sent_at=TUESDAY_NOON + timedelta(minutes=minutes),
    )


def banner(
    *updates: LiveUpdate, at: datetime = TUESDAY_NOON, site: Site = SITE, found: Registry | None = None
) -> dict[str, Any]:
    document: dict[str, Any] = banner_document(
        site=site,
        updates=updates,
        registry=registry() if found is None else found,
        seq=7,
        at=at,
        public_base="https://status.example.org/",
    )
    wire: dict[str, Any] = json.loads(json.dumps(document))
    Draft202012Validator(SCHEMA).validate(wire)
    Draft202012Validator(strict(SCHEMA)).validate(wire)
    return wire


def test_the_schema_itself_is_sound() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_when_all_is_well_the_banner_is_empty_and_the_contact_channels_are_there() -> None:
    empty = banner()
    assert (empty["severity"], empty["next_update_by"], empty["updates"]) == (None, None, [])
    assert empty["placements"] == {"banner": None, "popup": None, "landing": None}
    assert [channel["slug"] for channel in empty["contact"]["channels"]] == ["hotline", "chat", "portal"]
    assert empty["valid_until"] == "2026-03-18T06:30:00Z"
    assert banner(found=EMPTY_REGISTRY)["contact"]["channels"] == []


def test_a_live_update_stands_in_every_slot_and_can_be_read_back() -> None:
    shown = banner(one(41))
    assert shown["valid_until"] == "2026-03-10T12:30:00Z"
    assert shown["next_update_by"] == "2026-03-10T08:00:00Z"
    assert [(entry["update"], entry["revision"]) for entry in shown["updates"]] == [(41, 1)]
    assert shown["placements"]["landing"]["texts"]["gu"]["headline"] == "અમારા સર્વર બંધ છે"
    assert shown["placements"]["banner"]["texts"]["en"]["link"] == "https://status.example.org/en/crises/servers-down"
    assert set(shown["placements"]["popup"]["texts"]) == {"en", "gu"}


def test_only_severe_updates_pop_up_and_only_where_the_site_has_the_slot() -> None:
    minor = banner(one(severity=Severity.MINOR))
    assert minor["placements"]["popup"] is None
    assert minor["placements"]["banner"] is not None
    small = banner(one(), site=Site.from_document({"slug": "main", "slots": ["banner"]}))
    assert (small["placements"]["popup"], small["placements"]["landing"]) == (None, None)


def test_every_live_update_is_listed_and_the_most_severe_is_shown() -> None:
    shown = banner(
        one(1, severity=Severity.EMERGENCY, crisis="fire"),
        one(2, severity=Severity.INFO, crisis="maintenance", minutes=9),
        one(3, severity=Severity.EMERGENCY, crisis="flood", minutes=5),
    )
    assert [entry["update"] for entry in shown["updates"]] == [3, 1, 2]
    assert (shown["placements"]["banner"]["update"], shown["severity"]) == (3, "emergency")


def test_of_one_crisis_the_newest_word_counts_and_an_older_one_never_comes_back() -> None:
    older = one(1, expires_at="2026-03-10T20:00:00Z")
    newer = one(2, minutes=10, expires_at="2026-03-10T08:00:00Z")
    at = TUESDAY_NOON + timedelta(minutes=20)
    assert choose([older, newer], at) == newer
    later = datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert choose([older, newer], later) is None
    assert live([older, newer], later) == (older,)


def test_an_expired_update_and_a_drill_are_not_shown() -> None:
    late = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    assert banner(one(), at=late)["updates"] == []
    assert banner(one(drill=True))["updates"] == []


def test_nothing_in_it_says_open_now_only_when_it_will_be() -> None:
    contact = banner()["contact"]
    chat = next(channel for channel in contact["channels"] if channel["slug"] == "chat")
    assert chat["open"][0] == ["2026-03-10T06:30:00Z", "2026-03-10T12:30:00Z"]
    assert chat["open"][1] == ["2026-03-11T03:30:00Z", "2026-03-11T12:30:00Z"]
    hotline = next(channel for channel in contact["channels"] if channel["slug"] == "hotline")
    assert hotline["open"] == [["2026-03-10T06:30:00Z", "2026-03-18T06:30:00Z"]]
    night, day = banner(at=TUESDAY_NOON + timedelta(hours=12)), banner()
    assert night["contact"]["needs"] == day["contact"]["needs"]


def test_each_need_lists_its_channels_and_says_where_another_language_has_another_order() -> None:
    needs = {need["slug"]: need for need in banner()["contact"]["needs"]}
    assert needs["technical"]["contact_channels"] == ["chat", "hotline"]
    assert needs["technical"]["by_language"] == {"gu": ["hotline", "chat"]}
    assert needs["emergency"]["by_language"] == {}


def test_a_changed_phone_number_is_in_the_next_banner() -> None:
    before, after = banner(), banner(found=registry({**PHONE, "address": "+917900000000"}))
    assert before["contact"]["channels"][0]["dial"] == "+917912345678"
    assert after["contact"]["channels"][0]["dial"] == "+917900000000"


def test_the_next_change_is_the_next_opening_closing_or_expiry() -> None:
    chat_closes = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    assert next_change(registry(), [], TUESDAY_NOON) == chat_closes
    soon = one(expires_at="2026-03-10T07:00:00Z")
    assert next_change(registry(), [soon], TUESDAY_NOON) == datetime(2026, 3, 10, 7, tzinfo=UTC)
    assert next_change(EMPTY_REGISTRY, [], TUESDAY_NOON) is None


def test_arabic_words_say_that_they_run_from_right_to_left() -> None:
    shown = banner(one(content={"ar": words("الخوادم متوقفة")}))
    assert shown["placements"]["banner"]["texts"]["ar"]["dir"] == "rtl"


SENT = st.tuples(st.sampled_from(["fire", "flood"]), st.integers(-300, 60), st.booleans())


@settings(max_examples=30, deadline=None)
@given(
    st.fixed_dictionaries({"fire": st.sampled_from(list(Severity)), "flood": st.sampled_from(list(Severity))}),
    st.lists(SENT, max_size=4),
    st.integers(0, 600),
    st.sampled_from(["open", "busy", "down", "closed"]),
)
def test_every_banner_keeps_to_the_schema_and_never_outlives_what_it_shows(
    severities: dict[str, Severity], sent: list[tuple[str, int, bool]], minutes: int, status: str
) -> None:
    updates = [
        one(number, severity=severities[crisis], crisis=crisis, minutes=after, drill=drill)
        for number, (crisis, after, drill) in enumerate(sent, 1)
    ]
    at = TUESDAY_NOON + timedelta(minutes=minutes)
    shown = banner(*updates, at=at, found=registry({**CHAT, "status": status}))
    if shown["placements"]["banner"]:
        number = shown["placements"]["banner"]["update"]
        entry = next(entry for entry in shown["updates"] if entry["update"] == number)
        assert shown["published_at"] < shown["valid_until"] <= entry["expires_at"]
        assert shown["severity"] == entry["severity"]
        rank = Severity(entry["severity"]).rank
        assert all(Severity(other["severity"]).rank >= rank for other in shown["updates"])
    else:
        assert shown["severity"] is None


@pytest.mark.parametrize("language", ["lo", "eo"])
def test_a_language_the_site_does_not_name_is_still_offered(language: str) -> None:
    shown = banner(one(content={language: words("ok")}))
    assert list(shown["placements"]["banner"]["texts"]) == [language]
