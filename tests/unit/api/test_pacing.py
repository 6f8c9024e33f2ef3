"""Preflight says how many will get in touch, and each of its offers is accepted by one act."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.clock import FrozenClock
from tests.faces import WORDS, Api

PLAYBOOK = {"slug": "outage", "names": {"en": "Outage"}, "contact_shares": {"severity": {"minor": 100}}}
DRAFT = {"stage": "holding", "need": "billing"}


@pytest.fixture
def minor(api: Api, clock: FrozenClock) -> Api:
    """Three people, of whom all will get in touch within two hours with a desk that takes one an hour."""
    api.prepare()
    api.done(api.post("admin", "/playbooks", json=PLAYBOOK))
    crisis = {"slug": "bills", "titles": {"en": "Bills"}, "severity": "minor", "playbook": "outage"}
    api.done(api.post("author", "/crises", json=crisis))
    api.done(api.post("approver", "/needs", json={"slug": "billing", "labels": {"en": "Billing"}}))
    desk = {"slug": "desk", "kind": "phone", "address": "+442071838755", "names": {"en": "Desk"}}
    api.done(api.post("approver", "/contact-channels", json={**desk, "capacity": {"per_hour": 1}}))
    rule = {"slug": "bills", "need": "billing", "contact_channels": ["desk"]}
    api.done(api.post("approver", "/routing-rules", json=rule))
    return api


def draft(api: Api, crisis: str = "bills", **changes: Any) -> int:
    document = {"audience": "everyone", "endpoints": ["texts", "mail"], "content": {"en": WORDS}}
    answer = api.post("author", f"/crises/{crisis}/updates", json={**document, **DRAFT, **changes})
    return int(api.done(answer)["id"])


def preview(api: Api, update: int) -> Any:
    return api.done(api.get("viewer", f"/updates/{update}/preview"))


def codes(shown: Any, kind: str = "warnings") -> set[str]:
    return {one["code"] for one in shown[kind]}


def test_the_preview_warns_and_the_offered_pace_is_accepted_in_one_act(minor: Api, clock: FrozenClock) -> None:
    update = draft(minor)
    shown = preview(minor, update)
    expected = shown["expected_contacts"]
    assert (expected["finding"], expected["contacts"], expected["per_hour"]) == ("contacts_over_capacity", 3, 2)
    assert expected["pace"]["recipients_per_hour"] == 1
    assert (datetime.fromisoformat(expected["pace"]["ends_at"]) - clock.now()) == timedelta(hours=4)
    warning = next(one for one in shown["warnings"] if one["code"] == "contacts_over_capacity")
    assert "“desk” takes 1 an hour" in warning["sentence"]
    assert "Pace it: 1 recipients an hour" in warning["remedy"]

    paced = minor.done(minor.post("author", f"/updates/{update}/pace"))
    assert paced["document"]["recipients_per_hour"] == 1
    shown = preview(minor, update)
    assert shown["eta_seconds"] == 4 * 3_600
    assert shown["expected_contacts"]["finding"] == "fits"
    assert "contacts_over_capacity" not in codes(shown)


def test_the_pace_is_part_of_what_is_approved_and_of_what_is_promised(minor: Api, clock: FrozenClock) -> None:
    update = draft(minor)
    figure = {"recipients_per_hour": 2}
    minor.done(minor.post("author", f"/updates/{update}/pace", json=figure))
    minor.submit(update)
    shown = minor.done(minor.get("viewer", f"/updates/{update}"))
    assert shown["document"]["recipients_per_hour"] == 2
    late = minor.post("author", f"/updates/{update}/pace", json=figure)
    assert (late.status_code, late.json()["code"]) == (409, "update_state")
    approval = {"count": shown["recipients"], "content_hash": shown["content_hash"]}
    minor.done(minor.post("approver", f"/updates/{update}/approve", json=approval))
    sent = minor.done(minor.post("author", f"/updates/{update}/send"))
    # Two media, each once an hour: the second of each an hour after the first.
    assert datetime.fromisoformat(sent["eta"]) >= clock.now() + timedelta(hours=1)


def test_whoever_sets_the_pace_cannot_approve_it(minor: Api) -> None:
    update = draft(minor)
    minor.done(minor.post("approver", f"/updates/{update}/pace", json={"recipients_per_hour": 2}))
    minor.submit(update)
    refused = minor.post("approver", f"/updates/{update}/approve", json={"count": 4})
    assert refused.status_code == 403


def test_a_pace_can_be_lifted_again(minor: Api) -> None:
    update = draft(minor, recipients_per_hour=7)
    lifted = minor.done(minor.post("author", f"/updates/{update}/pace", json={"recipients_per_hour": None}))
    assert lifted["document"]["recipients_per_hour"] is None


def test_emergencies_and_corrections_are_never_held_back(minor: Api) -> None:
    urgent = draft(minor, "outage", need="emergency")
    refused = minor.post("author", f"/updates/{urgent}/pace", json={"recipients_per_hour": 5})
    assert (refused.status_code, refused.json()["code"]) == (422, "pace_refused")
    written = draft(minor, "outage", need="emergency", recipients_per_hour=5)
    assert "pace_refused" in codes(preview(minor, written), "problems")
    assert minor.post("author", f"/updates/{written}/submit").json()["code"] == "pace_refused"


def test_a_pace_that_outlasts_the_words_is_refused(minor: Api, clock: FrozenClock) -> None:
    update = draft(minor, expires_at=(clock.now() + timedelta(hours=3)).isoformat())
    refused = minor.post("author", f"/updates/{update}/pace", json={"recipients_per_hour": 1})
    assert (refused.status_code, refused.json()["code"]) == (422, "pace_past_expiry")
    offered = minor.post("author", f"/updates/{update}/pace")
    assert (offered.status_code, offered.json()["code"]) == (409, "no_pace_offered")


def test_customers_are_led_elsewhere_in_one_act_that_reverts_by_itself(minor: Api, clock: FrozenClock) -> None:
    update = draft(minor)
    nowhere = minor.post("approver", f"/updates/{update}/divert")
    assert (nowhere.status_code, nowhere.json()["code"]) == (409, "no_diversion_offered")
    portal = {"slug": "portal", "kind": "portal", "address": "https://help.example.org", "names": {"en": "Portal"}}
    minor.done(minor.post("approver", "/contact-channels", json=portal))
    rule = {"slug": "bills", "need": "billing", "contact_channels": ["desk", "portal"]}
    minor.done(minor.put("approver", "/routing-rules/bills", json=rule))
    assert minor.post("author", f"/updates/{update}/divert").status_code == 403

    offer = minor.done(minor.post("approver", f"/updates/{update}/divert"))
    assert (offer["contact_channel"], offer["instead"], offer["capacity_known"]) == ("desk", "portal", False)

    def first(at: str) -> str:
        options = minor.done(minor.get("viewer", "/route", params={"need": "billing", "at": at}))["options"]
        return str(options[0]["contact_channel"]["slug"])

    assert first(clock.now().isoformat()) == "portal"
    assert first(offer["until"]) == "desk"
    assert preview(minor, update)["expected_contacts"]["contact_channel"] == "portal"
