"""One person over the API: several addresses, consents with their proof, masked unless asked, exported and erased."""

from __future__ import annotations

import json

import pytest

from app.store import audit
from tests.faces import Api
from tests.rig.push import Device

PATH = "/subscribers/C-1"
HER_PHONE = Device("her-phone")
PERSON = {
    "name": "Ann", "languages": ["gu", "en"], "timezone": "Asia/Kolkata", "area": "north",
    "attributes": {"tier": "gold"}, "preferred_medium": "sms",
    "addresses": [
        {"medium": "sms", "address": "+44 20 7183 8801"},
        {"medium": "sms", "address": "+442071838802", "preferred": True},
        {"medium": "email", "address": "Ann@Example.org"},
        {"medium": "push", "address": HER_PHONE.address},
        {"medium": "chat", "address": "@ann:example.org"},
    ],
    "consents": [{"medium": "sms", "topic": "power", "granted": True, "how": "form", "text_version": "2026-1"}],
}  # fmt: skip


@pytest.fixture
def ann(api: Api) -> Api:
    api.prepare()
    api.done(api.post("approver", "/topics", json={"slug": "power", "names": {"en": "Power"}}))
    made = api.put("author", PATH, json=PERSON)
    assert made.status_code == 201, made.text
    return api


def test_a_person_is_put_in_place_and_shown_masked(ann: Api) -> None:
    shown = ann.done(ann.get("author", PATH))
    assert [(one["medium"], one["address"], one["preferred"]) for one in shown["addresses"]] == [
        ("sms", "+44•••••••801", False), ("sms", "+44•••••••802", True), ("email", "a•••@example.org", True),
        ("chat", "@a•••", True), ("push", "updates.push.services.mozilla.com •••one", True),
    ]  # fmt: skip
    assert (shown["preferred_medium"], shown["languages"], shown["attributes"]) == (
        "sms",
        ["gu", "en"],
        {"tier": "gold"},
    )
    (consent,) = shown["consents"]
    assert {**consent, "at": ""} == {**PERSON["consents"][0], "at": "", "by": "author"}  # type: ignore[index]
    for path in (PATH, f"{PATH}/consents", "/subscribers"):
        assert "7183" not in json.dumps(ann.done(ann.get("author", path)))
        assert ann.get("viewer", path).status_code == 403


def test_what_is_not_spoken_of_stays_and_an_address_is_kept_by_its_id(ann: Api) -> None:
    before = ann.done(ann.get("author", PATH))["addresses"]
    same = ann.put("author", PATH, json={"name": "Ann B."})
    assert (same.status_code, same.json()["addresses"]) == (200, before)
    assert same.json()["consents"][0]["topic"] == "power"
    kept = {"medium": "sms", "address_id": before[0]["address_id"]}
    changed = ann.done(ann.put("author", PATH, json={"name": "Ann B.", "addresses": [kept]}))
    assert [(one["address_id"], one["preferred"]) for one in changed["addresses"]] == [(kept["address_id"], True)]
    stranger = ann.done(ann.get("author", "/subscribers?external_id=1"))["items"][0]["addresses"][0]["address_id"]
    theirs = {"addresses": [{"medium": "sms", "address_id": stranger}]}
    refused = ann.put("author", PATH, json=theirs)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_address")
    assert ann.put("author", PATH, json={"consents": [{"medium": "sms", "topic": "gas", "granted": True}]}).json()[
        "code"
    ] == "unknown_topic"  # fmt: skip


def test_every_fault_of_a_person_is_named_at_once_and_nothing_is_kept(ann: Api) -> None:
    wrong = {
        "languages": ["klingon-"], "timezone": "Mars", "attributes": {"x" * 65: "1", "a\0": "1"},
        "addresses": [{"medium": "sms", "address": "12"}, {"medium": "email", "address": "no"}],
    }  # fmt: skip
    answer = ann.put("author", "/subscribers/C-2", json=wrong)
    fields = {problem["field"] for problem in answer.json()["errors"]}
    assert fields >= {"languages", "timezone", "attributes", "addresses[0].address", "addresses[1].address"}
    assert "forbidden_character" in answer.text
    assert ann.get("author", "/subscribers/C-2").status_code == 404


def test_addresses_in_the_clear_need_a_role_and_leave_a_trace(ann: Api) -> None:
    assert ann.get("author", f"{PATH}/addresses").status_code == 403
    shown = ann.done(ann.get("approver", f"{PATH}/addresses"))
    assert "+442071838801" in [one["address"] for one in shown["addresses"]]
    with ann.db.reading() as connection:
        newest = audit.page(connection, limit=1).items[0]
    assert (newest.actor, newest.action) == ("approver", "show_address")
    assert "7183" not in newest.body


def test_everything_we_hold_is_exported_and_then_erased(ann: Api) -> None:
    ann.put("author", "/subscribers/C-9", json={"addresses": [{"medium": "email", "address": "ann@example.org"}]})
    stop = {"medium": "sms", "address": "+442071838802", "reason": "asked"}
    ann.done(ann.post("author", "/subscribers/suppressions", json=stop))
    update = ann.approved()
    assert ann.get("author", f"{PATH}/export").status_code == 403
    held = ann.done(ann.get("approver", f"{PATH}/export"))
    assert {one["address"] for one in held["addresses"]} >= {"+442071838801", "ann@example.org"}
    assert [one["stopped"]["reason"] for one in held["addresses"] if one["stopped"]] == ["asked"]
    assert [(one["topic"], one["text_version"]) for one in held["consents_said"]] == [("power", "2026-1")]
    assert {(one["update_id"], one["medium"]) for one in held["messages"]} == {(update, "sms"), (update, "email")}
    counts = ann.done(ann.get("viewer", f"/updates/{update}"))["counts"]

    assert ann.post("approver", f"{PATH}/erase", json={"confirm": "C-9"}).json()["code"] == "not_confirmed"
    assert ann.post("author", f"{PATH}/erase", json={"confirm": "C-1"}).status_code == 403
    erased = ann.done(ann.post("approver", f"{PATH}/erase", json={"confirm": "C-1"}))
    assert erased == {"addresses": 4, "shared": 1}, "the mailbox is somebody else's too"
    assert ann.get("approver", PATH).status_code == 404
    with ann.db.reading() as connection:
        dump = "".join(str(row) for table in ("address", "subscriber", "consent", "consent_said", "audit")
                       for row in connection.exec_driver_sql(f"SELECT * FROM {table}"))  # noqa: S608 - our own names  # fmt: skip
    assert "442071838801" not in dump
    assert ann.done(ann.get("viewer", f"/updates/{update}"))["counts"] == counts

    again = "external_id,phone\nC-1,+442071838802\n"
    ann.done(ann.post("author", "/subscribers/import", content=again, headers={"content-type": "text/csv"}))
    (place,) = ann.done(ann.get("author", PATH))["addresses"]
    assert place["suppressed"], "STOP holds after a re-import"
    assert place["address"] == "erased"
