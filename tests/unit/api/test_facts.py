"""What is known about a crisis comes in over the API: all of it or nothing, by whoever may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faces import Api

KNOWN: dict[str, Any] = {"name": "customers", "value": 4200, "source": "grid control", "max_age": 3600}
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
