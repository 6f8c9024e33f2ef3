"""The registers by their screens: added, changed, refused with what was typed, taken away, brought back."""

from __future__ import annotations

from datetime import timedelta

from app.clock import FrozenClock
from app.console.register_forms import REGISTERS, Register
from app.domain.principals import Role
from app.store import documents
from app.store.documents import Kind
from tests.console import Visitor
from tests.console_pages import OWN_FORM
from tests.faces import Api

TYPED: dict[str, dict[str, str]] = {
    "/contact-channels": {
        "slug": "night-line", "kind": "phone", "address": "+44 20 7183 8750", "names.en": "Night line",
        "languages": "en\ngu", "hours": "Mo-Su 18:00-24:00", "timezone": "Europe/London", "capacity.per_hour": "40",
        "exceptions": "2026-12-24..2026-12-26 closed every year | en: Christmas",
    },
    "/needs": {"slug": "billing", "labels.en": "A bill"},
    "/topics": {"slug": "power", "names.en": "Power"},
    "/areas": {"slug": "north", "names.en": "The north", "postcodes": "N1\nNW"},
    "/routing-rules": {
        "slug": "bills", "need": "emergency", "contact_channels": "phone", "position": "3", "when.language": "en\nlo",
    },
    "/help-links": {
        "slug": "library", "kind": "tool", "texts.en": "Sockets at the library", "url": "https://library.example.org/",
        "open_resources.url_pattern": "https://learn.example.org/*", "open_resources.until": "2036-01-01T12:00",
    },
    "/faq": {"slug": "why", "questions.en": "Why?", "answers.en": "A tree fell on a line."},
    "/planned-work": {
        "slug": "pipes", "titles.en": "New pipes", "starts": "2036-01-01T08:00", "ends": "2036-01-01T12:00",
        "state": "planned",
    },
    "/sites": {"slug": "main", "languages": "en\ngu", "slots": "banner", "origins": "https://www.example.org"},
    "/templates": {"slug": "short", "medium": "sms", "source": "Now: " + OWN_FORM, "part": "text"},
}  # fmt: skip


def test_a_document_of_every_register_is_added_changed_and_taken_away(api: Api, admin: Visitor) -> None:
    api.prepare()
    for register in REGISTERS:
        _goes_through(admin, register)


def _goes_through(admin: Visitor, register: Register) -> None:
    path, slug = register.path, TYPED[register.path]["slug"]
    page = admin.send(admin.open(f"/add{path}"), "document", **TYPED[path])
    assert page.said == "Saved. It counts from now on.", page.words
    kept = page.form("document")
    for name, value in TYPED[path].items():
        if name not in ("slug", "slots"):
            assert kept[name] == value or (name, kept[name]) == ("address", "+442071838750"), name
    assert slug in admin.open(path).words
    old = admin.open(f"{path}/{slug}")
    again = admin.send(page, "document")
    assert again.said, again.words
    assert "version 2" in again.words
    assert admin.send(page, "document").words == again.words  # the same form twice is done once
    assert admin.send(old, "document").status == 409
    gone = admin.send(again, "remove", sure="yes")
    assert gone.said == "It is taken away."
    assert f"/console{path}/{slug}" not in admin.open(path).text


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(api: Api, admin: Visitor) -> None:
    api.prepare()
    typed = TYPED["/contact-channels"] | {"address": "nobody", "capacity.per_hour": "many", "hours": "Mo-Fr 8-"}
    page = admin.send(admin.open("/add/contact-channels"), "document", **typed)
    assert page.status == 422
    assert page.wrong("document-address")
    assert page.wrong("document-capacity.per_hour")
    assert page.wrong("document-hours")
    kept = page.form("document")
    assert {name: kept[name] for name in typed} == typed
    assert page.tree.xpath("//*[@autofocus]/@name") == ["address"]
    untitled = admin.send(
        page, "document", address="+442071838750", **{"names.en": "", "hours": "", "capacity.per_hour": ""}
    )
    assert untitled.wrong("document-names")


