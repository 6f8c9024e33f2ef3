"""A list is handed in, its columns confirmed, tried, taken in, stopped, forgotten, all without a script."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.imports import ImportState
from app.domain.principals import Role
from app.store import imports, subscribers
from app.usecases import manage_imports
from tests.conftest import NOON
from tests.console import Page, Visitor
from tests.faces import Api

SHEET = "Customer No;Mobile;Full name;Notes\n1;+447911123456;Ann;x\n2;12;Bob;y\n1;;Ann again;z\n"


@pytest.fixture
def author(api: Api) -> Visitor:
    opened = Visitor(api)
    opened.enter("asha", Role.AUTHOR)
    return opened


def hand_in(visitor: Visitor, body: bytes, **typed: str) -> Page:
    page = visitor.open("/imports")
    fields = {**page.form("list"), **typed}
    fields.pop("file", None)
    return Page(
        visitor.client.post(
            page.action("list"), data=fields, files={"file": ("C:\\lists\\people.csv", body)}, headers=visitor.headers
        )
    )


def nothing() -> None:
    return


def run(api: Api, moment: int = 0) -> ImportState | None:
    return manage_imports.carry_on(api.db, api.wiring.keyring, NOON + timedelta(minutes=moment), nothing)


def test_a_list_is_tried_and_then_taken_in(api: Api, author: Visitor) -> None:
    page = hand_in(author, SHEET.encode("utf-16"))
    assert page.heading == "people.csv"
    columns = {name: value for name, value in page.form("columns").items() if name.startswith("column.")}
    assert list(columns.values()) == ["external_id", "phone", "name", "Notes"], "guessed, for a person to confirm"
    assert "telephone number (phone)" in page.words
    page = author.send(page, "columns", **{"column.3": "-", "save_as": "crm", "how": "try"})
    assert page.said.startswith("It begins")
    assert run(api) is ImportState.TRIED
    page = author.open(page.path.removeprefix("/console"))
    assert "Nobody was changed" in page.words
    assert "This external_id stood in an earlier row." in page.words
    with api.db.reading() as connection:
        assert subscribers.count(connection) == 0
    page = author.send(page, "columns", how="import")
    assert run(api) is ImportState.DONE
    assert run(api) is None
    with api.db.reading() as connection:
        assert subscribers.get(connection, "1").attributes == {}
        (row,) = imports.page(connection).items
    assert (row.tally.created, row.tally.rejected, row.parts) == (1, 2, 0)
    refused = author.client.get(f"/console/imports/{row.id}/errors.csv", headers=author.headers).text
    assert refused.count("\r\n") == 3
    assert "crm" in hand_in(author, SHEET.encode()).words
    assert author.client.get("/console/subscribers.csv", headers=author.headers).status_code == 403


def test_it_is_stopped_goes_on_and_is_forgotten(api: Api, author: Visitor) -> None:
    page = hand_in(author, SHEET.encode())
    where = page.path.removeprefix("/console")
    page = author.send(author.send(page, "columns", how="import"), "stop")
    assert run(api) is None, "stopped before anybody was at it"
    page = author.send(page, "go-on")
    assert author.open(f"{where}/part").text.count("hx-trigger") == 1
    assert run(api) is ImportState.DONE
    assert author.open(f"{where}/part").text.count("hx-trigger") == 0
    page = author.send(author.open(where), "forget")
    assert author.open(where).status == 404


def test_what_cannot_be_read_is_refused_beside_its_field(author: Visitor) -> None:
    assert "Choose a file" in author.send(author.open("/imports"), "list").words
    page = hand_in(author, "Name\nBjørn\nBjørn\n".encode("latin-1"))
    assert "windows-1252" in page.words
    assert "Bjørn" in hand_in(author, "Bjørn;id\nx;1\n".encode("latin-1"), encoding="iso-8859-1").words
    page = hand_in(author, b"a,b\n1,2\n")
    assert "external_id" in author.send(page, "columns").words


def test_nothing_is_read_from_whoever_may_not(api: Api, visitor: Visitor, author: Visitor) -> None:
    page = author.open("/imports")
    fields = {**page.form("list"), "file": ""}
    for who in (visitor, viewer(api)):
        answer = who.client.post(
            "/console/imports", data=fields, files={"file": ("x.csv", SHEET.encode())}, headers=who.headers
        )
        assert answer.status_code in (401, 403)
    with api.db.reading() as connection:
        assert imports.page(connection).items == ()


def viewer(api: Api) -> Visitor:
    opened = Visitor(api)
    opened.enter("vera", Role.VIEWER)
    return opened
