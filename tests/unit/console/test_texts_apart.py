"""Other words for a part of the audience, as the console shows and takes them."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.principals import Role
from app.store import updates
from tests.console import Page, Visitor
from tests.faces import WORDS, Api

NORTH: dict[str, Any] = {**WORDS, "headline": "Only you in the north"}


@pytest.fixture
def author(api: Api) -> Visitor:
    api.prepare()
    for slug in ("north", "south"):
        api.done(api.post("author", "/audiences", json={"slug": slug, "text": f"area = {slug}"}))
    opened = Visitor(api)
    opened.enter("author", Role.AUTHOR)
    return opened


def document(api: Api, update: int) -> dict[str, Any]:
    with api.db.reading() as connection:
        return updates.get(connection, update).document


def plain(page: Page) -> str:
    return " ".join(page.tree.xpath("//main")[0].text_content().split())


def test_every_text_stands_with_how_many_get_it_and_who_gets_none(api: Api, author: Visitor) -> None:
    more = {"variants": [{"audience": "north", "content": {"en": NORTH}}], "language_policy": "skip"}
    update = api.draft(**more)
    shown = plain(author.open(f"/updates/{update}"))
    assert "The main text: nobody is listed yet" in shown
    assert "Instead, for “north”" in shown
    api.submit(update)
    listed = api.done(api.get("viewer", f"/updates/{update}"))["listed"]
    shown = plain(author.open(f"/updates/{update}"))
    assert sum(each["recipients"] for each in listed) == 3, "Ana twice, Bela once"
    assert "The text for “north”: sms 1, email 2 (en 3)" in shown
    assert "The main text: nobody" in shown
    left = author.open(f"/updates/{update}/left-out")
    assert "they read none of its languages: sms: 1" in plain(left)
    people = [one.text_content() for one in left.tree.xpath("//main//ul[@class='plain-list']/li")]
    assert [" ".join(one.split()) for one in people] == ["3 gu · south"]
    second = Visitor(api)
    second.enter("approver", Role.APPROVER)
    shown = plain(second.open(f"/updates/{update}/approve"))
    assert "The text for “north”: sms 1, email 2" in shown
    assert "they read none of its languages: sms: 1" in shown
    assert shown.index("Instead, for “north”") < shown.index(NORTH["headline"], shown.index("What it says"))


def test_saving_the_form_never_loses_the_texts_a_program_wrote(api: Api, author: Visitor) -> None:
    update = api.draft(variants=[{"audience": "north", "content": {"en": NORTH}}])
    before = document(api, update)["variants"]
    page = author.open(f"/updates/{update}/write")
    author.send(page, "write", **{"content.en.headline": "Power is back"})
    fields = {**page.form("write"), "content.en.impact": "Lights are on.", "_once": "auto"}
    author.post(f"/console/updates/{update}/autosave", fields)
    said = document(api, update)
    assert said["content"]["en"]["headline"] == "Power is back"
    assert said["content"]["en"]["impact"] == "Lights are on."
    assert said["variants"] == before
