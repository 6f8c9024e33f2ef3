from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.faces import Api


def read(api: Api, update: int) -> Any:
    return api.done(api.get("viewer", f"/updates/{update}"))


def test_an_update_goes_from_draft_to_sending_with_counts_that_add_up(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    shown = read(api, update)
    assert (shown["state"], shown["recipients"], shown["submitted_by"]) == ("submitted", 4, "author")
    assert sum(shown["counts"].values()) == 4
    assert {line["endpoint"]: line["size"] for line in shown["per_endpoint"]} == {"texts": 2, "mail": 2}
    approval = {"count": 4, "content_hash": shown["content_hash"]}
    assert api.done(api.post("approver", f"/updates/{update}/approve", json=approval))["approved_by"] == "approver"
    sent = api.done(api.post("author", f"/updates/{update}/send"))
    assert sent["state"] == "sending"
    assert sent["eta"] is not None
    assert sent["counts"]["queued"] == 4


def test_approving_another_number_than_the_frozen_one_is_refused(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    answer = api.post("approver", f"/updates/{update}/approve", json={"count": 5})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, "count_differs", "count")


def test_cancel_says_what_will_never_leave_and_twice_is_once(api: Api) -> None:
    api.prepare()
    update = api.approved()
    api.done(api.post("author", f"/updates/{update}/send"))
    stopped = api.done(api.post("author", f"/updates/{update}/cancel", json={"reason": "wrong area"}))
    assert (stopped["state"], stopped["stopped"], stopped["in_flight"], stopped["already_out"]) == (
        "cancelled",
        4,
        0,
        0,
    )
    assert stopped["counts"]["cancelled"] == 4
    assert api.done(api.post("author", f"/updates/{update}/cancel"))["state"] == "cancelled"


def test_pause_and_resume(api: Api) -> None:
    api.prepare()
    update = api.approved()
    api.done(api.post("author", f"/updates/{update}/send"))
    assert api.done(api.post("author", f"/updates/{update}/pause"))["state"] == "paused"
    assert api.done(api.post("author", f"/updates/{update}/resume"))["state"] == "sending"


def test_returned_goes_back_with_the_reason_and_can_be_edited(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    assert api.post("approver", f"/updates/{update}/return", json={"reason": ""}).status_code == 422
    returned = api.done(api.post("approver", f"/updates/{update}/return", json={"reason": "Say until when."}))
    assert (returned["state"], returned["reason"]) == ("returned", "Say until when.")
    document = {**returned["document"], "drill": True}
    assert api.done(api.put("author", f"/updates/{update}", json=document))["document"]["drill"] is True


def test_a_correction_takes_over_where_the_wrong_update_went(api: Api) -> None:
    api.prepare()
    update = api.approved()
    api.done(api.post("author", f"/updates/{update}/send"))
    words = {"en": {"headline": "Correction", "impact": "Only the harbour is out.", "duration": "Until 18:00."}}
    answer = api.post("author", f"/updates/{update}/correct", json={"content": words})
    assert answer.status_code == 201
    drafted = answer.json()
    assert (drafted["corrects"], drafted["stage"], drafted["state"]) == (update, "correction", "draft")
    assert drafted["document"]["endpoints"] == ["texts", "mail"]


def test_preview_renders_every_endpoint_and_language(api: Api) -> None:
    api.prepare()
    shown = api.done(api.get("author", f"/updates/{api.draft()}/preview"))
    assert {(one["endpoint"], one["language"]) for one in shown["renderings"]} == {("texts", "en"), ("mail", "en")}
    assert shown["problems"] == []
    assert all("+442071838750" in one["text"] for one in shown["renderings"])


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"content": {"gu": {"headline": "x", "impact": "y"}}}, "missing_translation", "content.en"),
        ({"content": {"en": {"headline": "x"}}}, "no_impact", "content.en.impact"),
        ({"content": {"en": {"headline": "Back at {when}", "impact": "y"}}}, "unknown_variable", "content.en"),
        ({"content": {"en": {"headline": "x", "impact": "long " * 400}}}, "oversize", "content.en"),
        ({"audience": None}, "no_audience", "audience"),
        ({"endpoints": []}, "no_endpoints", "endpoints"),
    ],
)
def test_what_is_not_fit_to_send_cannot_be_submitted(api: Api, changes: dict[str, Any], code: str, field: str) -> None:
    api.prepare()
    update = api.draft(**changes)
    answer = api.post("author", f"/updates/{update}/submit")
    assert answer.status_code == 422, answer.text
    found = {each["code"]: each for each in answer.json()["errors"]}
    assert code in found
    assert found[code]["field"] == field
    assert found[code]["remedy"]
    assert read(api, update)["state"] == "draft"


