"""What pages say to machines, parsed and held against what schema.org and search engines ask for."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from lxml import html

from app.domain.reading import iso
from app.domain.snapshot import Snapshot
from app.publishing.picture import picture
from app.store import documents, website
from app.store.database import Database
from app.store.documents import Kind
from tests.unit.site.world import NOON, PHONE, TEMPLATES, open_crisis, open_house, press, save, say, words

REQUIRED = {
    "Organization": {"url", "name"},
    "ContactPoint": {"name", "contactType", "hoursAvailable"},
    "OpeningHoursSpecification": {"opens", "closes"},
    "FAQPage": {"mainEntity"},
    "Question": {"name", "acceptedAnswer"},
    "Answer": {"text"},
    "SpecialAnnouncement": {"name", "text", "datePosted", "url", "expires"},
}
TYPES = {
    "Organization": REQUIRED["Organization"] | {"contactPoint"},
    "ContactPoint": REQUIRED["ContactPoint"]
    | {"telephone", "email", "url", "availableLanguage", "areaServed", "contactOption"},
    "OpeningHoursSpecification": REQUIRED["OpeningHoursSpecification"] | {"dayOfWeek", "validFrom", "validThrough"},
    "FAQPage": REQUIRED["FAQPage"] | {"inLanguage"},
    "Question": REQUIRED["Question"],
    "Answer": REQUIRED["Answer"] | {"inLanguage"},
    "SpecialAnnouncement": REQUIRED["SpecialAnnouncement"] | {"inLanguage", "webFeed", "publisher"},
}
"""Properties that schema.org knows on these types, as far as we use them."""
HOSTILE = "</script><script>alert(1)</script><!-- & \u2028"


@pytest.fixture
def house(database: Database) -> Database:
    open_house(database)
    return database


def shoot(db: Database, at: datetime = NOON) -> Snapshot:
    with db.reading() as connection:
        return press().snapshot(picture(website.read(connection), at), 1)


def graph(snapshot: Snapshot, path: str) -> list[dict[str, Any]]:
    page = html.document_fromstring(snapshot.files[path].body.decode())
    blocks = [one for one in page.iter("script") if one.get("type") == "application/ld+json"]
    if not blocks:
        return []
    (block,) = blocks
    document = json.loads(block.text_content())
    assert document["@context"] == "https://schema.org"
    for one in everything(document["@graph"]):
        kind = one["@type"]
        assert REQUIRED[kind] <= set(one), kind
        assert {name for name in one if not name.startswith("@")} <= TYPES[kind], kind
    found: list[dict[str, Any]] = document["@graph"]
    return found


def everything(value: object) -> list[dict[str, Any]]:
    """Every typed object, at any depth."""
    if isinstance(value, dict):
        inner = [found for part in value.values() for found in everything(part)]
        return [value, *inner] if "@type" in value else inner
    return [found for part in value for found in everything(part)] if isinstance(value, list) else []


def of(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in everything(found) if one["@type"] == kind]


def test_the_contact_page_lists_contact_points_with_their_hours(house: Database) -> None:
    save(
        house,
        Kind.CONTACT_CHANNEL,
        {
            **PHONE,
            "hours": "Mo-Fr 08:00-12:00,13:00-18:00; Sa 22:00-06:00",
            "areas": ["adajan"],
            "accessibility": {"relay": True},
            "holidays": {"country": "IN"},
            "exceptions": [{"from": "2026-03-12", "to": "2026-03-13", "hours": "10:00-14:00"}],
            "overrides": [{"until": iso(NOON + timedelta(days=3)), "address": "+912699999999"}],
        },
    )
    found = graph(shoot(house), "en/contact/index.html")
    chat, phone = of(found, "ContactPoint")
    assert phone["telephone"] == "+912699999999"
    assert (phone["availableLanguage"], phone["areaServed"]) == (["gu", "en"], ["adajan"])
    assert phone["contactType"] == "emergency"
    assert phone["contactOption"].endswith("HearingImpairedSupported")
    week = [one for one in phone["hoursAvailable"] if "validFrom" not in one]
    assert [(one["opens"], one["closes"], len(one["dayOfWeek"])) for one in week] == [
        ("08:00", "12:00", 5),
        ("13:00", "18:00", 5),
        ("22:00", "06:00", 1),
    ]
    special = {(one["validFrom"], one["validThrough"]): one for one in phone["hoursAvailable"] if "validFrom" in one}
    assert special["2026-03-12", "2026-03-13"]["opens"] == "10:00"
    closed = [one for one in special.values() if one["opens"] == one["closes"] == "00:00"]
    assert closed, "a public holiday is named as closed"
    assert all(date.fromisoformat(first) >= NOON.date() for first, _ in special)
    assert chat["url"] == "https://help.example.org/chat"
    assert [(one["opens"], one["closes"]) for one in chat["hoursAvailable"]] == [("00:00", "23:59")]


def test_a_crisis_page_carries_its_contact_block_in_order_and_only_that(house: Database) -> None:
    save(house, Kind.CONTACT_CHANNEL, {**PHONE, "slug": "unused", "areas": ["far"]})
    save(
        house,
        Kind.ROUTING_RULE,
        {"slug": "technical", "need": "technical", "contact_channels": ["chat"]},
    )
    open_crisis(house)
    say(house, content={"en": words("Power is out")}, need="technical")
    for path in ("en/index.html", "en/crises/outage/index.html"):
        ways = of(graph(shoot(house), path), "ContactPoint")
        assert [one["name"] for one in ways] == ["Live chat", "Phone line"]


def test_questions_are_a_faq_page_in_the_readers_language(house: Database) -> None:
    entry = {"slug": "pay", "questions": {"en": "Pay?", "gu": "પૈસા?"}, "answers": {"en": "No.", "gu": "ના."}}
    save(house, Kind.FAQ, entry)
    (page,) = of(graph(shoot(house), "gu/contact/index.html"), "FAQPage")
    assert page["inLanguage"] == "gu"
    assert page["mainEntity"][0]["acceptedAnswer"] == {"@type": "Answer", "text": "ના.", "inLanguage": "gu"}
    lao = of(graph(shoot(house), "lo/contact/index.html"), "Answer")
    assert [one["inLanguage"] for one in lao] == ["en"]


def test_a_current_crisis_is_a_special_announcement_on_all_three_pages_until_it_expires(house: Database) -> None:
    open_crisis(house)
    say(house, content={"en": words("Power is out")}, lasts=timedelta(hours=2))
    for path in ("en/index.html", "en/contact/index.html", "en/crises/outage/index.html"):
        (told,) = of(graph(shoot(house), path), "SpecialAnnouncement")
        assert (told["name"], told["url"]) == ("Power is out", "https://status.example.org/en/crises/outage")
        assert told["expires"] == iso(NOON + timedelta(hours=2))
        assert of(graph(shoot(house, NOON + timedelta(hours=3)), path), "SpecialAnnouncement") == []


def test_a_drill_says_nothing_to_machines(house: Database) -> None:
    open_crisis(house)
    say(house, drill=True)
    files = shoot(house).files
    assert any(path.startswith("drill/") for path in files)
    assert not [path for path, file in files.items() if path.startswith("drill/") and b"ld+json" in file.body]


def test_no_text_ends_the_data_block(house: Database) -> None:
    open_crisis(house, en=HOSTILE.replace("\u2028", ""))
    say(house, content={"en": words(HOSTILE.replace("\u2028", ""))})
    entry = {"slug": "x", "questions": {"en": "</script><b>"}, "answers": {"en": "<!--</script> & more"}}
    save(house, Kind.FAQ, entry)
    found = graph(shoot(house), "en/contact/index.html")
    assert of(found, "Question")[0]["name"] == "</script><b>"
    body = shoot(house).files["en/contact/index.html"].body.decode()
    inside = body.split('<script type="application/ld+json">', 1)[1].split("</script>", 1)[0]
    assert "<" not in inside
    assert json.loads(inside)


def test_the_contact_page_has_the_questions_and_help_of_current_crises_in_every_language(house: Database) -> None:
    book = json.loads((TEMPLATES / "playbooks" / "service-outage.json").read_text(encoding="utf-8"))
    library = json.loads((TEMPLATES / "help" / "library.json").read_text(encoding="utf-8"))
    with house.writing() as tx:
        documents.save(tx, Kind.PLAYBOOK, "service-outage", book, None)
        for link in library["help_links"]:
            documents.save(tx, Kind.HELP_LINK, link["slug"], link, None)
    open_crisis(house, playbook="service-outage")
    say(house)
    shown = {}
    for language in ("en", "gu", "lo", "eo", "ar"):
        page = html.document_fromstring(shoot(house).files[f"{language}/contact/index.html"].body.decode())
        section = page.find(".//section[@aria-labelledby='crisis-outage']")
        assert section is not None
        asked = [span for one in section.iter("summary") if (span := one.find(".//span")) is not None]
        assert len(asked) >= 2
        shown[language] = str(asked[0].text_content())
        assert asked[0].get("lang") == (language if language != "ar" else "en")
        assert all(one.get("lang") and one.get("dir") for one in section.iter("p") if one.get("class") == "words")
        ids = [one.get("id") for one in page.iter() if isinstance(one.tag, str) and one.get("id")]
        assert len(ids) == len(set(ids))
        links = {one.get("href") for one in section.iter("a")}
        assert any("/help/first-steps" in str(link) for link in links)
        crisis = html.document_fromstring(shoot(house).files[f"{language}/crises/outage/index.html"].body.decode())
        assert crisis.get_element_by_id("faq-service-outage-1") is not None
        assert len(of(graph(shoot(house), f"{language}/crises/outage/index.html"), "Question")) >= 2
    assert shown["gu"] == book["faq"][0]["questions"]["gu"]


def test_help_that_an_update_switches_off_or_that_is_dead_or_over_is_not_shown(house: Database) -> None:
    over = {"url_pattern": "https://x.example.org/*", "until": iso(NOON + timedelta(hours=1))}
    link = {"slug": "course", "texts": {"en": "Course"}, "url": "https://x.example.org/", "topics": ["power"]}
    save(house, Kind.HELP_LINK, {**link, "open_resources": over})
    open_crisis(house)
    say(house, help={"topics": ["power"]}, lasts=timedelta(hours=9))

    def crisis(at: datetime) -> str:
        return shoot(house, at).files["en/crises/outage/index.html"].body.decode()

    assert "https://x.example.org/" in crisis(NOON)
    assert "https://x.example.org/" not in crisis(NOON + timedelta(hours=2))
    say(house, help={"topics": ["power"], "show": False}, at=NOON + timedelta(minutes=1))
    assert "https://x.example.org/" not in crisis(NOON + timedelta(minutes=2))


def test_a_channel_says_who_can_use_it_and_when_the_first_answer_comes(house: Database) -> None:
    access = {"relay": True, "sign_language": True, "notes": {"en": "Ring twice."}}
    save(house, Kind.CONTACT_CHANNEL, {**PHONE, "accessibility": access, "first_response_minutes": 15})
    snapshot = shoot(house)
    wanted = {
        "en": ("relay service", "First answer within 15 minutes."),
        "gu": ("રિલે", "પહેલો જવાબ"),
        "lo": ("ບໍລິການຖ່າຍທອດ", "ຄຳຕອບທຳອິດ"),
        "eo": ("relajsa", "Unua respondo"),
        "ar": ("الترحيل", "أول رد"),
    }
    for language, parts in wanted.items():
        page = html.document_fromstring(snapshot.files[f"{language}/contact/index.html"].body.decode())
        text = " ".join(str(page.text_content()).split())
        assert all(part in text for part in parts), language
        notes = [one for one in page.iter("p") if one.text_content() == "Ring twice."]
        assert [(one.get("lang"), one.get("dir")) for one in notes] == [("en", "ltr")]
