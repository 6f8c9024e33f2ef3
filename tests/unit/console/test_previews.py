from __future__ import annotations

import json

import pytest

from app.clock import FrozenClock
from app.domain.prices import read_price
from app.domain.principals import Role
from app.store import updates
from tests.console import Page, Visitor
from tests.faces import WORDS, Api


@pytest.fixture
def author(api: Api) -> Visitor:
    api.prepare()
    api.done(api.post("approver", "/sites", json={"slug": "main", "languages": ["en", "gu"]}))
    opened = Visitor(api)
    opened.enter("author", Role.AUTHOR)
    return opened


CURLY = {**WORDS, "impact": "You don’t have electricity."}
GUJARATI = {**WORDS, "headline": "ઉત્તરમાં વીજળી નથી", "impact": "વીજળી નથી."}


def look(author: Visitor, update: int, **headers: str) -> Page:
    return author.open(f"/updates/{update}/previews?count=yes", **headers)


def test_each_medium_is_shown_as_its_recipients_get_it(api: Api, author: Visitor) -> None:
    update = api.draft(content={"en": CURLY, "gu": GUJARATI})
    page = look(author, update)
    preflight = api.wiring.api.preflight(row(api, update), api.clock.now())
    texts = {(each.endpoint, each.language): each for each in preflight.renderings}
    phone = page.tree.xpath("string(//*[@class='phone'])").strip()
    assert phone == texts["texts", "en"].text
    assert "don’t have" in phone
    assert page.tree.xpath("//mark/text()") == ["’"]
    assert "right single quotation mark" in page.words
    assert "3 people" in page.words
    (frame,) = page.tree.xpath("//iframe[@class='letter']")
    assert frame.get("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    letter = author.client.get(frame.get("src"), headers=author.headers)
    assert letter.text == texts["mail", "en"].html
    policy = letter.headers["content-security-policy"]
    assert "script" not in policy
    assert "sandbox" in policy
    assert "frame-ancestors 'self'" in policy
    other = author.open(f"/updates/{update}/previews?language=gu")
    assert GUJARATI["headline"] in other.tree.xpath("string(//*[@class='phone'])")


def test_what_a_script_asks_for_is_the_part_that_changes(api: Api, author: Visitor) -> None:
    update = api.draft()
    part = look(author, update, **{"hx-request": "true"})
    assert "<html" not in part.text
    assert "Power is out in the north" in part.text
    reach = author.open(f"/updates/{update}/reach")
    assert "Parts to pay for" in reach.text


def test_a_draft_nobody_has_written_yet_says_what_is_missing(api: Api, author: Visitor) -> None:
    page = look(author, api.draft(content={}, audience=None))
    assert page.status == 200
    assert "Nothing can be shown yet" in page.words
    assert "To how many cannot be said yet" in page.words


def test_what_is_wrong_leads_to_its_field(api: Api, author: Visitor) -> None:
    update = api.draft(content={"en": {**WORDS, "impact": "Back at {time}."}})
    page = look(author, update)
    links = page.tree.xpath("//section[@aria-labelledby='standing']//a/@href")
    assert f"/console/updates/{update}/write#write-content.en.headline" in links
    assert "The slot “{time}” was never filled." in page.words


def test_a_price_is_an_amount_and_a_currency() -> None:
    price = read_price("0.0075 USD")
    assert price is not None
    assert (str(price.amount), price.currency) == ("0.0075", "USD")
    assert read_price("") is None


def test_links_in_the_words_are_named_with_what_is_known_of_them(api: Api, author: Visitor) -> None:
    update = api.draft(content={"en": {**WORDS, "links": [{"text": "Ferry", "url": "https://ferry.example.org/"}]}})
    page = look(author, update)
    assert "https://ferry.example.org/: not opened yet" in page.words


def test_the_widget_of_a_preview_gets_its_words_by_a_signed_address_for_an_hour(
    api: Api, author: Visitor, clock: FrozenClock
) -> None:
    api.done(
        api.post(
            "admin",
            "/endpoints",
            json={
                "slug": "web",
                "channel": "site",
                "settings": {"site": "main", "read_back_url": "https://status.example.org/site/main/banner.json"},
            },
        )
    )
    update = api.draft(endpoints=["web", "texts"])
    (frame,) = look(author, update).tree.xpath("//iframe[@class='shop']/@src")
    where, _, token = frame.partition("#clarion-preview=")
    shop = author.client.get(where, headers=author.headers)
    assert "frame-ancestors 'self'" in shop.headers["content-security-policy"]
    assert "/widget.js" in shop.text
    stranger = Visitor(api)
    banner = stranger.client.get(f"/console/shown/preview/{token}.json")
    assert json.loads(banner.text)["preview"] is True
    assert "Power is out in the north" in banner.text
    assert stranger.client.get(f"/console/shown/preview/{token[:-2]}xx.json").status_code == 404
    clock.advance(3_601)
    assert stranger.client.get(f"/console/shown/preview/{token}.json").status_code == 404


def row(api: Api, update: int) -> updates.UpdateRow:
    with api.db.reading() as connection:
        return updates.get(connection, update)
