"""What other websites embed, as files."""

from __future__ import annotations

import base64
import gzip
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import html

from app.domain.snapshot import IMMUTABLE, SHORT_CACHE, Snapshot
from app.publishing.embedding import Widget
from app.publishing.picture import picture
from app.store import website
from app.store.database import Database
from app.store.documents import Kind
from tests.unit.site.test_pages import HOSTILE
from tests.unit.site.world import LANGUAGES, NOON, TEMPLATES, open_crisis, open_house, press, save, say, words

MOST_BYTES = 5 * 1024


@pytest.fixture
def house(database: Database) -> Database:
    open_house(database)
    open_crisis(database)
    return database


def shoot(db: Database, at: timedelta = timedelta()) -> Snapshot:
    with db.reading() as connection:
        return press().snapshot(picture(website.read(connection), NOON + at), 1)


def fragment(snapshot: Snapshot, language: str = "en") -> str:
    return snapshot.files[f"site/main/banner.{language}.html"].body.decode()


def test_the_widget_is_at_most_five_kilobytes_as_served() -> None:
    assert len(gzip.compress(press().widget.body, 6, mtime=0)) <= MOST_BYTES
    assert len(gzip.compress(press().subscribe.body, 6, mtime=0)) <= MOST_BYTES


def test_one_name_is_always_the_newest_and_one_never_changes(house: Database) -> None:
    files = shoot(house).files
    assert files["site/widget.js"].cache_control == SHORT_CACHE
    assert files["site/widget.v1.js"].cache_control == IMMUTABLE
    assert files["site/widget.js"].body == files["site/widget.v1.js"].body


@pytest.mark.parametrize("stem", ["widget", "subscribe"])
def test_the_hash_for_the_tag_is_that_of_the_file_and_stands_in_the_manual(stem: str) -> None:
    widget = {one.stem: one for one in (press().widget, press().subscribe)}[stem]
    assert widget.integrity == "sha384-" + base64.b64encode(hashlib.sha384(widget.body).digest()).decode()
    manual = (TEMPLATES.parent / "docs" / "website.md").read_text(encoding="utf-8")
    assert widget.integrity in manual, "the script changed: write its hash into docs/website.md (see VERSIONS)"


def test_an_earlier_version_is_published_on_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "widget.js").write_text("const longer = 1;")
    (tmp_path / "widget.v0.js").write_bytes(b"old  bytes")
    files = {file.path: file for file in Widget.load(tmp_path).files()}
    assert files["site/widget.v0.js"].body == b"old  bytes"
    assert files["site/widget.v0.js"].cache_control == IMMUTABLE
    assert files["site/widget.v1.js"].body == b"let e=1;"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_without_script_includes_the_banner_in_its_own_language(house: Database, language: str) -> None:
    say(house, content={code: words(f"Headline {code}", duration="Until six.") for code in LANGUAGES}, need="technical")
    section = html.fragment_fromstring(fragment(shoot(house), language))
    assert (section.tag, section.get("lang")) == ("section", language)
    assert section.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert f"Headline {language}" in section.text_content()
    links = [link.get("href") for link in section.iter("a")]
    assert f"https://status.example.org/{language}/crises/outage" in links
    assert {"tel:+912612345678", "https://help.example.org/chat"} & set(links)


def test_a_static_include_says_until_when_it_holds(house: Database) -> None:
    say(house, lasts=timedelta(hours=2))
    until = html.fragment_fromstring(fragment(shoot(house))).find(".//p[@class='clarion-until']//time")
    assert until is not None
    assert until.get("datetime") == "2026-03-10T14:00:00Z"
    assert "holds until 7:30 PM" in until.text_content()
    assert "<section" not in fragment(shoot(house, timedelta(hours=2)))


def test_when_all_is_well_the_fragment_shows_nothing(house: Database) -> None:
    assert fragment(shoot(house)).strip() == "<!-- 2026-03-10T12:00:00Z -->"


def test_an_update_that_is_no_banner_is_in_no_fragment(house: Database) -> None:
    say(house, placements={"popup": {}})
    assert "<section" not in fragment(shoot(house))


def test_hostile_words_stay_words_in_a_fragment(house: Database) -> None:
    save(
        house,
        Kind.CONTACT_CHANNEL,
        {"slug": "chat", "kind": "chat", "address": "https://x.example.org/", "names": {"en": HOSTILE}},
    )
    say(house, content={"en": words(HOSTILE, options=[{"text": HOSTILE}])}, need="technical")
    section = html.fragment_fromstring(fragment(shoot(house)))
    assert HOSTILE in section.text_content()
    allowed = {"section", "p", "strong", "div", "h2", "ul", "li", "a", "bdi", "span", "small", "time"}
    assert {element.tag for element in section.iter()} <= allowed
    assert not [
        name for element in section.iter() for name in element.attrib if name.startswith("on") or name == "style"
    ]


def test_a_fragment_of_an_exercise_says_so(house: Database) -> None:
    say(house, drill=True)
    files = shoot(house).files
    assert "EXERCISE" in files["drill/site/main/banner.en.html"].body.decode()
    assert "<section" not in files["site/main/banner.en.html"].body.decode()
