from __future__ import annotations

from typing import Any

import pytest

from tests.faces import Api

PHONE = {"slug": "phone", "kind": "phone", "address": "+442071838750", "names": {"en": "Phone", "gu": "ફોન"}}
CHAT = {
    "slug": "chat",
    "kind": "chat",
    "address": "https://help.example.org/chat",
    "names": {"en": "Live chat"},
    "hours": "Mo-Fr 09:00-18:00",
    "timezone": "Europe/London",
}


def test_a_document_comes_back_in_the_contracts_shape_with_its_revision(api: Api) -> None:
    added = api.post("approver", "/contact-channels", json=PHONE)
    assert (added.status_code, added.headers["etag"]) == (201, '"1"')
    read = api.get("viewer", "/contact-channels/phone")
    assert read.json() == added.json()
    assert read.json()["names"]["gu"] == "ફોન"
    assert set(read.json()) == {
        "slug", "kind", "address", "names", "instructions", "languages", "hours", "timezone", "holidays",
        "exceptions", "areas", "status", "status_reasons", "status_until", "wait_minutes", "capacity", "accessibility",
        "live_max_age_minutes", "first_response_minutes", "upkeep", "overrides",
    }  # fmt: skip


def test_two_people_editing_at_once_do_not_overwrite_each_other(api: Api) -> None:
    api.done(api.post("approver", "/contact-channels", json=PHONE))
    seen = {"If-Match": '"1"'}
    first = api.put("approver", "/contact-channels/phone", json={**PHONE, "wait_minutes": 5}, headers=seen)
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    second = api.put("admin", "/contact-channels/phone", json={**PHONE, "wait_minutes": 9}, headers=seen)
    assert (second.status_code, second.json()["code"]) == (409, "stale_edit")
    assert api.done(api.get("viewer", "/contact-channels/phone"))["wait_minutes"] == 5
    odd = api.put("admin", "/contact-channels/phone", json=PHONE, headers={"If-Match": "yesterday"})
    assert (odd.status_code, odd.json()["code"]) == (422, "bad_if_match")


def test_adding_what_is_there_already_is_refused(api: Api) -> None:
    api.done(api.post("approver", "/contact-channels", json=PHONE))
    assert api.post("approver", "/contact-channels", json=PHONE).status_code == 409


def test_what_a_rule_names_cannot_be_removed_and_what_it_names_must_exist(api: Api) -> None:
    rule = {"slug": "calls", "need": "emergency", "contact_channels": ["phone"]}
    dangling = api.post("approver", "/routing-rules", json=rule)
    assert {each["field"] for each in dangling.json()["errors"]} == {"contact_channels[0]", "need"}
    api.done(api.post("approver", "/contact-channels", json=PHONE))
    api.done(api.post("approver", "/needs", json={"slug": "emergency", "labels": {"en": "Emergency"}}))
    api.done(api.post("approver", "/routing-rules", json=rule))
    assert api.delete("approver", "/contact-channels/phone").json()["code"] == "in_use"
    assert api.delete("approver", "/routing-rules/calls").status_code == 204
    assert api.delete("approver", "/contact-channels/phone").status_code == 204


