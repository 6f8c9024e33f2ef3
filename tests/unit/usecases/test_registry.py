from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.store import audit, documents, publishing
from app.store.database import Database
from app.store.documents import Kind
from app.templating import Templating
from app.usecases.save_document import remove_document, save_document
from tests.conftest import NOON
from tests.unit.usecases.people import APPROVER, AUTHOR, PHONE_LINE

TEMPLATES = Path(__file__).parents[3] / "templates"


def pending(database: Database) -> int | None:
    with database.reading() as connection:
        return publishing.pending(connection)


@pytest.fixture
def registry(database: Database) -> Database:
    save_document(database, APPROVER, Kind.CONTACT_CHANNEL, "phone", PHONE_LINE, None, NOON)
    save_document(database, APPROVER, Kind.NEED, "technical", {"labels": {"en": "Technical issue"}}, None, NOON)
    rule = {"need": "technical", "contact_channels": ["phone"], "position": 5}
    save_document(database, APPROVER, Kind.ROUTING_RULE, "technical", rule, None, NOON)
    return database


def test_a_saved_registry_reads_back_as_one_picture_and_asks_for_a_snapshot(registry: Database) -> None:
    with registry.reading() as connection:
        picture = documents.registry(connection)
    assert list(picture.channels) == ["phone"]
    assert [rule.slug for rule in picture.rules] == ["technical"]
    assert pending(registry) == 3


def test_who_saves_over_an_unseen_change_is_told(registry: Database) -> None:
    changed = {**PHONE_LINE, "address": "+442071838751"}
    assert save_document(registry, APPROVER, Kind.CONTACT_CHANNEL, "phone", changed, 1, NOON).revision == 2
    with pytest.raises(Conflict) as refusal:
        save_document(registry, APPROVER, Kind.CONTACT_CHANNEL, "phone", PHONE_LINE, 1, NOON)
    assert refusal.value.problems[0].code == "stale_edit"
    with registry.reading() as connection:
        assert documents.get(connection, Kind.CONTACT_CHANNEL, "phone").document["address"] == "+442071838751"


def test_every_fault_of_a_document_is_told_and_nothing_changes(database: Database) -> None:
    faulty = {**PHONE_LINE, "address": "call us", "hours": "sometimes", "nmaes": {}}
    with pytest.raises(Invalid) as refusal:
        save_document(database, APPROVER, Kind.CONTACT_CHANNEL, "phone", faulty, None, NOON)
    assert {problem.field for problem in refusal.value.problems} >= {"address", "hours", "nmaes"}
    with pytest.raises(Invalid):
        save_document(database, APPROVER, Kind.CONTACT_CHANNEL, "Not a slug", PHONE_LINE, None, NOON)
    with pytest.raises(Invalid):
        save_document(database, APPROVER, Kind.CONTACT_CHANNEL, "a", {**PHONE_LINE, "slug": "b"}, None, NOON)
    assert pending(database) is None
    with database.reading() as connection:
        assert audit.head(connection).seq == 0


def test_a_rule_must_name_what_exists(database: Database) -> None:
    rule = {"need": "technical", "contact_channels": ["phone"]}
    with pytest.raises(Invalid) as refusal:
        save_document(database, APPROVER, Kind.ROUTING_RULE, "r", rule, None, NOON)
    assert [problem.field for problem in refusal.value.problems] == ["contact_channels[0]", "need"]


@pytest.mark.parametrize(("kind", "slug"), [(Kind.CONTACT_CHANNEL, "phone"), (Kind.NEED, "technical")])
def test_what_a_rule_names_cannot_be_removed_under_it(registry: Database, kind: Kind, slug: str) -> None:
    with pytest.raises(Conflict) as refusal:
        remove_document(registry, APPROVER, kind, slug, None, NOON)
    assert refusal.value.problems[0].code == "in_use"
    remove_document(registry, APPROVER, Kind.ROUTING_RULE, "technical", None, NOON)
    remove_document(registry, APPROVER, kind, slug, 1, NOON)
    with registry.reading() as connection, pytest.raises(NotFound):
        documents.get(connection, kind, slug)


def test_an_author_does_not_change_phone_numbers(database: Database) -> None:
    with pytest.raises(Forbidden):
        save_document(database, AUTHOR, Kind.CONTACT_CHANNEL, "phone", PHONE_LINE, None, NOON)


def test_a_site_and_its_pages_are_checked(database: Database) -> None:
    site = {"origins": ["https://www.example.org"], "languages": ["en", "gu"]}
    assert save_document(database, APPROVER, Kind.SITE, "main", site, None, NOON).document["slug"] == "main"
    with pytest.raises(Invalid):
        save_document(database, APPROVER, Kind.SITE, "main", {"origins": ["javascript:alert(1)"]}, None, NOON)


def test_a_hostile_or_mistyped_template_is_refused(database: Database) -> None:
    templating = Templating(TEMPLATES)

    def save(source: str) -> int:
        document = {"medium": "sms", "source": source, "variables": ["headline", "routes"]}
        return save_document(
            database, APPROVER, Kind.TEMPLATE, "short", document, None, NOON, templating=templating
        ).revision

    assert save("{{ headline }}{% for one in routes %} {{ one.address }}{% endfor %}") == 1
    for source, code in (("{{ hedline }}", "unknown_variable"), ("{{ headline.__class__ }}", "template_refused")):
        with pytest.raises(Invalid) as refusal:
            save(source)
        assert code in {problem.code for problem in refusal.value.problems}
