from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain.message import Limits, Medium
from app.domain.routing import EMPTY_REGISTRY, Registry
from app.usecases.compose_message import Source
from app.usecases.preview_update import EndpointLimits, Preflight, preflight
from tests.unit.usecases.announcements import AT, LANGUAGES, LINK, document, registry, sample, source, templating

ENDPOINTS = (
    EndpointLimits("texts", Medium.SMS, Limits(segments=10)),
    EndpointLimits("mail", Medium.EMAIL, Limits()),
    EndpointLimits("bluesky", Medium.SOCIAL, Limits(characters=300, unit="graphemes", utf8_bytes=3000)),
)


def checked(made: Source, page_link: str = LINK) -> Preflight:
    return preflight(templating(), made, ENDPOINTS, AT, page_link)


def codes(made: Source) -> tuple[set[str], set[str]]:
    result = checked(made)
    return {one.code for one in result.problems}, {one.code for one in result.warnings}


def test_a_shipped_holding_statement_passes_in_every_language_on_every_endpoint() -> None:
    result = checked(source())
    assert result.problems == ()
    assert result.passed
    assert {(one.endpoint, one.language) for one in result.renderings} == {
        (endpoint.slug, language) for endpoint in ENDPOINTS for language in LANGUAGES
    }
    text = next(one for one in result.renderings if one.endpoint == "texts" and one.language == "gu")
    assert (text.encoding, text.unit) == ("UCS-2", "segments")
    assert text.parts <= text.reserved_parts <= 3


def test_a_missing_default_language_blocks_and_another_one_warns() -> None:
    update = document()
    del update["content"]["en"]
    blocked, _ = codes(source(update))
    assert "missing_translation" in blocked
    update = document()
    del update["content"]["lo"]
    blocked, warned = codes(source(update))
    assert blocked == set()
    assert {"missing_translation", "translation_fallback"} <= warned


def test_a_message_without_any_contact_route_is_blocked() -> None:
    blocked, _ = codes(source(registry=EMPTY_REGISTRY))
    assert "no_contact_route" in blocked


def test_an_oversize_text_is_blocked_once_and_names_its_language() -> None:
    update = document(content={"en": {"headline": "Down", "impact": "i" * 3000, "duration": "long"}})
    found = [one for one in checked(source(update)).problems if one.code == "oversize"]
    assert found
    assert all(one.field == "content.en" for one in found)


def test_a_slot_nobody_filled_is_blocked_by_its_name() -> None:
    update = document(content={"en": {"headline": "Back by {until}", "impact": "Wait.", "duration": "Soon"}})
    found = [one for one in checked(source(update)).problems if one.code == "unknown_variable"]
    assert "until" in found[0].sentence


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"next_update_by": None}, "no_next_update"),
        ({"content": {"en": {"headline": "a", "impact": "b"}}}, "no_duration"),
        ({"content": {"en": {"headline": "a", "impact": "b", "complications": ["c"]}}}, "gloom_alone"),
    ],
)
def test_thin_messages_are_warned_about(change: dict[str, Any], code: str) -> None:
    blocked, warned = codes(source(document(**change)))
    assert code in warned
    assert code not in blocked


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"need": "no-such-need"}, "need_not_found"),
        ({"endpoints": []}, "no_endpoints"),
        ({"expires_at": "2026-11-23T05:00:00Z"}, "expired"),
        ({"next_update_by": "2026-11-23T05:00:00Z"}, "promise_past"),
        ({"content": {"en": {"headline": "a"}}}, "no_impact"),
    ],
)
def test_what_cannot_go_out_is_blocked(change: dict[str, Any], code: str) -> None:
    assert code in codes(source(document(**change)))[0]


def test_stale_facts_and_a_missing_page_are_warned_about() -> None:
    crisis = {"slug": "grid", "facts": [{"name": "affected", "stale_at": "2026-11-23T05:00:00Z"}]}
    result = checked(source(crisis=crisis), page_link="")
    assert {"stale_fact", "no_page_link"} <= {one.code for one in result.warnings}


def test_it_is_said_when_every_channel_is_closed() -> None:
    closed: dict[str, object] = {"hours": "Su 01:00-02:00", "timezone": "UTC"}
    shut = registry(emergency_line=closed, live_chat=closed, text_line=closed, portal=closed, service_desk=closed)
    assert "all_closed" in codes(source(registry=shut))[1]


def test_each_problem_is_listed_once() -> None:
    result = checked(source(document(need="no-such-need")))
    assert len(set(result.problems)) == len(result.problems)


def in_areas(**slugs: str) -> Registry:
    """The sample registry with an emergency line of its own for each of these areas, at this address."""
    known = sample()
    lines = [
        {"slug": area, "kind": "portal", "address": address, "names": {"en": area}, "areas": [area]}
        for area, address in slugs.items()
    ]
    rule = {"slug": "near", "need": "emergency", "contact_channels": [*slugs, "emergency-line"], "position": 0}
    return Registry.from_documents(
        [*known["contact_channels"], *lines], known["needs"], [*known["routing_rules"], rule]
    )


def test_every_area_is_rendered_before_anybody_is_asked_to_approve_it() -> None:
    usual = {one.language: one.reserved_parts for one in checked(source()).renderings if one.endpoint == "texts"}
    found = checked(
        replace(source(), registry=in_areas(north="https://a.example.org/north", south="https://example.org/s"))
    )
    assert found.passed
    for one in found.renderings:
        if one.endpoint == "texts":
            assert "+12025550100" in one.text, "somebody whose area is not known"
            assert one.reserved_parts >= usual[one.language]


def test_a_text_that_is_too_long_in_one_area_only_is_blocked() -> None:
    short = EndpointLimits("texts", Medium.SMS, Limits(segments=1))
    update = document(content={"en": {"headline": "Down", "impact": "i" * 88}}, next_update_by=None, need="emergency")

    def refused(found: Registry) -> bool:
        result = preflight(templating(), source(update, registry=found), (short,), AT, "")
        return "oversize" in {one.code for one in result.problems} | {one.code for one in result.warnings}

    assert not refused(registry())
    assert refused(in_areas(north="https://" + "x" * 60 + ".example.org/"))