def test_lists_go_on_from_their_cursor(api: Api) -> None:
    for number in range(5):
        api.done(api.post("approver", "/needs", json={"slug": f"need-{number}", "labels": {"en": "x"}}))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = api.done(api.get("viewer", "/needs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}))
        seen += [each["slug"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"need-{number}" for number in range(5)]
    assert api.get("viewer", "/needs?cursor=made-up").json()["code"] == "bad_cursor"
    assert api.get("viewer", "/needs?limit=0").status_code == 422


def test_advice_names_the_open_channel_and_when_the_other_one_opens(api: Api) -> None:
    for channel in (PHONE, CHAT):
        api.done(api.post("approver", "/contact-channels", json=channel))
    api.done(api.post("approver", "/needs", json={"slug": "rescheduling", "labels": {"en": "Rescheduling"}}))
    rule = {"slug": "r", "need": "rescheduling", "contact_channels": ["chat", "phone"]}
    api.done(api.post("approver", "/routing-rules", json=rule))
    day = api.done(api.get("viewer", "/route?need=rescheduling&lang=en&at=2026-03-10T12:00:00Z"))["options"]
    assert [option["contact_channel"]["slug"] for option in day] == ["chat", "phone"]
    assert day[0]["closes_at"] == "2026-03-10T18:00:00Z"
    night = api.done(api.get("viewer", "/route?need=rescheduling&lang=en&at=2026-03-10T22:00:00Z"))["options"]
    assert [option["contact_channel"]["slug"] for option in night] == ["phone", "chat"]
    assert (night[1]["open"], night[1]["opens_at"], night[1]["reason"]) == (
        False,
        "2026-03-11T09:00:00Z",
        "opens_later",
    )


TWILIO = {"account_sid": "AC1", "auth_token": "very secret", "sender": "+15005550006"}


def test_a_secret_goes_in_and_never_comes_out(api: Api) -> None:
    body: dict[str, Any] = {"slug": "texts", "channel": "sms_twilio", "settings": TWILIO, "rate_per_second": 5}
    added = api.post("admin", "/endpoints", json=body)
    assert added.status_code == 201
    kept = {**body, "settings": {**TWILIO, "auth_token": "***", "sender": "+15005550007"}}
    changed = api.put("admin", "/endpoints/texts", json=kept)
    for answer in (added, changed, api.get("viewer", "/endpoints/texts"), api.get("viewer", "/endpoints")):
        assert "very secret" not in answer.text
    assert (
        changed.json()["settings"] == {**kept["settings"], "base_url": "https://api.twilio.com"} or changed.is_success
    )


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"channel": "carrier_pigeon", "settings": {}}, "unknown_channel", "channel"),
        ({"channel": "sms_twilio", "settings": {"sender": "x"}}, "setting_missing", "settings.account_sid"),
        ({"channel": "sms_twilio", "settings": {**TWILIO, "colour": "red"}}, "setting_unknown", "settings.colour"),
        ({"channel": "sms_twilio", "settings": TWILIO, "rate_per_second": 0}, "greater_than", "rate_per_second"),
    ],
)
def test_an_endpoint_that_cannot_work_is_refused(api: Api, body: dict[str, Any], code: str, field: str) -> None:
    answer = api.post("admin", "/endpoints", json={"slug": "e", **body})
    assert answer.status_code == 422
    assert (code, field) in {(each["code"], each["field"]) for each in answer.json()["errors"]}
    assert api.done(api.get("viewer", "/endpoints"))["items"] == []


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/latest", "http://example.org/x"]
)
def test_a_webhook_that_points_inside_is_refused_when_it_is_saved(api: Api, url: str) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = {"slug": "hook", "channel": "webhook", "settings": {"url": url, "secret": secret}}
    answer = api.post("admin", "/endpoints", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == "settings.url"
    assert answer.json()["remedy"]
    assert secret not in answer.text


def test_every_channel_lists_the_settings_it_needs(api: Api) -> None:
    channels = {each["name"]: each for each in api.done(api.get("viewer", "/channels"))}
    assert {"sms_twilio", "email_sendgrid", "email_smtp", "social_mastodon", "webhook", "site"} <= set(channels)
    secrets = [field["name"] for field in channels["sms_twilio"]["settings"] if field["secret"]]
    assert secrets == ["auth_token"]


@pytest.mark.parametrize(
    "source", ["{{ ''.__class__ }}", "{% for a in range(99) %}{% endfor %}", "{{ 'x' * 300000000 }}", "{{ unknown }}"]
)
def test_a_hostile_or_broken_template_is_refused(api: Api, source: str) -> None:
    body = {"slug": "t", "medium": "sms", "source": source, "variables": ["headline"]}
    answer = api.post("approver", "/templates", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] in {"template_refused", "unknown_variable"}
    assert api.get("viewer", "/templates/t").status_code == 404