def test_two_people_see_each_others_change_before_they_overwrite_it(api: Api, admin: Visitor) -> None:
    api.prepare()
    mine, theirs = admin.open("/needs/emergency"), admin.open("/needs/emergency")
    admin.send(theirs, "document", **{"labels.en": "Danger to life"})
    page = admin.send(mine, "document", **{"labels.en": "In danger"})
    assert page.status == 409
    assert "gone: Danger to life" in page.words
    assert page.form("document")["labels.en"] == "In danger"
    assert admin.send(page, "document").said


def test_another_language_is_one_more_field(api: Api, admin: Visitor) -> None:
    api.prepare()
    page = admin.open("/needs/emergency?language=lo")
    assert admin.send(page, "document", **{"labels.lo": "ສຸກເສີນ"}).form("document")["labels.lo"] == "ສຸກເສີນ"


def test_an_earlier_version_is_seen_and_brought_back(api: Api, admin: Visitor) -> None:
    api.prepare()
    for words in ("Danger to life", "Danger to life or limb"):
        admin.send(admin.open("/needs/emergency"), "document", **{"labels.en": words})
    page, old = admin.open("/history/needs/emergency"), admin.open("/history/needs/emergency")
    assert page.tree.xpath("//ins")[0].text_content().split(":")[-1].strip() == "or limb"
    assert len(page.tree.xpath("//article")) == 3
    first = page.tree.xpath("(//article//form/@id)[last()]")[0].removeprefix("form-")
    assert admin.send(page, first).said == "The earlier version counts again."
    with api.db.reading() as connection:
        row = documents.get(connection, Kind.NEED, "emergency")
    assert (row.document["labels"]["en"], row.revision) == ("Emergency", 4)
    assert admin.send(old, first).status == 409  # somebody has saved since that page was opened
    assert admin.open("/history/needs/nothing").status == admin.open("/history/nothing/x").status == 404


def test_how_a_contact_channel_goes_is_said_in_one_act(api: Api, admin: Visitor, clock: FrozenClock) -> None:
    api.prepare()
    until = (clock.now() + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
    page = admin.open("/contact-channels/phone")
    assert "Open" in page.words
    page = admin.send(page, "status", status="down", reason="The exchange is flooded", until=until)
    assert "Does not work" in page.words
    page = admin.send(page, "override", address="+442071838751", until=until)
    assert "+442071838751, until" in page.words
    assert "minutes of waiting" in admin.send(page, "wait", minutes="25").words
    refused = admin.send(page, "override", address="+442071838751", until="2020-01-01T10:00")
    assert refused.wrong("override-until")
    assert refused.form("override")["address"] == "+442071838751"
    assert admin.send(page, "presence", staffed="no").said == "Noted."
    assert admin.send(page, "upkeep", called="yes").said
    assert admin.send(page, "upkeep").status == 422


def test_what_would_happen_names_the_rule_the_channel_and_the_load(api: Api, admin: Visitor) -> None:
    assert "There is no need yet." in admin.open("/route").words
    api.prepare()
    page = admin.open("/route?need=emergency&lang=en&people=10000")
    for words in ("Phone", "By the rule any", "About 800 people would get in touch", "Nobody has written down"):
        assert words in page.words
    assert "Phone" in admin.open("/route?need=nothing&at=2026-13-01&severity=x&people=many").words


def test_viewers_read_and_change_nothing(api: Api, visitor: Visitor) -> None:
    api.prepare()
    visitor.enter("vera", Role.VIEWER)
    page = visitor.open("/contact-channels/phone")
    assert "+442071838750" in page.words
    assert not [form for form in page.tree.forms if "contact-channels" in str(form.action)]
    assert visitor.open("/manage").status == 200


def test_a_template_begins_as_our_own_form(api: Api, admin: Visitor) -> None:
    api.prepare()
    page = admin.open("/add/templates")
    assert "Another language" not in page.words
    assert "{{ headline_stop }}" in str(page.form("document")["source"])
    assert admin.send(page, "document", slug="ours").said
