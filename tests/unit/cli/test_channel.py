"""Contact channels on the command line: whoever is on duty says how they go."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.clock import SystemClock
from app.domain.reading import iso
from tests.architecture.test_docs import commands
from tests.architecture.tree import ROOT
from tests.unit.cli.conftest import Clarion


@pytest.fixture
def duty(clarion: Clarion) -> Clarion:
    clarion.prepare()
    clarion.become("dina", "approver")
    return clarion


def soon(hours: float = 1) -> str:
    return iso((SystemClock().now() + timedelta(hours=hours)).replace(microsecond=0))


def test_a_wait_and_a_presence_show_at_once(duty: Clarion) -> None:
    assert "customers see it" in duty.done("channel", "wait", "phone", "25").out
    assert duty.json("channel", "presence", "phone", "--staffed") == {"taken": "new"}
    shown = duty.done("channel", "show", "phone").out
    assert "25 minutes" in shown
    assert "somebody is there" in shown
    (one,) = duty.json("channel", "list")["items"]
    assert (one["slug"], one["open"], one["wait_minutes"]) == ("phone", True, 25)
    assert "25 min" in duty.done("channel", "list").out
    assert duty.json("channel", "show", "phone")["standing"]["wait_minutes"] == 25


def test_a_status_has_its_reason_and_ends_by_itself(duty: Clarion) -> None:
    end = soon()
    made = duty.json("channel", "status", "phone", "busy", "--reason", "en=Half of us are ill", "--until", end)
    assert (made["status"], made["status_reasons"], made["status_until"]) == (
        "busy", {"en": "Half of us are ill"}, end,
    )  # fmt: skip
    assert "busy (Half of us are ill)" in duty.done("channel", "show", "phone").out
    back = duty.json("channel", "status", "phone", "open")
    assert (back["status"], back["status_reasons"], back["status_until"]) == ("open", {}, None)


def test_another_number_for_a_while(duty: Clarion) -> None:
    words = duty.done("channel", "override", "phone", "--until", soon(), "--address", "112").out
    assert words.startswith("phone: 112, open")
    now = duty.json("channel", "show", "phone")["now"]
    assert now["address"] == "112"
    assert now["override_until"]
    later = duty.json("channel", "override", "phone", "--from", soon(2), "--until", soon(3), "--status", "closed")
    assert [one.get("status") for one in later["overrides"]] == [None, "closed"]


def test_what_was_done_is_not_due_any_more(duty: Clarion) -> None:
    done = duty.json("channel", "checked", "phone", "--next", "2099-01-01")
    assert done["upkeep"]["check_on"] == "2099-01-01"
    assert duty.json("channel", "called", "phone")["upkeep"]["last_test_call"]


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("wait", "nothing", "5"), 3, "contact_channel_not_found"),
        (("wait", "phone", "20000"), 1, "bad_number"),
        (("status", "phone", "busy", "--until", "2020-01-01T00:00Z"), 1, "already_over"),
        (("status", "phone", "busy", "--until", "soon"), 1, "bad_time"),
        (("status", "phone", "busy", "--reason", "ill"), 1, "bad_pair"),
        (("override", "phone", "--until", "2099-01-01T00:00Z"), 1, "missing"),
        (("override", "phone", "--until", "2099-01-01T00:00Z", "--address", "call us"), 1, "bad_address"),
        (("override", "phone", "--until", "2020-01-01T00:00Z", "--status", "busy"), 1, "already_over"),
        (("checked", "phone", "--next", "2020-01-01"), 1, "already_over"),
        (("show", "nothing"), 3, "contact_channel_not_found"),
    ],
)
def test_faults_are_named_and_change_nothing(duty: Clarion, words: tuple[str, ...], code: int, problem: str) -> None:
    before = duty.done("registry", "export").json
    answer = duty("channel", *words, "--json")
    assert answer.code == code, answer.err
    first = json.loads(answer.err)["errors"][0]
    assert (first["code"], bool(first["remedy"])) == (problem, True)
    assert duty.done("registry", "export").json == before


def test_a_viewer_looks_and_changes_nothing(duty: Clarion) -> None:
    duty.become("vera", "viewer")
    duty.done("channel", "list")
    for words in (("wait", "phone", "1"), ("status", "phone", "busy"), ("called", "phone")):
        assert duty("channel", *words).code == 6


def test_the_doctor_names_what_the_linter_finds_and_what_is_due(duty: Clarion) -> None:
    found = {one["reason"]: one for one in duty.json("doctor")["findings"] if one["reason"]}
    assert "clarion channel checked phone" in found["no_check_date"]["remedy"]
    night = {**duty.done("registry", "export").json["contact_channels"][0], "hours": "Mo-Fr 09:00-17:00"}
    night |= {"upkeep": {"check_on": "2020-01-01", "test_call_every_days": 30}}
    rules = [
        {"slug": "any", "need": "emergency", "contact_channels": ["phone"]},
        {"slug": "never", "need": "emergency", "position": 9, "when": {"area": "north"}, "contact_channels": ["phone"]},
    ]
    needs = [{"slug": "emergency", "labels": {"en": "Emergency"}}]
    whole = json.dumps({"contact_channels": [night], "needs": needs, "routing_rules": rules})
    duty.done("registry", "import", duty.write("registry.json", whole))
    answer = duty("doctor", "--json")
    assert answer.code == 1
    reasons = {one["reason"] for one in answer.json["findings"] if not one["well"]}
    assert {"emergency_not_always", "rule_unreachable", "check_due", "test_call_due"} <= reasons
    assert duty("check").code == 1


def test_the_commands_of_the_documentation_run(duty: Clarion) -> None:
    page = (ROOT / "docs" / "contact-channels.md").read_text(encoding="utf-8")
    example = json.loads(page.partition("```json\n")[2].partition("```")[0])
    registry = duty.done("registry", "export").json
    registry["contact_channels"].append({"slug": "service-line", **example, "overrides": []})
    duty.done("registry", "import", duty.write("registry.json", json.dumps(registry)))
    ran = [duty.done(*words[1:]) for words in commands(page) if words[0] == "clarion"]
    assert len(ran) == 9
    assert "+917999990000" in duty.done("channel", "show", "service-line").out
