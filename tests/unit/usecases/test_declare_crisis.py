"""Declaring is one act: crisis, severity, playbook, audience, endpoints and first words, all of it or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.crisis import Severity
from app.domain.message import Medium
from app.domain.principals import HOST
from app.errors import Conflict, Forbidden, Invalid
from app.keyring import Keyring
from app.store import audit, crises, updates
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.declare_crisis import Declaration, Declared, declare_crisis
from app.usecases.save_audience import save_audience
from app.usecases.save_document import save_document
from app.usecases.save_staff_recipients import save_staff_recipients
from tests.conftest import NOON
from tests.rig.stage import Stage
from tests.unit.usecases.announcements import TEMPLATES, templating
from tests.unit.usecases.people import AUTHOR, VIEWER

ANSWERS: dict[str, Any] = {
    "affected": 1234,
    "money": "no-income",
    "hurts": "worn-out",
    "dangerous": "b-broken",
    "broken": "connection",
    "first": "the pump",
}
VALUES = {"place": "Riverside", "started": "2026-03-10T11:30:00Z"}


@pytest.fixture
def house(database: Database, keyring: Keyring) -> Database:
    stage = Stage(database, keyring)
    for slug, medium in (("website", Medium.SITE), ("texts", Medium.SMS), ("duty-room", Medium.WEBHOOK)):
        stage.add_endpoint(slug, medium)
    save_staff_recipients(database, HOST, [{"endpoint": "duty-room"}], NOON)
    document = json.loads((TEMPLATES / "playbooks" / "service-outage.json").read_text(encoding="utf-8"))
    save_document(database, HOST, Kind.PLAYBOOK, "service-outage", document, None, NOON)
    save_document(database, HOST, Kind.NEED, "technical-issue", {"labels": {"en": "Technical"}}, None, NOON)
    save_audience(database, HOST, "everyone", {"rule": {"all": True}}, None, NOON)
    return database


def declare(db: Database, answers: dict[str, Any] = ANSWERS, **said: Any) -> Declared:
    wanted = Declaration(**{"variables": VALUES, **said})
    return declare_crisis(db, AUTHOR, templating().trees, "default", answers, wanted, NOON)


def test_answers_open_the_crisis_and_write_the_first_draft_and_the_result_says_why(house: Database) -> None:
    declared = declare(house)
    assert (declared.crisis.slug, declared.crisis.severity) == ("no-connection-2026-03-10", Severity.MAJOR)
    assert {(one.name, one.why.value) for one in declared.settings} == {
        ("severity", "answers"),
        ("playbook", "answers"),
        ("titles", "playbook"),
        ("need", "answers"),
        ("audience", "playbook"),
        ("endpoints", "all_endpoints"),
        ("next_update_by", "playbook"),
    }
    with house.reading() as connection:
        row = updates.get(connection, declared.update.id)
        kinds = [entry.kind for entry in crises.timeline_page(connection, declared.crisis.slug).items]
        acts = [entry.action for entry in audit.page(connection).items][:3]
    assert (row.state.value, row.document["stage"], row.document["need"]) == ("draft", "holding", "technical-issue")
    assert row.document["endpoints"] == ["website", "texts"]  # a room of staff is no place for customers' news
    assert "Riverside" in str(row.document["content"]["eo"])
    assert set(row.document["content"]) == {"en", "gu", "lo", "eo"}
    assert row.document["next_update_by"] > "2026-03-10T12"
    assert row.authors == {AUTHOR.user_id}
    assert kinds == ["declared", "opened"]
    assert acts[0] == "declare_crisis"


def test_what_is_said_beside_the_answers_wins_and_is_marked_as_given(house: Database) -> None:
    declared = declare(
        house,
        slug="dark",
        titles={"en": "Dark"},
        severity=Severity.EMERGENCY,
        audience="everyone",
        endpoints=["texts"],
        languages=["gu"],
        drill=True,
    )
    assert (declared.crisis.slug, declared.crisis.titles) == ("dark", {"en": "Dark"})
    given = {one.name: one.value for one in declared.settings if one.why.value == "given"}
    assert given == {
        "severity": "emergency",
        "titles": {"en": "Dark"},
        "audience": "everyone",
        "endpoints": ["texts"],
    }
    document = declared.update.document
    assert (list(document["content"]), document["drill"]) == (["gu"], True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"answers": {"affected": 12}}, "triage_incomplete"),
        ({"answers": {**ANSWERS, "money": "gold"}}, "bad_answer"),
        ({"variables": {"place": "Riverside"}}, "missing_variable"),
        ({"variables": {**VALUES, "started": "soon"}}, "variable_type"),
        ({"playbook": "nothing"}, "unknown_playbook"),
        ({"audience": "nobody"}, "unknown_audience"),
        ({"endpoints": ["nowhere"]}, "unknown_endpoint"),
        ({"languages": ["xx"]}, "missing_translation"),
        ({"slug": "Not A Slug"}, "bad_slug"),
    ],
)
def test_all_of_it_or_nothing(house: Database, change: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        declare(house, **change)
    assert code in {problem.code for problem in refused.value.problems}
    assert nothing_happened(house)


def test_a_slug_that_was_used_and_a_viewer_are_refused(house: Database) -> None:
    declare(house)
    with pytest.raises(Conflict):
        declare(house)
    with pytest.raises(Forbidden):
        declare_crisis(house, VIEWER, templating().trees, "default", ANSWERS, Declaration(variables=VALUES), NOON)


def test_what_the_playbook_names_and_nobody_made_is_marked_as_missing(house: Database, keyring: Keyring) -> None:
    document = json.loads((TEMPLATES / "playbooks" / "service-outage.json").read_text(encoding="utf-8"))
    document |= {"audience": "the-north", "endpoints": ["fax"]}
    save_document(house, HOST, Kind.PLAYBOOK, "service-outage", document, None, NOON)
    found = {one.name: (one.value, one.why.value) for one in declare(house).settings}
    assert found["audience"] == (None, "missing")
    assert found["endpoints"] == (["website", "texts"], "all_endpoints")


def nothing_happened(db: Database) -> bool:
    with db.reading() as connection:
        return not (crises.page(connection).items or updates.page(connection).items)
