"""Frequent questions and help links on the contact page, and opened knowledge in the banner."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from lxml import html

from app.domain.reading import iso
from app.domain.snapshot import Snapshot
from app.publishing.picture import picture
from app.store import documents, website
from app.store.database import Database
from app.store.documents import Kind
from tests.unit.site.world import NOON, open_house, press

CREDIT = {
    "slug": "credit",
    "questions": {"en": "Do I have to <b>pay</b>?", "gu": "મારે પૈસા ચૂકવવા પડશે?"},
    "answers": {"en": "No & never.", "gu": "ના."},
}
COURSE: dict[str, Any] = {
    "slug": "course",
    "kind": "video",
    "texts": {"en": "First aid course", "gu": "પ્રાથમિક સારવાર"},
    "url": "https://learn.example.org/{language}/first-aid",
    "notes": {"en": "Twelve minutes."},
    "open_resources": {
        "url_pattern": "https://learn.example.org/*/first-aid",
        "until": iso(NOON + timedelta(hours=6)),
    },
}
ELSEWHERE = {"slug": "south", "texts": {"en": "Only in the south"}, "url": "https://south.example.org/", "areas": ["s"]}


@pytest.fixture
def house(database: Database) -> Database:
    open_house(database)
    with database.writing() as tx:
        documents.save(tx, Kind.FAQ, "credit", CREDIT, None)
        for link in (COURSE, ELSEWHERE):
            documents.save(tx, Kind.HELP_LINK, str(link["slug"]), link, None)
    return database


def shoot(house: Database, later: timedelta = timedelta()) -> Snapshot:
    with house.reading() as connection:
        rows = website.read(connection)
    return press().snapshot(picture(rows, NOON + later), 1)


def contact(snapshot: Snapshot, language: str) -> Any:
    return html.document_fromstring(snapshot.files[f"{language}/contact/index.html"].body.decode())


def test_questions_and_help_stand_on_the_contact_page_in_the_readers_language(house: Database) -> None:
    snapshot = shoot(house)
    english, gujarati = contact(snapshot, "en"), contact(snapshot, "gu")
    assert english.get_element_by_id("faq-credit").findtext("p") == "No & never."
    assert english.get_element_by_id("faq-credit").find("summary").text_content() == "Do I have to <b>pay</b>?"
    assert gujarati.get_element_by_id("faq-credit").findtext("p") == "ના."
    assert "https://learn.example.org/gu/first-aid" in [link.get("href") for link in gujarati.iter("a")]
    assert "Only in the south" not in english.text_content()
    lao = contact(snapshot, "lo").get_element_by_id("faq-credit")
    assert lao.find("p").get("lang") == "en"


def test_what_is_open_for_now_says_until_when_and_closes_by_itself(house: Database) -> None:
    assert "Free until" in contact(shoot(house), "en").text_content()
    banner = json.loads(shoot(house).files["site/main/banner.json"].body)
    assert banner["open_resources"] == [COURSE["open_resources"]]
    later = shoot(house, timedelta(hours=7))
    assert "Free until" not in contact(later, "en").text_content()
    assert json.loads(later.files["site/main/banner.json"].body)["open_resources"] == []


def test_a_faulty_entry_is_left_out_and_told(house: Database) -> None:
    with house.writing() as tx:
        documents.save(tx, Kind.HELP_LINK, "bad", {"slug": "bad", "texts": {"en": "x"}, "url": "http://x"}, None)
    with house.reading() as connection:
        made = picture(website.read(connection), NOON)
    assert [link.slug for link in made.help_links] == ["course", "south"]
    assert [problem.code for problem in made.problems] == ["bad_link"]
