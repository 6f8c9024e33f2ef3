from __future__ import annotations

import pytest

from app.clock import FrozenClock
from app.domain.audience_rules import All
from app.domain.message import Medium
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.keyring import Keyring
from app.store import audiences
from app.store.database import Database
from app.usecases.save_audience import measure_audience, remove_audience, save_audience
from app.usecases.stage_update import stage_update
from app.usecases.submit_update import submit_update
from tests.conftest import NOON
from tests.rig.stage import Stage
from tests.unit.usecases.people import AUTHOR, VIEWER


def test_an_audience_is_saved_measured_and_removed(database: Database) -> None:
    assert save_audience(database, AUTHOR, "north", {"rule": {"areas": ["north"]}}, 0, NOON).revision == 1
    assert save_audience(database, AUTHOR, "north", {"rule": {"all": True}}, 1, NOON).revision == 2
    with pytest.raises(Conflict):
        save_audience(database, AUTHOR, "north", {"rule": {"all": True}}, 1, NOON)
    assert measure_audience(database, All()).people == 0
    remove_audience(database, AUTHOR, "north", None, NOON)
    with database.reading() as connection, pytest.raises(NotFound):
        audiences.get(connection, "north")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"rule": None},
        {"rule": {}},
        {"rule": {"all": False}},
        {"rule": {"and": []}},
        {"rule": {"areas": []}},
        {"rule": {"everyone": True}},
        {"rule": {"all": True}, "ruel": {}},
    ],
)
def test_a_mistake_never_means_everyone(database: Database, document: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        save_audience(database, AUTHOR, "north", document, None, NOON)
    with database.reading() as connection:
        assert audiences.page(connection).items == ()


def test_a_viewer_names_nobody(database: Database) -> None:
    with pytest.raises(Forbidden):
        save_audience(database, VIEWER, "north", {"rule": {"all": True}}, None, NOON)


@pytest.mark.both_databases
def test_what_is_changed_after_submission_changes_nobody_who_is_listed(database: Database, keyring: Keyring) -> None:
    """The rule is frozen with the audiences it names, also while the list is still being made."""
    stage = Stage(database, keyring, FrozenClock(NOON))
    stage.open(9, areas=("north", "south", "west"))
    stage.add_endpoint("text", Medium.SMS)
    save_audience(database, AUTHOR, "cold", {"rule": {"areas": ["north", "south"]}}, None, NOON)
    save_audience(database, AUTHOR, "told", {"text": "audience = cold and area != south"}, None, NOON)
    row = stage.draft(["text"], audience="told")
    submit_update(database, AUTHOR, row.id, NOON, keyring=keyring, check=lambda _: ())
    for slug in ("cold", "told"):
        save_audience(database, AUTHOR, slug, {"rule": {"all": True}}, None, NOON)
    assert stage_update(database, row.id, lambda: NOON).recipients == 3
    again = stage.draft(["text"], audience="told")
    submit_update(database, AUTHOR, again.id, NOON, keyring=keyring, check=lambda _: ())
    remove_audience(database, AUTHOR, "told", None, NOON)
    assert stage_update(database, again.id, lambda: NOON).recipients == 9
