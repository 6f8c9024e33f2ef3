"""The pages: every message word for word in every language, nothing of it ever code, readable by everyone."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from datetime import timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator
from lxml import html

from app.domain.crisis import Severity, UpdateState
from app.domain.reading import iso
from app.domain.snapshot import HTML, File, Snapshot, addresses
from app.publishing.notices import Notice, notice_page
from app.publishing.pages import FINDER
from app.publishing.picture import picture
from app.store import website
from app.store.database import Database
from app.store.documents import Kind
from tests.unit.site.world import (
    CHAT,
    LANGUAGES,
    NOON,
    TEMPLATES,
    become,
    open_crisis,
    open_house,
    press,
    save,
    say,
    words,
)

BASE = "https://status.example.org"
WHOLE = words(
    acknowledgement="We know how hard an evening without light is.",
    duration="Until about six.",
    explanation="A mast fell.\nWe do not know why.",
    complications=["More rain is coming."],
    options=[{"text": "Charge your phone at the town hall.", "url": "https://town.example.org/?a=1&b=2"}],
    perspective="By tomorrow all will be well.",
    reassurance="Forty people are at work.",
    links=[{"text": "Self-care", "url": "https://care.example.org/"}],
)
HOSTILE = "</style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}{% raw %}"


@pytest.fixture
def house(database: Database) -> Database:
    open_house(database)
    open_crisis(database)
    return database


def shoot(db: Database, seq: int = 1) -> Snapshot:
    with db.reading() as connection:
        return press(BASE).snapshot(picture(website.read(connection), NOON), seq)


def page(snapshot: Snapshot, path: str) -> html.HtmlElement:
    return html.document_fromstring(snapshot.files[path].body.decode())


def one(element: html.HtmlElement, path: str) -> html.HtmlElement:
    """The first element found, which must be there."""
    found = element.find(path)
    assert isinstance(found, html.HtmlElement), path
    return found


def text(element: html.HtmlElement) -> str:
    return " ".join(str(element.text_content()).split())


def every_page(snapshot: Snapshot) -> list[File]:
    """Whole ones: what lies under /site/ is a part of somebody else's."""
    return [file for file in snapshot.files.values() if file.content_type == HTML and "site/" not in file.path]


