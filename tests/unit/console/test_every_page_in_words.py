"""Every page of the console in a language whose every word is accented: what is not came from no catalogue.

What people typed has no letter an accent could be on, or has it already (tests/accented.py): so whatever is plain was
written by us, or stands in an element that says so (`lang`, `translate="no"`, `<code>`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest
from lxml import html

from app.console.refusals import Sayings
from app.console.words import MIRRORED, Catalogues, accented
from app.domain.principals import Role
from tests.accented import furnish_accented
from tests.architecture.tree import ROOT
from tests.console import Visitor
from tests.console_pages import every_page
from tests.faces import Api
from tests.refusal_catalogue import refusals
from tests.unsaid import unsaid

READ_ALOUD: Final = ("alt", "title", "placeholder", "aria-label", "data-lost", "label")
UNREAD: Final = {"script", "style", "code", "textarea"}
NAMES: Final = {"Clarion", "UTC", "UCS"}
DATA: Final = re.compile(r"“[^”]*”|\{\w+\}|https?://\S+")
"""What stands in quotation marks, gaps to be filled in, addresses."""
LEADS_ON: Final = ["/playbooks/{slug}/words"]
"""Answers with another page."""


FOR_CUSTOMERS: Final = {"/updates/{update_id:int}/previews/{endpoint}/{language}"}
"""Letters as they read them, in their language."""


def spoken(element: html.HtmlElement) -> Iterator[str]:
    """What a reader reads or hears, but for what says itself that no catalogue has it."""
    said_otherwise = element.get("translate") == "no" or (element.get("lang") and element.tag != "html")
    if not isinstance(element.tag, str) or element.tag in UNREAD or said_otherwise:
        return
    yield from (element.get(name) or "" for name in READ_ALOUD)
    yield element.text or ""
    for each in element:
        yield from spoken(each)
        yield each.tail or ""


def english(tree: html.HtmlElement) -> list[str]:
    pieces = (" ".join(piece.split()) for piece in spoken(tree))
    return [piece for piece in pieces if set(unsaid(DATA.sub("", piece))) - NAMES]


def test_no_page_says_a_word_that_no_catalogue_has(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish_accented(api)
    known = Sayings({one: accented(one) for one in refusals()})
    words = replace(Catalogues(ROOT, "UTC").choose(MIRRORED, ""), sayings=known)
    monkeypatch.setattr(Catalogues, "choose", lambda *_: words)
    visitor = Visitor(api)
    visitor.enter("Dr. Grmpf", Role.ADMIN)
    found = every_page(visitor)
    assert found.missing == LEADS_ON
    looked_at = {name: paths for name, paths in (found.pages | found.parts).items() if name not in FOR_CUSTOMERS}
    paths = [path for paths in looked_at.values() for path in paths]
    assert {path: plain for path in paths if (plain := english(visitor.open(path).tree))} == {}


def test_the_check_finds_what_it_is_there_for() -> None:
    page = html.fromstring(
        '<div><p>Ýóú open <code>it</code></p><p lang="en">yes</p><b translate="no">maybe</b> or</div>'
    )
    assert english(page) == ["Ýóú open", "or"]
    assert english(html.fromstring('<a title="come here" href="no">“so”</a>')) == ["come here"]
