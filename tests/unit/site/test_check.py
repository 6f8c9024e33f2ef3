"""Is this message from us? Every text that was handed to a provider, and nothing of the past made twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from lxml import html

from app.clock import FrozenClock
from app.domain.crisis import UpdateState
from app.domain.message import Medium, Message
from app.domain.snapshot import File
from app.publishing import choosing
from app.publishing.publisher import Publication, Publisher
from app.site.shelf import Shelf
from app.store import updates
from app.store.database import Database
from app.store.documents import Kind
from app.store.said import MOST_EACH
from app.usecases.keep_said import keep_said
from tests.unit.site.world import LANGUAGES, NOON, become, open_crisis, open_house, press, resolve, save, say

TEXT = "Power is out in Adajan. Technical issue: +912612345678"


@pytest.fixture
def house(database: Database) -> Database:
    open_house(database)
    open_crisis(database)
    return database


def hand_over(
    db: Database, update: int, medium: Medium = Medium.SMS, language: str = "en", text: str = TEXT, as_of: str = ""
) -> bool:
    subject = "Power is out" if medium is Medium.EMAIL else ""
    return keep_said(db, update, 1, Message(medium, language, text, subject), as_of, NOON)


class Site:
    """A publisher with its memory, publishing until nothing is left over."""

    def __init__(self, db: Database, shelf: Shelf | None = None) -> None:
        self.shelf = shelf or Shelf()
        self.publisher = Publisher(db, press(), (), self.shelf, FrozenClock(NOON))
        self.rounds = 0

    def settle(self, at: datetime = NOON) -> Mapping[str, File]:
        while True:
            publication: Publication = self.publisher.publish(at)
            self.rounds += 1
            if publication.due is None or publication.due > at:
                return publication.snapshot.files


def page(files: Mapping[str, File], path: str) -> html.HtmlElement:
    return html.document_fromstring(files[path].body.decode())


def quotes(document: html.HtmlElement) -> list[str]:
    return [" ".join(str(found.text_content()).split()) for found in document.iter("blockquote")]


def test_a_text_stands_word_for_word_on_the_page_of_its_language_and_the_others_lead_there(house: Database) -> None:
    update = say(house)
    hand_over(house, update)
    hand_over(house, update, Medium.EMAIL, text="Dear -name-,\n\nPower is out.\n\n-manage_url-")
    hand_over(house, update, Medium.SMS, "gu", "અડાજણમાં વીજળી નથી")
    files = Site(house).settle()
    english = page(files, "en/messages/index.html")
    assert quotes(english) == [TEXT, "Power is outDear [your name], Power is out. [your own link]"]
    assert quotes(page(files, "gu/messages/index.html")) == ["અડાજણમાં વીજળી નથી"]
    assert f"/gu/messages#u{update}" in [link.get("href") for link in english.iter("a")]
    assert "March 2026" in str(english.text_content())


def test_a_language_without_pages_of_its_own_is_on_every_page(house: Database) -> None:
    hand_over(house, say(house), language="fr", text="Coupure de courant")
    files = Site(house).settle()
    for language in LANGUAGES:
        assert quotes(page(files, f"{language}/messages/index.html")) == ["Coupure de courant"]


def test_a_withdrawn_message_is_still_ours_and_marked(house: Database) -> None:
    update = say(house)
    hand_over(house, update)
    become(house, update, UpdateState.CANCELLED, NOON)
    article = page(Site(house).settle(), "en/messages/index.html").find(".//article")
    assert isinstance(article, html.HtmlElement)
    assert "This message was withdrawn." in str(article.text_content())
    assert quotes(article) == [TEXT]


def test_words_that_nobody_outside_has_seen_are_not_listed(house: Database) -> None:
    update = say(house, at=NOON + timedelta(minutes=1))
    hand_over(house, update)
    site = Site(house)
    assert quotes(page(site.settle(), "en/messages/index.html")) == []
    assert quotes(page(site.settle(NOON + timedelta(minutes=2)), "en/messages/index.html")) == [TEXT]


def test_texts_that_differ_only_in_when_they_were_looked_up_are_one(house: Database) -> None:
    update = say(house)
    assert hand_over(house, update, text="Call us. As of 12:00.", as_of="As of 12:00.")
    assert not hand_over(house, update, text="Call us. As of 12:01.", as_of="As of 12:01.")
    assert hand_over(house, update, text="Call them. As of 12:02.", as_of="As of 12:02.")
    for place in range(2 * MOST_EACH):
        hand_over(house, update, text=f"Call {place}.")
    assert len(quotes(page(Site(house).settle(), "en/messages/index.html"))) == MOST_EACH


def test_what_programs_read_is_not_listed(house: Database) -> None:
    assert not hand_over(house, say(house), Medium.WEBHOOK)


def test_hostile_text_stays_text(house: Database) -> None:
    hand_over(house, say(house), text="<script>alert(1)</script><img src=x onerror=alert(1)>")
    document = page(Site(house).settle(), "en/messages/index.html")
    assert quotes(document) == ["<script>alert(1)</script><img src=x onerror=alert(1)>"]
    assert document.findall(".//img") == []


def past(db: Database, count: int) -> None:
    for number in range(count):
        open_crisis(db, f"old-{number}", en=f"Old {number}")
        say(db, crisis=f"old-{number}", at=NOON - timedelta(days=number + 1))
        resolve(db, f"old-{number}", NOON - timedelta(days=number))


def test_the_past_is_written_once(house: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    past(house, 6)
    site = Site(house)
    first = site.settle()
    rendered: list[str] = []
    render = type(site.publisher._press).render

    def counting(self: Any, name: str, variables: Mapping[str, object]) -> str:
        rendered.append(name)
        return render(self, name, variables)

    monkeypatch.setattr(type(site.publisher._press), "render", counting)
    say(house)
    second = site.settle()
    assert rendered.count("site/crisis.html") == len(LANGUAGES), "the new one, in every language"
    assert all(first[path] is second[path] for path in first if "/crises/old-" in path)
    assert "en/crises/outage/index.html" in second


def test_a_restart_goes_on_with_what_is_there(house: Database) -> None:
    past(house, 4)
    before = Site(house)
    first = before.settle()
    second = Site(house, before.shelf).settle()
    assert all(first[path] is second[path] for path in first if "/crises/old-" in path)


def test_another_look_makes_every_page_anew_in_portions(house: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "PORTION", 2)
    monkeypatch.setattr(choosing, "MOST_ENTRIES", 1)
    past(house, 6)
    site = Site(house)
    site.settle()
    assert site.rounds > 1, "the past follows in portions"
    save(house, Kind.ORGANISATION, {"slug": "organisation", "names": {"en": "Rander Water"}})
    site.rounds = 0
    early = site.publisher.publish(NOON).snapshot.files
    assert b"Rander Water" in early["en/index.html"].body, "what holds now never waits"
    oldest = "en/crises/old-5/index.html"
    assert b"Adajan Power" in early[oldest].body
    assert b"Rander Water" in site.settle()[oldest].body


def test_a_change_to_an_old_crisis_shows(house: Database) -> None:
    past(house, 2)
    site = Site(house)
    site.settle()
    with house.reading() as connection:
        (old,) = [row.id for row in updates.sent(connection) if row.crisis == "old-1"]
    become(house, old, UpdateState.CANCELLED, NOON)
    assert "This message was withdrawn." in str(page(site.settle(), "en/crises/old-1/index.html").text_content())


def test_a_long_history_has_a_page_for_each_month(house: Database) -> None:
    past(house, 40)
    files = Site(house).settle()
    document = page(files, "en/history/index.html")
    months = [str(link.text) for link in document.findall(".//ul[@class='months']//a")]
    assert months == ["March 2026", "February 2026", "January 2026"]
    assert [str(link.text_content()) for link in document.findall(".//p[@class='turning']/a")] == ["Older"]
    february = page(files, "en/history/2026-02/index.html")
    assert len(february.findall(".//ul[@class='chapters']/li")) == 28
    assert [str(link.text_content()) for link in february.findall(".//p[@class='turning']/a")] == ["Newer", "Older"]
