from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.store import audit, publishing
from app.usecases.replace_registry import PARTS
from tests.faces import Api

SAMPLE = Path(__file__).parents[3] / "templates" / "registry" / "sample.json"


@pytest.fixture
def whole() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    del found["organisation"]
    return found


def exported(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.done(api.get("viewer", "/registry"))
    return found


def test_what_was_taken_out_can_be_put_in_elsewhere_and_is_the_same(api: Api, whole: dict[str, Any]) -> None:
    replaced = api.done(api.put("approver", "/registry", json=whole))
    assert len(replaced["added"]["contact_channels"]) == len(whole["contact_channels"])
    assert replaced["removed"] == {part: [] for part in PARTS}
    first = exported(api)
    assert {one["slug"] for one in first["needs"]} == {one["slug"] for one in whole["needs"]}
    again = api.put("approver", "/registry", json=first)
    assert api.done(again) == {part: {key: [] for key in first} for part in ("added", "changed", "removed")}
    assert again.headers["etag"] == api.get("viewer", "/registry").headers["etag"]
    options = api.done(api.get("viewer", "/route?need=emergency&lang=gu"))["options"]
    assert options[0]["contact_channel"]["slug"] == "emergency-line"


def test_an_import_takes_away_what_it_does_not_name_and_says_so(api: Api, whole: dict[str, Any]) -> None:
    api.prepare()
    answer = api.done(api.put("approver", "/registry", json=whole))
    assert answer["removed"] == {
        **{part: [] for part in PARTS},
        "contact_channels": ["phone"],
        "routing_rules": ["any"],
    }
    assert "emergency" in answer["changed"]["needs"]
    with api.db.reading() as connection:
        assert publishing.pending(connection) is not None
        entry = audit.page(connection, limit=200).items[0]
    assert (entry.actor, entry.action, entry.subject) == ("approver", "import_registry", "registry")
    assert entry.body["removed"]["contact_channels"] == ["phone"]


@pytest.mark.parametrize(
    ("spoil", "code", "field"),
    [
        (lambda one: one["contact_channels"][1].update(hours="whenever"), "bad_hours", "contact_channels[1].hours"),
        (lambda one: one["contact_channels"].append(one["contact_channels"][0]), "duplicate", "contact_channels"),
        (
            lambda one: one["routing_rules"][0]["contact_channels"].append("fax"),
            "contact_channel_not_found",
            "routing_rules.emergency.contact_channels",
        ),
        (lambda one: one["needs"].pop(0), "need_not_found", "routing_rules.emergency.need"),
    ],
)
def test_one_fault_and_nothing_has_changed(api: Api, whole: dict[str, Any], spoil: Any, code: str, field: str) -> None:
    api.prepare()
    before = exported(api)
    spoil(whole)
    refused = api.put("approver", "/registry", json=whole)
    assert refused.status_code == 422
    assert (refused.json()["code"], refused.json()["field"]) == (code, field)
    assert exported(api) == before


def test_a_change_made_in_between_is_not_overwritten(api: Api, whole: dict[str, Any]) -> None:
    api.prepare()
    seen = {"If-Match": api.get("viewer", "/registry").headers["etag"]}
    phone = api.done(api.get("viewer", "/contact-channels/phone"))
    api.done(api.put("approver", "/contact-channels/phone", json={**phone, "address": "+442071838759"}))
    refused = api.put("approver", "/registry", json=whole, headers=seen)
    assert (refused.status_code, refused.json()["code"]) == (409, "stale_edit")
    seen = {"If-Match": api.get("viewer", "/registry").headers["etag"]}
    assert api.put("approver", "/registry", json=whole, headers=seen).status_code == 200


def test_the_linter_tells_what_is_doubtful(api: Api, whole: dict[str, Any]) -> None:
    api.done(api.put("approver", "/registry", json=whole))
    assert api.done(api.get("viewer", "/routing-rules/lint")) == {"problems": []}
    late = {"slug": "late", "need": "emergency", "contact_channels": ["live-chat"], "position": 11}
    api.done(api.post("approver", "/routing-rules", json=late))
    found = api.done(api.get("viewer", "/routing-rules/lint"))["problems"]
    assert [(one["code"], one["field"]) for one in found] == [
        ("rule_unreachable", "routing_rules.late"),
        ("emergency_not_always", "routing_rules.late.contact_channels"),
    ]


def test_help_and_every_field_of_a_channel_come_back_as_they_were(api: Api, whole: dict[str, Any]) -> None:
    library = json.loads(SAMPLE.parent.joinpath("../help/library.json").read_text(encoding="utf-8"))
    opened = {"url_pattern": "https://www.example.org/*", "until": "2036-12-01T12:00:00Z"}
    library["help_links"][0]["open_resources"] = opened
    whole["contact_channels"][0].update(
        capacity={"at_once": 3, "per_hour": 40},
        accessibility={"notes": {"en": "Ring twice."}, "relay": True, "sign_language": True},
        first_response_minutes=15,
        live_max_age_minutes=5,
        upkeep={"check_on": "2036-01-01", "test_call_every_days": 7, "last_test_call": "2026-01-01"},
        exceptions=[{"from": "2036-12-24", "hours": "10:00-14:00", "labels": {"en": "Half a day"}}],
        overrides=[{"until": "2036-12-01T12:00:00Z", "status": "busy"}],
    )
    sent = {**whole, "faq": library["faq"], "help_links": library["help_links"]}
    api.done(api.put("approver", "/registry", json=sent))
    first = exported(api)
    assert {one["slug"] for one in first["faq"]} == {one["slug"] for one in library["faq"]}
    assert next(one for one in first["help_links"] if one["open_resources"])["open_resources"] == opened
    given, kept = whole["contact_channels"][0], first["contact_channels"]
    found = next(one for one in kept if one["slug"] == given["slug"])
    for field in ("capacity", "accessibility", "first_response_minutes", "live_max_age_minutes", "upkeep"):
        assert found[field] == given[field]
    assert (found["exceptions"][0]["labels"], found["overrides"][0]["status"]) == ({"en": "Half a day"}, "busy")

    emptied = api.done(api.put("approver", "/registry", json={**first, "faq": [], "help_links": []}))
    assert len(emptied["removed"]["faq"]) == len(library["faq"])
    api.done(api.put("approver", "/registry", json=first))
    assert exported(api) == first
    untouched = {field: first[field] for field in ("contact_channels", "needs", "routing_rules")}
    api.done(api.put("approver", "/registry", json=untouched))
    assert exported(api) == first, "an import without help leaves the help that is there"


def test_faulty_help_changes_nothing(api: Api, whole: dict[str, Any]) -> None:
    before = exported(api)
    refused = api.put(
        "approver", "/registry", json={**whole, "help_links": [{"slug": "x", "texts": {"en": "x"}, "url": "http://x"}]}
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "help_links[0].url")
    assert exported(api) == before