def texts_of(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [found for part in parts for found in texts_of(part)]


def test_every_word_of_a_message_stands_on_its_crisis_page_and_in_both_feeds(house: Database) -> None:
    say(house, content={"en": WHOLE})
    snapshot = shoot(house)
    on_page = text(one(page(snapshot, "en/crises/outage/index.html"), ".//main"))
    atom, feed = (snapshot.files[f"en/feed.{kind}"].body.decode() for kind in ("atom", "json"))
    for sentence in texts_of(WHOLE):
        words_only = " ".join(sentence.split())
        hrefs = [link.get("href") for link in page(snapshot, "en/crises/outage/index.html").iter("a")]
        assert words_only in on_page or sentence in hrefs
        assert words_only in " ".join(text(html.fromstring(f"<p>{atom.split('?>', 1)[1]}</p>")).split())
        assert words_only in " ".join(feed.replace("\\n", " ").split())


def test_words_for_a_part_of_the_audience_are_listed_too(house: Database) -> None:
    variant = {"audience": "clinics", "content": {"en": words("Generators are on their way to clinics")}}
    say(house, variants=[variant])
    assert "Generators are on their way" in text(page(shoot(house), "en/crises/outage/index.html"))


def test_every_language_has_its_own_address_and_they_name_each_other(house: Database) -> None:
    say(house, content={"en": words(), "gu": words("વીજળી નથી"), "ar": words("انقطاع الكهرباء")})
    snapshot = shoot(house)
    for language in LANGUAGES:
        for name in ("", "contact/", "crises/outage/"):
            document = page(snapshot, f"{language}/{name}index.html")
            assert document.get("lang") == language
            assert document.get("dir") == ("rtl" if language == "ar" else "ltr")
            others = {link.get("hreflang"): link.get("href") for link in document.findall(".//link[@hreflang]")}
            assert set(others) == {*LANGUAGES, "x-default"}
            known = {address for file in every_page(snapshot) for address in addresses(file.path)}
            assert {urlsplit(str(url)).path for url in others.values()} <= known


def test_a_text_that_is_not_translated_says_which_language_it_is_in(house: Database) -> None:
    say(house, content={"en": words("Power is out")})
    article = one(page(shoot(house), "ar/crises/outage/index.html"), ".//article")
    inside = one(article, ".//div[@lang]")
    assert (inside.get("lang"), inside.get("dir")) == ("en", "ltr")
    label = one(inside, ".//p[@lang]")
    assert (label.get("lang"), label.get("dir"), text(label)) == ("ar", "rtl", "كيف يؤثر هذا عليك")


def test_hostile_words_stay_words(house: Database) -> None:
    content = {"en": words(HOSTILE, explanation=HOSTILE, links=[{"text": HOSTILE, "url": "https://x.example.org/"}])}
    open_crisis(house, "hostile", en=HOSTILE)
    say(house, crisis="hostile", content=content)
    save(house, Kind.CONTACT_CHANNEL, {**CHAT, "names": {"en": HOSTILE}, "instructions": {"en": HOSTILE}})
    snapshot = shoot(house)
    for file in every_page(snapshot):
        document = html.document_fromstring(file.body.decode())
        assert {one.get("type") for one in document.iter("script")} <= {"application/ld+json"}
        assert document.findall(".//img") == []
        assert not [name for element in document.iter() for name in element.attrib if str(name).startswith("on")]
        assert "49" not in text(one(document, ".//h1"))
    assert HOSTILE in text(one(page(snapshot, "en/crises/hostile/index.html"), ".//h1"))
    ET.fromstring(snapshot.files["feed.atom"].body)  # noqa: S314 - our own bytes


def test_pages_need_nothing_but_the_style_sheet_that_is_published_with_them(house: Database) -> None:
    say(house, content={"en": WHOLE})
    snapshot = shoot(house)
    for file in every_page(snapshot):
        document = html.document_fromstring(file.body.decode())
        loaded = [element.tag for element in document.iter() if element.get("src") or element.get("srcset")]
        assert loaded == []
        (sheet,) = document.findall(".//link[@rel='stylesheet']")
        assert urlsplit(str(sheet.get("href"))).path.strip("/") in snapshot.files
    style = snapshot.files["site/pages.css"].body
    assert b"@import" not in style
    assert b"url(" not in style


def test_a_page_may_load_from_its_own_place_and_run_nothing_whoever_serves_it(house: Database) -> None:
    for file in every_page(shoot(house)):
        document = html.document_fromstring(file.body.decode())
        inside = str(one(document, ".//meta[@http-equiv='Content-Security-Policy']").get("content"))
        for policy in (file.csp, inside):
            assert "default-src 'none'; style-src 'self'; img-src 'self'" in policy
            assert "script-src" not in policy
            assert "unsafe" not in policy
        assert b" style=" not in file.body
        assert b"<style" not in file.body


def test_a_page_with_a_form_lets_it_be_sent_by_header_and_inside() -> None:
    body, headers = notice_page(press(BASE), Notice("stop", {"address": "p@example.org"}, "stop_button"), "en", NOON)
    document = html.document_fromstring(body.decode())
    inside = str(one(document, ".//meta[@http-equiv='Content-Security-Policy']").get("content"))
    for policy in (headers["content-security-policy"], inside):
        assert "form-action 'self'" in policy
        assert "style-src 'self'" in policy


def test_every_link_inside_the_site_leads_somewhere(house: Database) -> None:
    say(house, content={"en": WHOLE})
    say(house, drill=True, content={"en": WHOLE})
    snapshot = shoot(house)
    known = {address for file in snapshot.files.values() for address in addresses(file.path)}
    known |= {FINDER.format(language=language) for language in LANGUAGES}
    for file in every_page(snapshot):
        document = html.document_fromstring(file.body.decode())
        anchors = {element.get("id") for element in document.iter() if element.get("id")}
        for link in document.iter("a"):
            target = str(link.get("href"))
            if target.startswith("#"):
                assert target[1:] in anchors, f"{file.path}: {target}"
            elif target.startswith("/"):
                assert target.partition("#")[0] in known, f"{file.path}: {target}"


def test_pages_are_built_for_screen_readers(house: Database) -> None:
    say(house, content={"en": WHOLE})
    for file in every_page(shoot(house)):
        document = html.document_fromstring(file.body.decode())
        assert len(document.findall(".//main")) == len(document.findall(".//h1")) == 1
        first = one(one(document, ".//body"), "a")
        assert first.get("href") == "#main"
        levels = [
            int(tag[1]) for tag in (str(element.tag) for element in document.iter()) if re.fullmatch("h[1-6]", tag)
        ]
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), file.path
        ids = [element.get("id") for element in document.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), file.path
        for element in document.iter():
            label = element.get("aria-labelledby")
            assert label is None or label in ids
        assert [text(link) for link in document.iter("a") if not text(link)] == []


