from __future__ import annotations

import pytest

from app.domain.audience_rules import All
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.store import audiences
from app.store.database import Database
from app.usecases.save_audience import measure_audience, remove_audience, save_audience
from tests.conftest import NOON
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
