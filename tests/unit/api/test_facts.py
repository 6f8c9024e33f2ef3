"""What is known about a crisis comes in over the API: all of it or nothing, by whoever may."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.faces import Api

KNOWN: dict[str, Any] = {"name": "customers", "value": 4200, "source": "grid control", "max_age": 3600}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WORDS = {"en": {"headline": "Power is out.", "impact": "The portal is closed."}}


@pytest.fixture
def outage(api: Api) -> Api:
    api.prepare()
    crisis = {"slug": "power", "titles": {"en": "Power"}, "severity": "major"}
    api.done(api.post("author", "/crises", json=crisis))
    return api


def put(api: Api, *facts: dict[str, Any], who: str = "author") -> Any:
    return api.put(who, "/crises/power/facts", json={"facts": list(facts)})


def test_the_newest_value_of_each_name_counts_and_says_how_long(outage: Api) -> None:
    outage.done(put(outage, KNOWN, {"name": "place", "value": "Vientiane", "source": "dispatch"}))
    answer = outage.done(put(outage, {**KNOWN, "value": 90}))
    (known,) = answer["facts"]
    assert (known["name"], known["value"], known["source"]) == ("customers", 90, "grid control")
    assert known["stale_at"] is not None
    listed = outage.done(outage.get("viewer", "/crises/power/facts"))["items"]
    assert [one["value"] for one in listed] == [90, "Vientiane", 4200]


def test_one_bad_fact_and_none_is_recorded(outage: Api) -> None:
    for bad in ({**KNOWN, "max_age": 0}, {**KNOWN, "source": ""}, {**KNOWN, "colour": "red"}, {"name": "x"}):
        assert put(outage, {**KNOWN, "name": "fine"}, bad).status_code in (400, 422)
    assert not outage.done(outage.get("viewer", "/crises/power/facts"))["items"]


def test_a_viewer_may_not_and_a_resolved_crisis_takes_none(outage: Api) -> None:
    assert put(outage, KNOWN, who="viewer").status_code == 403
    outage.done(outage.post("author", "/crises/power/resolve"))
    assert put(outage, KNOWN).json()["code"] == "crisis_resolved"


@pytest.fixture
def grid(outage: Api) -> Api:
    outage.done(outage.put("admin", "/fact-sources/grid", json={"secret": SECRET}))
    return outage


def webhook(api: Api, fields: object, *, number: int = 1, ago: timedelta = timedelta(), secret: str = SECRET) -> int:
    at, body, message = api.clock.now() - ago, json.dumps(fields), f"msg_{number}"
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, at, body),
    }
    answer = api.client.post("/callbacks/fact-sources/grid/power", content=body, headers=headers)
    return int(answer.status_code)


def recorded(api: Api) -> list[tuple[object, object]]:
    items = api.done(api.get("viewer", "/crises/power/facts"))["items"]
    return [(one["value"], one["source"]) for one in items]


def test_a_system_reports_facts_once_with_a_signature_and_under_its_own_name(grid: Api) -> None:
    report = {"facts": [{"name": "customers", "value": 4200, "max_age": 600}]}
    assert webhook(grid, report) == 204
    assert webhook(grid, report) == 204, "sent again because the answer was lost"
    assert webhook(grid, {"facts": [{"name": "customers", "value": 17, "source": "the mayor"}]}, number=2) == 204
    assert recorded(grid) == [(17, "grid"), (4200, "grid")]
    (listed,) = grid.done(grid.get("viewer", "/fact-sources"))["items"]
    assert set(listed) == {"slug", "saved_at", "saved_by"}


def test_what_is_not_proven_late_or_no_fact_changes_nothing(grid: Api) -> None:
    report = {"facts": [{"name": "customers", "value": 4200}]}
    other = "whsec_" + base64.b64encode(b"another secret of 24 bytes").decode()
    assert webhook(grid, report, secret=other) == 401
    assert webhook(grid, report, ago=timedelta(minutes=6)) == 401
    assert webhook(grid, report, ago=-timedelta(minutes=6)) == 401
    assert grid.client.post("/callbacks/fact-sources/grid/power", json=report).status_code == 401
    assert grid.client.post("/callbacks/fact-sources/nobody/power", json=report).status_code == 401
    bodies: list[object] = [{}, [], {"facts": []}, {"facts": ["x"]}, {"facts": [{"name": "customers"}]}]
    for bad in bodies:
        assert webhook(grid, bad) in (400, 422)
    assert recorded(grid) == []
    assert webhook(grid, report) == 204, "what was refused may come again, mended"
    assert grid.ask("admin", "DELETE", "/fact-sources/grid").status_code == 204
    assert webhook(grid, report, number=3) == 401


def test_a_draft_that_promises_nothing_promises_what_is_usual_for_its_severity(outage: Api) -> None:
    document = {"stage": "holding", "content": WORDS}
    made = outage.done(outage.post("author", "/crises/power/updates", json=document))
    assert made["document"]["next_update_by"] == "2026-03-10T13:00:00Z", "major: within the hour"
    silent = {**document, "next_update_by": None}
    made = outage.done(outage.post("author", "/crises/power/updates", json=silent))
    assert made["document"]["next_update_by"] is None, "said so"
    last = {**document, "stage": "followup"}
    made = outage.done(outage.post("author", "/crises/power/updates", json=last))
    assert made["document"]["next_update_by"] is None, "nothing need come after it"