def test_the_contact_page_answers_what_do_you_need_without_any_script(house: Database) -> None:
    document = page(shoot(house), "en/contact/index.html")
    section = one(document, ".//section[@aria-labelledby='need-technical']")
    assert text(one(section, ".//li")).startswith("Phone line (phone) +91 261 234 5678 open, until 6:00")
    assert [link.get("href") for link in section.iter("a")][:2] == ["tel:+912612345678", "#channel-phone"]
    hours = one(document, ".//section[@aria-labelledby='channel-phone']")
    assert len(hours.findall(".//tr")) == 7
    assert "India" in text(hours)
    assert "as of" in text(document).lower()


def test_the_status_page_says_so_when_all_is_well(house: Database) -> None:
    assert "There is no current announcement." in text(page(shoot(house), "index.html"))


def test_the_front_page_is_the_page_of_the_default_language(house: Database) -> None:
    snapshot = shoot(house)
    assert snapshot.files["index.html"].body == snapshot.files["en/index.html"].body


def test_a_withdrawn_message_stays_listed_and_is_marked(house: Database) -> None:
    become(house, say(house), UpdateState.CANCELLED, NOON)
    article = one(page(shoot(house), "en/crises/outage/index.html"), ".//article")
    assert "This message was withdrawn." in text(article)
    assert "Power is out in Adajan" in text(article)


def test_a_drill_has_its_own_pages_and_touches_no_real_one(house: Database) -> None:
    before = shoot(house)
    say(house, drill=True, content={"en": words("The dam broke")})
    after = shoot(house)
    real = {path: file for path, file in after.files.items() if not path.startswith("drill/")}
    assert real == dict(before.files)
    for path, file in after.files.items():
        if path.startswith("drill/") and file in every_page(after):
            assert "EXERCISE" in text(page(after, path)) or not path.startswith("drill/en/")
            assert one(page(after, path), ".//meta[@name='robots']").get("content") == "noindex"
    banner = json.loads(after.files["drill/site/main/banner.json"].body)
    assert banner["drill"] is True
    assert banner["placements"]["banner"]["texts"]["en"]["headline"] == "EXERCISE – The dam broke"
    assert banner["updates"][0]["links"]["en"] == f"{BASE}/drill/en/crises/outage"
    assert json.loads(after.files["site/main/banner.json"].body)["placements"]["banner"] is None


def test_pages_lead_to_the_form_where_people_may_subscribe_and_a_drill_to_none(house: Database) -> None:
    say(house, drill=True, content={"en": words("The dam broke")})
    with house.reading() as connection:
        seen = picture(website.read(connection), NOON)
    form = f"{BASE}/s/en"
    leads = {
        path
        for path, file in press(BASE, subscribing=True).snapshot(seen, 1).files.items()
        if f'href="{form}"'.encode() in file.body
    }
    assert {"en/index.html", "en/contact/index.html"} <= leads
    assert not any(path.startswith("drill/") for path in leads)
    assert not any(b"/s/en" in file.body for file in press(BASE).snapshot(seen, 1).files.values())


def test_both_feeds_say_the_same_in_the_order_of_sending(house: Database) -> None:
    first = say(house, at=NOON - timedelta(minutes=10))
    second = say(house, at=NOON - timedelta(minutes=5), stage="progress")
    snapshot = shoot(house)
    feed = json.loads(snapshot.files["feed.json"].body)
    links = [f"{BASE}/en/crises/outage#u{update}" for update in (second, first)]
    assert [item["id"] for item in feed["items"]] == links
    space = {"a": "http://www.w3.org/2005/Atom"}
    atom = ET.fromstring(snapshot.files["feed.atom"].body)  # noqa: S314 - our own bytes
    assert [entry.findtext("a:id", namespaces=space) for entry in atom.findall("a:entry", space)] == links
    assert atom.findtext("a:updated", namespaces=space) == "2026-03-10T11:55:00Z"