def test_an_audience_of_nobody_is_refused_and_never_means_everyone(api: Api) -> None:
    api.prepare()
    rules: list[Any] = [{}, {"and": []}, {"languages": []}, {"everyone": True}, {"all": False}, []]
    for rule in rules:
        assert api.put("author", "/audiences/nobody", json={"slug": "nobody", "rule": rule}).status_code == 422
    api.done(api.post("author", "/audiences", json={"slug": "nobody", "rule": {"external_ids": ["nobody"]}}))
    assert api.done(api.get("viewer", "/audiences/nobody/size")) == {
        "people": 0,
        "addresses": {},
        "left_out": [],
        "unreachable": 0,
    }
    answer = api.post("author", f"/updates/{api.draft(audience='nobody')}/submit")
    assert (answer.status_code, answer.json()["code"]) == (422, "empty_audience")


def test_deliveries_are_masked_paged_and_a_csv_that_is_no_formula(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    first = api.done(api.get("viewer", f"/updates/{update}/deliveries?limit=3"))
    rest = api.done(api.get("viewer", f"/updates/{update}/deliveries?limit=3&cursor={first['next_cursor']}"))
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (3, 1, None)
    assert all("•" in each["address"] for each in first["items"] + rest["items"])
    for ask in ({"params": {"format": "csv"}}, {"headers": {"accept": "text/csv"}}):
        answer = api.get("viewer", f"/updates/{update}/deliveries", **ask)
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == 4
        assert {row["address"][0] for row in rows if row["medium"] == "sms"} == {"'"}
        assert {row["state"] for row in rows} == {"queued"}


def test_events_tell_progress_until_nothing_changes_any_more(api: Api) -> None:
    api.prepare()
    update = api.approved()
    api.done(api.post("author", f"/updates/{update}/send"))
    api.done(api.post("author", f"/updates/{update}/cancel"))
    answer = api.get("viewer", f"/updates/{update}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [line for line in answer.text.splitlines() if line.startswith("event:")] == ["event: progress", "event: end"]
    assert "Power is out" not in answer.text
    missing = api.get("viewer", "/updates/999/events")
    assert (missing.status_code, missing.json()["code"]) == (404, "update_not_found")


def test_what_only_the_service_sets_cannot_be_sent(api: Api) -> None:
    api.prepare()
    for field, value in (("state", "approved"), ("approved_by", "me"), ("authors", []), ("recipients", 1), ("id", 7)):
        words = {"en": {"headline": "x", "impact": "y"}}
        document: dict[str, Any] = {"stage": "details", "content": words, field: value}
        answer = api.post("author", "/crises/outage/updates", json=document)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "unknown_field", field)


def test_a_preview_says_how_many_it_would_reach_and_for_how_long_it_would_be_on_its_way(api: Api) -> None:
    api.prepare()
    preview = api.done(api.get("viewer", f"/updates/{api.draft()}/preview"))
    assert preview["recipients"] == {"sms": 2, "email": 2}
    assert preview["eta_seconds"] == pytest.approx(0.2)  # two at ten a second, side by side
    unfinished = api.done(api.get("viewer", f"/updates/{api.draft(audience=None)}/preview"))
    assert (unfinished["recipients"], unfinished["eta_seconds"]) == (None, None)
