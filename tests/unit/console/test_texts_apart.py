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
    shown = plain(author.open(f"/updates/{update}/previews?language=en"))
    assert shown.count("Instead, for “north”") == 2, "the text message and the letter"
    assert NORTH["headline"] in shown
    shown = plain(author.open(f"/updates/{update}"))
    assert "The main text: nobody is listed yet" in shown
    assert "Instead, for “north”" in shown
    api.submit(update)
    listed = api.done(api.get("viewer", f"/updates/{update}"))["listed"]
    shown = plain(author.open(f"/updates/{update}"))
    assert sum(each["recipients"] for each in listed) == 3, "Ana twice, Bela once"
    assert "The text for “north”: Text message 1, E-mail 2 (en 3)" in shown
    assert "The main text: nobody" in shown
    left = author.open(f"/updates/{update}/left-out")
    assert "they read none of its languages: Text message: 1" in plain(left)
    people = [one.text_content() for one in left.tree.xpath("//main//ul[@class='plain-list']/li")]
    assert [" ".join(one.split()) for one in people] == ["3 Gujarati · south"]
    second = Visitor(api)
    second.enter("approver", Role.APPROVER)
    shown = plain(second.open(f"/updates/{update}/approve"))
    assert "The text for “north”: Text message 1, E-mail 2" in shown
    assert "they read none of its languages: Text message: 1" in shown
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


def test_a_text_for_a_part_is_added_changed_refused_beside_its_field_and_taken_out(api: Api, author: Visitor) -> None:
    update = api.draft()
    page = author.open(f"/updates/{update}/texts")
    assert page.tree.xpath("//main//a/@href")[0] == f"/console/updates/{update}/write"
    typed = {"content.en.headline": "x" * 201, "content.en.impact": "Dark in the north."}
    page = author.send(page, "text", audience="north", **typed)
    assert page.status == 422
    assert page.wrong("text-content.en.headline") == "This is longer than 200 characters. Shorten it."
    assert page.form("text")["content.en.impact"] == "Dark in the north."
    page = author.send(page, "text", **{"content.en.headline": "Only the north"})
    assert (page.heading, page.said) == ("Write", "Saved.")
    assert f"/console/updates/{update}/texts?of=north" in page.tree.xpath("//a/@href")
    (one,) = document(api, update)["variants"]
    assert (one["audience"], one["content"]["en"]["headline"]) == ("north", "Only the north")
    page = author.send(author.open(f"/updates/{update}/texts"), "text", audience="north")
    assert page.wrong("text-audience").startswith("There are two texts for “north”.")

    opened = author.open(f"/updates/{update}/texts?of=north")
    author.send(author.open(f"/updates/{update}/write"), "write", **{"content.en.headline": "Another main one"})
    author.send(opened, "text", audience="south", **{"content.en.headline": "Only the south"})
    said = document(api, update)
    assert said["content"]["en"]["headline"] == "Another main one"
    (one,) = said["variants"]
    assert (one["audience"], one["content"]["en"]["headline"]) == ("south", "Only the south")

    mine, theirs = (author.open(f"/updates/{update}/texts?of=south") for _ in range(2))
    author.send(theirs, "text", **{"content.en.headline": "Theirs"})
    page = author.send(mine, "text", **{"content.en.headline": "Mine"})
    assert (page.status, page.form("text")["content.en.headline"]) == (409, "Mine")
    author.send(page, "text")
    assert document(api, update)["variants"][0]["content"]["en"]["headline"] == "Mine"
    author.send(author.open(f"/updates/{update}/texts?of=south"), "remove")
    assert document(api, update)["variants"] == []