def test_a_feed_says_how_to_reach_us_and_when_the_next_word_comes_with_the_word_that_holds(house: Database) -> None:
    say(house, at=NOON - timedelta(minutes=10))
    say(house, stage="progress", need="technical", next_update_by=iso(NOON + timedelta(minutes=30)))
    newest, older = json.loads(shoot(house).files["en/feed.json"].body)["items"]
    assert "Next update by 6:00" in newest["content_text"]
    places = newest["content_text"].partition("How to reach us:\n")[2].splitlines()
    assert places[0] == "• Technical issue: Phone line, +912612345678"
    assert places[1].startswith("• Danger to life: ")
    assert places[-1] == f"• All ways to reach us: {BASE}/en/contact"
    assert "How to reach us" not in older["content_text"]
    first, *_ = newest["_contact"]
    assert first["need"] == "technical"
    assert (first["address"], first["href"]) == ("+912612345678", "tel:+912612345678")
    assert "_contact" not in older


def test_a_crisis_page_begins_with_the_word_that_holds_then_says_how_to_reach_us(house: Database) -> None:
    say(house, at=NOON - timedelta(minutes=10), next_update_by=iso(NOON + timedelta(minutes=10)))
    say(house, stage="progress", next_update_by=iso(NOON + timedelta(minutes=30)))
    document = page(shoot(house), "en/crises/outage/index.html")
    assert [text(heading) for heading in document.iter("h2")] == [
        "What is happening now",
        "How to reach us",
        "Earlier announcements",
        "Tell others",
    ]
    assert [text(promise) for promise in document.findall(".//p[@class='promise']")] == ["Next update by 6:00 PM IST."]


def test_the_banner_carries_what_the_widget_needs_to_know(house: Database) -> None:
    open_crisis(house, "flood", severity=Severity.EMERGENCY)
    update = say(house, crisis="flood", next_update_by=iso(NOON + timedelta(minutes=30)))
    banner = json.loads(shoot(house, 41).files["site/main/banner.json"].body)
    assert (banner["seq"], banner["severity"]) == (41, "emergency")
    assert banner["placements"]["banner"]["update"] == update
    assert banner["next_update_by"] == "2026-03-10T12:30:00Z"
    assert banner["words"]["gu"]["severity_emergency"] == "કટોકટી"


@pytest.mark.parametrize("drill", [False, True])
def test_the_published_banner_is_what_its_schema_says(house: Database, drill: bool) -> None:
    say(house, content={"en": WHOLE}, drill=drill)
    schema = json.loads((TEMPLATES.parent / "docs" / "banner.schema.json").read_text(encoding="utf-8"))
    path = "drill/site/main/banner.json" if drill else "site/main/banner.json"
    Draft202012Validator(schema).validate(json.loads(shoot(house).files[path].body))


def test_the_widget_is_small_and_never_writes_markup() -> None:
    script = press().widget.body.decode()
    assert len(gzip.compress(script.encode(), 6)) <= 5 * 1024
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "cookie ="):
        assert forbidden not in script


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_site_has_all_its_words_in_every_language(language: str) -> None:
    folder = press().tongues
    assert folder.of(language, NOON).words_language == language
    english = folder.of("en", NOON).words
    own = folder.of(language, NOON).words
    assert set(own) == set(english)
    gaps = {key: set(re.findall(r"{\w+}", value)) for key, value in english.items()}
    assert {key: set(re.findall(r"{\w+}", own[key])) for key in own} == gaps


def test_a_number_keeps_its_plus_in_front_where_text_runs_from_right_to_left(house: Database) -> None:
    document = page(shoot(house), "ar/contact/index.html")
    (number,) = next(link for link in document.iter("a") if link.get("href", "").startswith("tel:"))
    assert (number.get("dir"), text(number)) == ("ltr", "+91 261 234 5678")
