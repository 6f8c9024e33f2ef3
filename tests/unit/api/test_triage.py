from __future__ import annotations

import json
from typing import Any

import pytest

from app.store import triage_counts
from tests.faces import Api
from tests.unit.usecases.announcements import TEMPLATES

ANSWERS: dict[str, Any] = {
    "affected": 1234,
    "money": "no-income",
    "hurts": "worn-out",
    "dangerous": "b-broken",
    "broken": "connection",
}
SECRET = "the pump of Mrs Quokka"


def ask(api: Api, answers: dict[str, Any], slug: str = "default", **more: Any) -> Any:
    return api.done(api.post("viewer", f"/triage/{slug}", json={"answers": answers, **more}))


def test_an_agent_is_led_from_question_to_question_to_what_must_be_solved_first(api: Api) -> None:
    first = api.done(api.get("viewer", "/triage/default", params={"lang": "gu"}))
    assert first["question"]["slug"] == "affected"
    assert (first["question"]["lang"], first["question"]["dir"]) == ("gu", "ltr")
    given: dict[str, Any] = {}
    for slug, answer in ANSWERS.items():
        assert ask(api, given)["question"]["slug"] == slug
        given[slug] = answer
    step = ask(api, given)
    assert step["question"]["kind"] == "open"
    assert step["result"]["problem"] == "no-connection"
    assert (step["result"]["why"], step["result"]["complete"]) == ("relieves_most", False)
    assert [one["slug"] for one in step["result"]["relieves"]] == ["lost-income", "worn-out"]
    done = ask(api, {**given, "first": SECRET}, language="lo")
    assert done["question"] is None
    assert (done["result"]["need"], done["result"]["severity"]) == ("technical-issue", "major")
    assert done["result"]["playbook"] == "service-outage"
    assert [option["lang"] for option in done["result"]["options"]] == ["lo", "lo"]
    assert all("/lo/" in link["url"] for link in done["result"]["links"])


def test_answers_are_counted_once_complete_and_nobody_can_be_found_in_them(api: Api) -> None:
    ask(api, ANSWERS)
    assert api.done(api.get("viewer", "/triage/default/counts"))["counts"] == []
    for _ in range(2):
        ask(api, {**ANSWERS, "first": SECRET})
    counted = api.done(api.get("viewer", "/triage/default/counts"))["counts"]
    assert {(one["question"], one["answer"], one["count"]) for one in counted} == {
        ("", "no-connection", 2),
        ("affected", "1000+", 2),
        ("money", "no-income", 2),
        ("hurts", "worn-out", 2),
        ("dangerous", "b-broken", 2),
        ("broken", "connection", 2),
    }
    with api.db.reading() as connection:
        assert SECRET not in str(triage_counts.totals(connection, "default"))
    assert api.done(api.get("viewer", "/triage/default/counts", params={"since": "2999-01-01"}))["counts"] == []


def test_a_playbook_leads_to_its_tree_shipped_or_its_own(api: Api) -> None:
    for slug in ("health", "service-outage"):
        document = json.loads((TEMPLATES / "playbooks" / f"{slug}.json").read_text(encoding="utf-8"))
        api.done(api.post("approver", "/playbooks", json=document))
    assert ask(api, {}, "health")["tree"] == "default"
    own = json.loads((TEMPLATES / "triage" / "default.json").read_text(encoding="utf-8"))
    own |= {"slug": "ours", "start": "first", "questions": own["questions"][-1:]}
    api.done(api.post("approver", "/playbooks", json={"slug": "p", "names": {"en": "P"}, "tree": own}))
    assert ask(api, {}, "p")["question"]["slug"] == "first"
    own["start"] = "nowhere"
    refused = api.post("approver", "/playbooks", json={"slug": "p2", "names": {"en": "P"}, "tree": own})
    assert refused.status_code == 422
    assert "unknown_question" in {one["code"] for one in refused.json()["errors"]}
    assert api.post("viewer", "/triage/nothing", json={}).json()["code"] == "triage_tree_not_found"


def test_staff_see_what_they_would_declare(api: Api) -> None:
    assert ask(api, ANSWERS)["declare"] is None
    document = json.loads((TEMPLATES / "playbooks" / "service-outage.json").read_text(encoding="utf-8"))
    api.done(api.post("approver", "/playbooks", json=document))
    declared = ask(api, ANSWERS)["declare"]
    assert declared == {
        "playbook": "service-outage",
        "severity": "major",
        "need": "technical-issue",
        "audience": "everyone",
        "endpoints": [],
        "stage": "holding",
        "languages": ["en", "gu", "lo", "eo"],
        "variables": {"place": "place", "started": "time"},
    }
    crisis = {name: declared[name] for name in ("severity", "playbook")}
    api.done(api.post("author", "/crises", json={"slug": "dark", "titles": {"en": "Dark"}, **crisis}))


