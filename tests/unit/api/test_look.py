"""The organisation's look and planned work over HTTP."""

from __future__ import annotations

from tests.faces import Api

WORK = {
    "slug": "mast",
    "titles": {"en": "New mast"},
    "starts": "2027-03-12T12:00:00Z",
    "ends": "2027-03-12T13:00:00Z",
}


def test_the_look_is_empty_until_somebody_sets_it_and_every_save_counts(api: Api) -> None:
    api.prepare()
    first = api.get("viewer", "/organisation")
    assert (api.done(first)["names"], first.headers["etag"]) == ({}, '"0"')
    look = {"names": {"en": "Rander Water"}, "accent": "#7a0018"}
    saved = api.put("approver", "/organisation", json=look, headers={"If-Match": '"0"'})
    assert (api.done(saved)["accent"], saved.headers["etag"]) == ("#7a0018", '"1"')
    stale = api.put("approver", "/organisation", json=look, headers={"If-Match": '"0"'})
    assert stale.status_code == 409
    assert stale.json()["code"] == "stale_edit"


def test_a_colour_nobody_could_read_is_refused_with_the_reason(api: Api) -> None:
    api.prepare()
    refused = api.put("approver", "/organisation", json={"accent": "#ffb000"})
    assert refused.status_code == 422
    assert refused.json()["code"] == "low_contrast"
    assert "4.5:1" in refused.text


def test_a_viewer_changes_neither_look_nor_plans(api: Api) -> None:
    api.prepare()
    assert api.put("viewer", "/organisation", json={}).status_code == 403
    assert api.post("viewer", "/planned-work", json=WORK).status_code == 403


def test_planned_work_says_when_it_was_changed_whatever_is_sent(api: Api) -> None:
    api.prepare()
    sent = {**WORK, "changed_at": "1999-01-01T00:00:00Z"}
    saved = api.done(api.post("approver", "/planned-work", json=sent))
    assert saved["changed_at"] > "2000"
    assert [one["slug"] for one in api.done(api.get("viewer", "/planned-work"))["items"]] == ["mast"]


def test_work_that_ends_before_it_starts_is_refused(api: Api) -> None:
    api.prepare()
    refused = api.post("approver", "/planned-work", json={**WORK, "ends": WORK["starts"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_period")
