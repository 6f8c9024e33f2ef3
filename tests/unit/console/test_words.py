"""Nothing staff read stands outside the catalogues."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment

from app.console.words import MIRRORED, Catalogues
from app.templating.catalogues import read_catalogue
from tests.architecture.tree import ROOT
from tests.console import Visitor
from tests.staff_catalogue import FOLDER, LOCALES, messages, update

READ_ALOUD = {"alt", "title", "placeholder", "aria-label"}
NAMES = {"Clarion", "·", "–"}


class Said(HTMLParser):
    """What a reader of this page would read or hear, commands in <code> left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag == "code"
        self.found += [value or "" for name, value in attrs if name in READ_ALOUD]

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.found += data.split()


def untranslatable(source: str) -> list[str]:
    """Words of a template that no catalogue can change."""
    said, translated = Said(), False
    kept: list[str] = []
    block: list[str] = []
    for _line, kind, text in Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).lexer.tokeniter(source, None):
        if kind == "block_begin":
            block = []
        elif kind == "block_end":
            if block[:1] in (["trans"], ["endtrans"]):
                translated = block[0] == "trans"
            elif "attributes" in block[:2] or block[:1] == ["endmacro"]:
                translated = "attributes" in block[:2]  # what it says stands within a tag
        elif kind == "data" and not translated:
            kept.append(text)
        elif kind == "name":
            block.append(text)
    said.feed("".join(kept))
    return [word for word in said.found if any(letter.isalpha() for letter in word) and word not in NAMES]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.html")), ids=lambda path: path.name)
def test_every_word_of_a_template_can_be_said_in_another_language(path: Path) -> None:
    assert untranslatable(path.read_text("utf-8")) == []


def test_the_check_finds_what_it_is_there_for() -> None:
    assert untranslatable('<p>{{ _("yes") }} no</p>') == ["no"]
    assert untranslatable('<img alt="a dog">') == ["a dog"]
    assert untranslatable("<p>{% trans %}yes{% endtrans %} <code>clarion</code></p>") == []


def test_a_language_is_added_by_one_command_and_one_file(tmp_path: Path) -> None:
    path = update("de", tmp_path)
    known = messages()
    assert {"Sign in", "What is happening", "You are signed out."} <= known
    path.write_text(path.read_text("utf-8").replace('msgid "Sign in"\nmsgstr ""', 'msgid "Sign in"\nmsgstr "Anmelden"'))
    update("de", tmp_path)  # what was translated stays
    assert read_catalogue(path).gettext("Sign in") == "Anmelden"
    catalogues = Catalogues(tmp_path, "Europe/Berlin")
    assert catalogues.choose("", "fr;q=0.9, de-AT;q=0.8, en;q=0.1").say("Sign in") == "Anmelden"
    assert dict(catalogues.offered) == {"en": "English", "de": "Deutsch"}


def test_catalogues_that_are_shipped_have_every_string() -> None:
    for path in sorted(LOCALES.glob("*.po")):
        catalogue = read_catalogue(path)
        assert [message for message in messages() if catalogue.gettext(message) == message] == [], path.name


def test_the_direction_follows_the_language(visitor: Visitor, admin: Visitor) -> None:
    page = admin.open("/", **{"accept-language": MIRRORED})
    assert page.tree.get("dir") == "rtl"
    assert page.heading == "Whát íš háppéñíñg"
    assert visitor.open("/sign-in").tree.get("dir") == "ltr"
    assert (ROOT / "docs" / "console.md").exists()
