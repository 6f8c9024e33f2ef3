"""Every page of the console in a language whose every word is accented: what is not came from no catalogue.

What people typed has no letter an accent could be on, or has it already (tests/accented.py): so whatever is plain was
written by us, or stands in an element that says so (`lang`, `translate="no"`, `<code>`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import pytest
from lxml import html

from app.console.application import SCREENS
from app.console.forgery import form_token
from app.console.words import MIRRORED, Catalogues
from app.domain.principals import Role
from tests.accented import furnish_accented
from tests.architecture.tree import ROOT
from tests.console import Visitor
from tests.console_pages import every_page
from tests.faces import Api
from tests.unsaid import SAYINGS, english

LEADS_ON: Final = ["/playbooks/{slug}/words"]
"""Answers with another page."""


FOR_CUSTOMERS: Final = {"/updates/{update_id:int}/previews/{endpoint}/{language}"}
"""Letters as they read them, in their language."""


TYPED: Final = {
    "slug": "Kw Tr", "names.en": "\u202e", "kind": "xyz", "role": "xyz", "until": "xyz", "at": "xyz", "every": "xyz",
    "hours": "xyz", "facts": "{", "file": "{", "policy": "xyz", "medium": "xyz", "address": "xyz", "pages": "xyz",
}  # fmt: skip
"""Rubbish without a letter an accent could be on."""


@pytest.fixture
def everywhere(api: Api, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    furnish_accented(api)
    words = replace(Catalogues(ROOT, "UTC").choose(MIRRORED, ""), sayings=SAYINGS)
    monkeypatch.setattr(Catalogues, "choose", lambda *_: words)
    visitor = Visitor(api)
    visitor.enter("Dr. Grmpf", Role.ADMIN)
    return visitor


def test_no_page_says_a_word_that_no_catalogue_has(everywhere: Visitor) -> None:
    visitor = everywhere
    found = every_page(visitor)
    assert found.missing == LEADS_ON
    looked_at = {name: paths for name, paths in (found.pages | found.parts).items() if name not in FOR_CUSTOMERS}
    paths = [path for paths in looked_at.values() for path in paths]
    assert {path: plain for path in paths if (plain := english(visitor.open(path).tree))} == {}


def test_no_form_that_is_refused_says_a_word_that_no_catalogue_has(everywhere: Visitor) -> None:
    """Each is sent with rubbish, and the page that comes back is read."""
    found, looked_at = dict[str, list[str]](), 0
    keyring = everywhere.api.wiring.keyring
    for screen in (one for one in SCREENS if one.method == "POST"):
        everywhere.enter("Dr. Grmpf", Role.ADMIN)  # some of these acts sign somebody out
        token = form_token(keyring, everywhere.client.cookies["__Host-clarion-session"])
        path = re.sub(r"\{\w+\}", "kw", re.sub(r"\{\w+:int\}", "1", screen.path))
        page = everywhere.post(f"/console{path}", {**TYPED, "_csrf": token, "_once": path})
        if page.status >= 400:
            looked_at += 1
            found |= {path: plain} if (plain := english(page.tree)) else {}
    assert looked_at > 60
    assert found == {}


def test_the_check_finds_what_it_is_there_for() -> None:
    page = html.fromstring(
        '<div><p>Ýóú open <code>it</code></p><p lang="en">yes</p><b translate="no">maybe</b> or</div>'
    )
    assert english(page) == ["Ýóú open", "or"]
    assert english(html.fromstring('<a title="come here" href="no">“so”</a>')) == ["come here"]
