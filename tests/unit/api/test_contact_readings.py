"""Waits and presence, posted by staff or by a phone system that signs; what is not proven changes nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from standardwebhooks import Webhook

from app.domain.principals import HOST
from app.domain.reading import iso
from app.keyring import Keyring
from app.store import readings
from app.store.tables import publish_request
from app.usecases.rotate_key import rotate_key
from tests.faces import Api

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def line(api: Api) -> Api:
    """A phone line around the clock whose system may report."""
    api.prepare()
    answer = api.put("admin", "/contact-channels/phone/secret", json={"secret": SECRET})
    assert (answer.status_code, answer.content) == (204, b"")
    return api


def webhook(api: Api, what: str, fields: object, *, ago: timedelta = timedelta(), secret: str = SECRET) -> Any:
    at, body = api.clock.now() - ago, json.dumps(fields)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body),
    }
    return api.client.post(f"/callbacks/contact-channels/phone/{what}", content=body, headers=headers)


def route(api: Api) -> dict[str, Any]:
    (option,) = api.done(api.get("viewer", "/route?need=emergency"))["options"]
    found: dict[str, Any] = option
    return found


def standing(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.done(api.get("viewer", "/contact-channels/phone/standing"))
    return found


def requests(api: Api) -> int:
    with api.db.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(publish_request)).scalar_one())


def test_a_wait_that_staff_post_is_in_the_next_advice_and_asks_for_the_website(line: Api) -> None:
    before = requests(line)
    assert line.done(line.post("author", "/contact-channels/phone/wait", json={"minutes": 25})) == {"taken": "new"}
    assert (route(line)["wait_minutes"], standing(line)["wait_minutes"]) == (25, 25)
    assert requests(line) == before + 1


def test_a_signed_wait_is_taken_and_one_said_again_is_ignored(line: Api) -> None:
    assert webhook(line, "wait", {"minutes": 12}, ago=timedelta(seconds=2)).status_code == 204
    assert webhook(line, "wait", {"minutes": 99}, ago=timedelta(seconds=60)).status_code == 204  # came out of order
    assert route(line)["wait_minutes"] == 12


def test_a_wait_older_than_the_channel_believes_is_ignored(line: Api) -> None:
    document = line.done(line.get("viewer", "/contact-channels/phone"))
    line.done(line.put("approver", "/contact-channels/phone", json={**document, "live_max_age_minutes": 1}))
    before = requests(line)
    assert webhook(line, "wait", {"minutes": 12}, ago=timedelta(minutes=2)).status_code == 204
    assert (route(line)["wait_minutes"], requests(line)) == (None, before)
    assert webhook(line, "wait", {"minutes": 12}, ago=timedelta(seconds=50)).status_code == 204
    assert route(line)["wait_minutes"] == 12


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, "callback_not_proven"),
        ({"ago": timedelta(minutes=6)}, "webhook_stale"),
        ({"ago": -timedelta(minutes=6)}, "webhook_stale"),
    ],
)
def test_a_wrong_signature_or_an_old_timestamp_changes_nothing(line: Api, more: dict[str, Any], code: str) -> None:
    before = requests(line)
    for what, fields in (("wait", {"minutes": 12}), ("presence", {"staffed": False})):
        answer = webhook(line, what, fields, **more)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.json()["remedy"]
    assert (route(line)["wait_minutes"], standing(line)["staffed"], requests(line)) == (None, None, before)


def test_a_channel_without_a_secret_or_that_is_not_there_looks_the_same(api: Api) -> None:
    api.prepare()
    known = webhook(api, "wait", {"minutes": 1})
    unknown = api.client.post("/callbacks/contact-channels/nothing/wait", content=b"{}")
    assert (known.status_code, known.json()["code"]) == (401, "callback_not_proven")
    assert (unknown.status_code, unknown.json()["code"]) == (401, "callback_not_proven")


@pytest.mark.parametrize("fields", [{}, [], {"minutes": "ten"}, {"minutes": -1}, {"minutes": 10_081}])
def test_a_proven_body_that_makes_no_sense_is_explained(line: Api, fields: object) -> None:
    answer = webhook(line, "wait", fields)
    assert answer.status_code == 422
    assert answer.json()["remedy"]
    assert route(line)["wait_minutes"] is None


def test_hours_posted_but_not_kept_are_busy_and_staff_are_told_once(line: Api) -> None:
    for ago in (290, 200, 100):
        assert webhook(line, "presence", {"staffed": False}, ago=timedelta(seconds=ago)).status_code == 204
    assert route(line)["reason"] == "open"
    with line.db.writing() as tx:  # the first report was six minutes ago
        first = line.clock.now() - timedelta(minutes=6)
        readings.set_presence(tx, "phone", staffed=False, since=first, at=line.clock.now() - timedelta(seconds=50))
    for _ in range(2):
        assert webhook(line, "presence", {"staffed": False}, ago=timedelta(seconds=3)).status_code == 204
    assert (route(line)["reason"], standing(line)["nobody_there"]) == ("busy", True)
    (crisis,) = line.done(line.get("viewer", "/crises"))["items"]
    timeline = line.done(line.get("viewer", f"/crises/{crisis['slug']}/timeline"))["items"]
    assert [entry["body"] for entry in timeline if entry["kind"] == "contact_channel_unstaffed"] == [
        {"contact_channel": "phone"}
    ]
    assert standing(line)["kept_hours_percent"] == 0.0
    assert line.done(line.post("author", "/contact-channels/phone/presence", json={"staffed": True}))["taken"] == "new"
    assert route(line)["reason"] == "open"


def test_the_secret_is_sealed_survives_a_new_key_and_goes_with_its_channel(line: Api) -> None:
    with line.db.reading() as connection:
        sealed = readings.secret(connection, "phone")
    assert sealed is not None
    assert b"MfKQ" not in sealed
    assert rotate_key(line.db, line.wiring.keyring, HOST, line.clock.now()) >= 1
    assert webhook(line, "wait", {"minutes": 3}).status_code == 204
    line.delete("approver", "/routing-rules/any")
    assert line.delete("approver", "/contact-channels/phone").status_code == 204
    with line.db.reading() as connection:
        assert readings.secret(connection, "phone") is None
        assert readings.everything(connection) == {}
    assert isinstance(line.wiring.keyring, Keyring)


def test_a_secret_of_another_form_is_refused(line: Api) -> None:
    answer = line.put("admin", "/contact-channels/phone/secret", json={"secret": "1234"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_secret")


def test_another_number_for_an_hour_is_one_act_and_those_that_are_over_are_left_out(line: Api) -> None:
    path, soon = "/contact-channels/phone/overrides", iso(line.clock.now() + timedelta(hours=1))
    first = line.post("approver", path, json={"until": soon, "address": "112"})
    assert (first.status_code, first.headers["etag"]) == (201, '"2"')
    assert route(line)["contact_channel"]["address"] == "112"
    over = {"from": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z", "address": "113"}
    document = line.done(line.get("viewer", "/contact-channels/phone"))
    both = {**document, "overrides": [over, *document["overrides"]]}
    line.done(line.put("approver", "/contact-channels/phone", json=both))
    second = line.done(line.post("approver", path, json={"until": soon, "status": "busy"}))
    assert [sorted(one) for one in second["overrides"]] == [
        ["address", "reasons", "until"],
        ["reasons", "status", "until"],
    ]


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ({"from": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z", "address": "113"}, "already_over"),
        ({"until": "2036-01-01T00:00:00Z", "address": "call us"}, "bad_address"),
        ({"until": "2036-01-01T00:00", "address": "112"}, "bad_time"),
        ({"until": "2036-01-01T00:00:00Z"}, "missing"),
    ],
)
def test_an_override_that_cannot_be_is_refused_and_changes_nothing(
    line: Api, override: dict[str, Any], code: str
) -> None:
    answer = line.post("approver", "/contact-channels/phone/overrides", json=override)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert line.done(line.get("viewer", "/contact-channels/phone"))["overrides"] == []


def test_a_status_says_why_and_until_when(line: Api) -> None:
    path, soon = "/contact-channels/phone/status", iso(line.clock.now() + timedelta(hours=1))
    body = {"status": "busy", "reasons": {"en": "Half of us are ill"}, "until": soon}
    made = line.post("approver", path, json=body)
    assert (made.status_code, made.headers["etag"], made.json()["status_until"]) == (200, '"2"', soon)
    assert route(line)["reason"] == "busy"
    assert line.post("author", path, json=body).status_code == 403
    for wrong in (
        {"status": "ill"},
        {"status": "busy", "until": "2036-01-01T00:00"},
        {"status": "busy", "until": "2020-01-01T00:00Z"},
    ):
        assert line.post("approver", path, json=wrong).status_code == 422
    back = line.done(line.post("approver", path, json={"status": "open"}))
    assert (back["status"], back["status_reasons"], back["status_until"]) == ("open", {}, None)


def test_a_test_call_and_a_look_are_written_down_by_whoever_did_them(line: Api) -> None:
    document = line.done(line.get("viewer", "/contact-channels/phone"))
    due = {**document, "upkeep": {"check_on": "2020-01-01", "test_call_every_days": 30}}
    line.done(line.put("approver", "/contact-channels/phone", json=due))
    line.done(line.post("author", "/tick"))
    assert len(line.done(line.get("viewer", "/staff/notices"))["items"]) == 2
    assert standing(line)["due"] == ["check", "test_call"]
    path = "/contact-channels/phone/upkeep"
    assert line.post("author", path, json={}).json()["code"] == "missing"
    assert line.post("author", path, json={"check_on": "2020-01-02"}).json()["code"] == "already_over"
    line.done(line.post("author", path, json={"called": True, "check_on": "2099-01-01"}))
    assert standing(line)["due"] == []
    notices = line.done(line.get("viewer", "/staff/notices"))["items"]
    assert all(one["cleared_at"] for one in notices)