def test_the_second_person_sees_what_is_new_in_each_text_and_each_as_somebody_gets_it(
    api: Api, author: Visitor
) -> None:
    first = api.draft(variants=[{"audience": "north", "content": {"en": NORTH}}])
    api.submit(first)
    count = api.done(api.get("viewer", f"/updates/{first}"))["recipients"]
    api.done(api.post("approver", f"/updates/{first}/approve", json={"count": count}))
    api.done(api.post("author", f"/updates/{first}/send"))
    changed = {**NORTH, "headline": "Only you in the far north"}
    south = {**WORDS, "headline": "The south may cook"}
    texts = [{"audience": "north", "content": {"en": changed}}, {"audience": "south", "content": {"en": south}}]
    update = api.draft(variants=texts)
    api.submit(update)
    second = Visitor(api)
    second.enter("approver", Role.APPROVER)
    page = second.open(f"/updates/{update}/approve")
    new = page.tree.xpath("//section[@aria-labelledby='new']")[0]
    added = [" ".join(one.text_content().split()) for one in new.xpath(".//ins")]
    assert "new: far end of new." in added, "of the text for the north only what is new"
    assert "new: The south may cook end of new." in added, "of a text that was not there all"
    assert [one.text_content() for one in new.xpath(".//h4")] == ["The text for “north”", "The text for “south”"]
    real = page.tree.xpath("//section[@aria-labelledby='real']")[0]
    shown = [" ".join(one.text_content().split()) for one in real.xpath(".//figure")]
    for audience, headline in (("north", "Only you in the far north"), ("south", "The south may cook")):
        theirs = [one for one in shown if f"for “{audience}”" in one]
        assert theirs
        assert all(headline in one for one in theirs)
    api.done(api.post("approver", f"/updates/{update}/return", json={"reason": "the north only, please"}))
    edited = {**document(api, update), "variants": texts[:1]}
    api.done(api.put("author", f"/updates/{update}", json=edited))
    api.submit(update)
    new = second.open(f"/updates/{update}/approve").tree.xpath("//section[@aria-labelledby='new']")[0]
    gone = [" ".join(one.text_content().split()) for one in new.xpath(".//del")]
    assert "taken away: The south may cook end of taken away." in gone, "a text that is gone is shown as gone"


def test_the_order_of_texts_is_changed_and_says_how_many_get_each(api: Api, author: Visitor) -> None:
    api.done(api.post("author", "/audiences", json={"slug": "english", "text": "language = en"}))
    texts = [{"audience": slug, "content": {"en": NORTH}} for slug in ("north", "english", "south")]
    update = api.draft(variants=texts)
    page = author.open(f"/updates/{update}/texts?count=yes")
    shown = plain(page)
    assert "The text for “north”: 2 people get it" in shown
    assert "The text for “english”: 0 people get it (of 2 it is for; 2 get an earlier text)" in shown
    assert "The text for “south”: 1 person gets it" in shown
    assert "The main text: 0 people get it" in shown
    moved = author.send(page, "order", then="up:english")
    assert [each["audience"] for each in document(api, update)["variants"]] == ["english", "north", "south"]
    assert "The text for “north”: 0 people get it (of 2 it is for" in plain(moved)
    (focused,) = moved.tree.xpath("//*[@autofocus]")
    assert focused.get("value") == "down:english", "where it can go on"
    refused = author.send(page, "order", then="down:north")
    assert (refused.status, refused.form("order")["order"]) == (409, ["english", "north", "south"])
    assert "Somebody else changed these texts." in refused.words
    assert author.send(moved, "order", then="up:english").status == 422
    counted = author.open(f"/updates/{update}/texts/order").tree.text_content()
    assert "The text for “english”: 2 people get it" in " ".join(counted.split())
    api.submit(update)
    listed = api.done(api.get("viewer", f"/updates/{update}"))["listed"]
    assert {each["audience"]: each["recipients"] for each in listed if each["medium"] == "email"} == {"english": 2}


def test_a_changed_source_stands_in_the_way_in_the_text_for_a_part_too_until_somebody_says_why_not(
    api: Api, author: Visitor
) -> None:
    gu = {**NORTH, "headline": "ફક્ત ઉત્તર"}
    texts = [{"audience": "north", "content": {"en": NORTH, "gu": gu}}, {"audience": "south", "content": {"en": NORTH}}]
    update = api.draft(content={"en": WORDS, "gu": {**WORDS, "headline": "વીજળી"}}, variants=texts)
    page = author.open(f"/updates/{update}/texts?of=north")
    author.send(page, "text", **{"content.en.duration": "Until 19:00."})
    author.send(author.open(f"/updates/{update}/texts"), "order", then="down:north")
    refused = api.post("author", f"/updates/{update}/submit")
    assert (refused.json()["code"], refused.json()["field"]) == ("translation_stale", "variants[1].content.gu")
    page = author.open(f"/updates/{update}")
    assert "“gu” of the text for “north” was not brought up to date with “en”." in page.words
    page = author.open(f"/updates/{update}/translations")
    assert author.send(page, "waive-north-gu").status == 422
    page = author.send(page, "waive-north-gu", reason="Only a time.")
    assert "lets it stay: Only a time." in plain(page)
    author.send(author.open(f"/updates/{update}/texts?of=north"), "text", **{"content.en.duration": "Until 20:00."})
    assert api.post("author", f"/updates/{update}/submit").json()["code"] == "translation_stale", "asked anew"
    both = {"content.en.duration": "Until 21:00.", "content.gu.duration": "21:00 સુધી."}
    author.send(author.open(f"/updates/{update}/texts?of=north"), "text", **both)
    api.submit(update)
    second = Visitor(api)
    second.enter("approver", Role.APPROVER)
    assert "gu The text for “north”: written by author" in plain(second.open(f"/updates/{update}/approve"))
