"""Quiet hours over the API: who would sleep is said beforehand, and waking people is for approvers with a reason."""

from __future__ import annotations

from datetime import timedelta

from app.clock import FrozenClock
from tests.faces import WORDS, Api

NIGHT = {"from": "17:00", "until": "18:30"}
"""At noon in London it is half past five in Kolkata."""


def test_preview_says_who_would_sleep_and_who_would_not_be_told(api: Api, clock: FrozenClock) -> None:
    api.prepare()
    api.done(api.put("approver", "/organisation", json={"quiet_hours": NIGHT}))
    crisis = {"slug": "works", "titles": {"en": "Works"}, "severity": "minor"}
    api.done(api.post("author", "/crises", json=crisis))
    document = {"stage": "resolved", "audience": "everyone", "endpoints": ["texts", "mail"], "content": {"en": WORDS}}
    soon = (clock.now() + timedelta(minutes=30)).isoformat()
    for expires, lost in ((None, 0), (soon, 1)):
        draft = {**document, **({"expires_at": expires} if expires else {})}
        update = api.done(api.post("author", "/crises/works/updates", json=draft))["id"]
        seen = api.done(api.get("author", f"/updates/{update}/preview"))
        wakes = seen["asleep"]["first"]
        assert seen["asleep"] == {
            "people": 1, "zones": 1, "first": wakes, "last": wakes, "lost": lost, "ends": "18:30",
        }  # fmt: skip
        assert wakes == (clock.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
        assert [one["code"] for one in seen["warnings"]].count("quiet_hours_past_expiry") == lost
    for changes in ({"stage": "details"}, {"news": "bad"}):
        update = api.done(api.post("author", "/crises/works/updates", json={**document, **changes}))["id"]
        assert api.done(api.get("author", f"/updates/{update}/preview"))["asleep"] is None


def test_waking_people_is_for_approvers_with_a_reason_and_needs_somebody_asleep(api: Api) -> None:
    api.prepare()
    path = f"/updates/{api.draft()}/wake"
    assert api.post("author", path, json={"reason": "now"}).status_code == 403
    assert api.post("approver", path, json={"reason": ""}).status_code == 422
    refused = api.post("approver", path, json={"reason": "now"})
    assert (refused.status_code, refused.json()["code"]) == (409, "nobody_waits")


def test_quiet_hours_that_cannot_be_are_refused_where_they_stand(api: Api) -> None:
    for field, value in (("from", "25:00"), ("severities", ["emergency"]), ("media", ["pigeon"])):
        hours = {**NIGHT, field: value}
        for who, path, document in (
            ("approver", "/organisation", {"quiet_hours": hours}),
            ("approver", "/playbooks/plan", {"slug": "plan", "quiet_hours": hours}),
        ):
            answer = api.put(who, path, json=document)
            assert answer.status_code == 422, answer.text
            assert any(one["field"].startswith("quiet_hours") and one["remedy"] for one in answer.json()["errors"])
    kept = api.done(api.put("approver", "/playbooks/plan", json={"slug": "plan", "quiet_hours": False}))
    assert kept["quiet_hours"] is False
