"""Links on the command line: opened for a while, looked at, told by the doctor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.link_checks import Seen
from app.domain.principals import HOST
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.check_links import record_links
from app.usecases.save_document import save_document
from tests.unit.cli.conftest import Clarion

NOW = datetime.now(UTC)


@pytest.fixture
def filled(clarion: Clarion) -> Clarion:
    clarion.become("ben", "approver")
    until = (NOW + timedelta(days=2)).isoformat()
    link = {
        "texts": {"en": "Course"},
        "url": "https://learn.example.org/course",
        "open_resources": {"url_pattern": "https://learn.example.org/*", "until": until},
    }
    database = Database(f"sqlite:///{clarion.file}")
    save_document(database, HOST, Kind.HELP_LINK, "course", link, None, NOW)
    record_links(database, {"https://learn.example.org/course": Seen(404)}, NOW)
    database.close()
    return clarion


def test_a_link_is_opened_for_a_while(filled: Clarion) -> None:
    until = (NOW + timedelta(days=1)).isoformat()
    url = "https://learn.example.org/a/1"
    answer = filled.done("links", "open", "https://learn.example.org/a/*", "--until", until, "--url", url)
    assert answer.out.splitlines()[-1].startswith(f"{url}?clarion_pass=")
    by_link = filled.json("links", "open", "--help-link", "course")
    assert by_link["url_pattern"] == "https://learn.example.org/*"
    refused = filled("links", "open", "https://learn.example.org/*")
    assert (refused.code, "A pattern and an end are needed." in refused.err) == (1, True)
    assert "needs the role admin" in filled("links", "key").err


def test_dead_links_are_listed_and_the_doctor_names_them(filled: Clarion) -> None:
    answer = filled.done("links", "list", "--dead")
    assert "https://learn.example.org/course (not found 404, since" in answer.out
    assert "in help_link/course" in answer.out
    assert filled.json("links", "list")["dead"] == 1
    assert "learn.example.org/course" in filled("doctor").out


def test_nothing_to_look_at_is_fine(clarion: Clarion) -> None:
    clarion.become("ann", "author")
    assert "0 links, 0 of them dead." in clarion.done("links", "check").out