def test_help_of_the_library_follows_on_the_result(api: Api) -> None:
    aid = {
        "slug": "loans",
        "kind": "public_aid",
        "texts": {"en": "Bridge loans"},
        "url": "https://aid.example.org/{language}/loans",
        "topics": ["money"],
        "areas": ["north"],
    }
    api.done(api.post("approver", "/help-links", json=aid))
    answers = {"affected": 0, "money": "no-income"}
    near = ask(api, answers, area="north", language="eo")["result"]["links"]
    assert near[-1]["url"] == "https://aid.example.org/eo/loans"
    assert near[-1]["lang"] == "en"
    assert "loans" not in str(ask(api, answers, area="south")["result"]["links"])


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"affected": -1}, "bad_answer"),
        ({"affected": True}, "bad_answer"),
        ({"money": "gold"}, "bad_answer"),
        ({"first": "x" * 501}, "bad_answer"),
        ({"nowhere": "x"}, "unknown_question"),
    ],
)
def test_an_answer_that_cannot_be_is_explained(api: Api, answers: dict[str, Any], code: str) -> None:
    answer = api.post("viewer", "/triage/default", json={"answers": answers})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["remedy"]


def prepare_declaring(api: Api) -> None:
    api.prepare()
    document = json.loads((TEMPLATES / "playbooks" / "service-outage.json").read_text(encoding="utf-8"))
    api.done(api.post("approver", "/playbooks", json=document))


def test_declaring_is_one_act_and_a_repeat_with_its_key_opens_nothing_twice(api: Api) -> None:
    prepare_declaring(api)
    body = {
        "answers": {**ANSWERS, "first": SECRET},
        "variables": {"place": "Riverside", "started": "2026-03-10T11:30:00Z"},
    }
    assert api.post("viewer", "/triage/default/declare", json=body).status_code == 403
    key = {"Idempotency-Key": "one"}
    made = api.post("author", "/triage/default/declare", json=body, headers=key)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["crisis"]["severity"], shown["problem"], shown["why"]) == ("major", "no-connection", "relieves_most")
    assert (shown["update"]["stage"], shown["update"]["state"]) == ("holding", "draft")
    found = {one["name"]: (one["value"], one["why"]) for one in shown["settings"]}
    assert found["audience"] == ("everyone", "playbook")
    assert found["endpoints"] == (["texts", "mail"], "all_endpoints")
    assert found["need"] == (None, "missing")
    again = api.post("author", "/triage/default/declare", json=body, headers=key)
    assert (again.json(), again.headers["idempotency-replayed"]) == (shown, "true")
    slug = shown["crisis"]["slug"]
    assert len(api.done(api.get("viewer", f"/crises/{slug}/updates"))["items"]) == 1
    assert api.post("author", "/triage/default/declare", json=body).json()["code"] == "crisis_exists"
    assert SECRET not in str(api.done(api.get("viewer", f"/crises/{slug}/timeline")))


def test_what_is_missing_is_asked_for_and_nothing_is_opened(api: Api) -> None:
    prepare_declaring(api)
    answer = api.post("author", "/triage/default/declare", json={"answers": ANSWERS})
    assert (answer.status_code, answer.json()["code"]) == (422, "triage_incomplete")
    done = {**ANSWERS, "first": ""}
    answer = api.post("author", "/triage/default/declare", json={"answers": done})
    assert {(one["code"], one["field"]) for one in answer.json()["errors"]} == {
        ("missing_variable", "place"),
        ("missing_variable", "started"),
    }
    assert [one["slug"] for one in api.done(api.get("viewer", "/crises"))["items"]] == ["outage"]


def test_an_agent_is_told_where_to_send_the_customer_and_staff_what_hurts_most(api: Api) -> None:
    api.prepare()
    api.done(api.post("approver", "/needs", json={"slug": "technical-issue", "labels": {"en": "Technical"}}))
    rule = {"slug": "tech", "need": "technical-issue", "contact_channels": ["phone"]}
    api.done(api.post("approver", "/routing-rules", json=rule))
    step = ask(api, {**ANSWERS, "first": ""})
    assert [(one["contact_channel"]["slug"], one["reason"]) for one in step["contact"]] == [("phone", "open")]
    ask(api, {**ANSWERS, "first": ""})
    (worst,) = api.done(api.get("viewer", "/triage/default/counts", params={"lang": "eo"}))["hurts_most"]
    assert worst == {"problem": "no-connection", "text": "Mankas konekto", "count": 2, "share_percent": 100.0}
