"""Writing in a real browser: saved while typing, shown as recipients get it, two people at once, on a phone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.principals import HOST, Role
from app.store import updates
from app.store.database import Database
from app.store.migrate import SCHEMA
from app.usecases.ask_translation import ask_translation
from tests.architecture.tree import ROOT
from tests.browser.conftest import Axe
from tests.browser.serving import Served, serving
from tests.faces import WORDS
from tests.live import until

Window = Callable[..., BrowserContext]
LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 700}},
    "dark": {"viewport": {"width": 1400, "height": 800}, "color_scheme": "dark"},
    "right to left": {"viewport": {"width": 700, "height": 800}, "extra_http_headers": {"Accept-Language": "ar-XB"}},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("writing")
    url = f"sqlite:///{folder / 'clarion.db'}"
    database = Database(url)
    with database.writing() as tx:
        SCHEMA.create_all(tx)
    with serving(database, url, folder / "site") as opened:
        api = opened.api
        api.prepare()
        api.done(api.post("approver", "/sites", json={"slug": "main", "languages": ["en", "ar"]}))
        settings = {"site": "main", "read_back_url": "https://status.example.org/site/main/banner.json"}
        api.done(api.post("admin", "/endpoints", json={"slug": "web", "channel": "site", "settings": settings}))
        book = json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8"))
        api.done(api.put("approver", "/playbooks/service-outage", json=book))
        yield opened
    database.close()


def draft(served: Served) -> int:
    later = (served.api.clock.now() + timedelta(hours=3)).isoformat()
    content = {"en": WORDS, "ar": {**WORDS, "headline": "انقطاع الكهرباء", "impact": "لا كهرباء لديكم."}}
    return served.api.draft(expires_at=later, endpoints=["web", "texts", "mail"], content=content)


def words(served: Served, update: int) -> dict[str, Any]:
    with served.api.db.reading() as connection:
        content: dict[str, Any] = updates.get(connection, update).document["content"]
    return content


def write(served: Served, window: Window, name: str, update: int, **options: Any) -> Page:
    opened = window(**options)
    served.enter(opened, name, Role.AUTHOR)
    page = opened.new_page()
    page.goto(f"{served.base}/console/updates/{update}/write")
    expect(page.locator("#previews .phone")).to_be_visible()
    return page


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_of_writing_are_open_to_everyone(served: Served, window: Window, axe: Axe, look: str) -> None:
    update = draft(served)
    page = write(served, window, "author", update, **LOOKS[look])
    page.locator("details.language summary").last.click()
    api = served.api
    asked = ask_translation(
        api.db, api.wiring.keyring, HOST, update, "lo", api.clock.now(), note="A ferry's name stays."
    )
    paths = ("write", "previews", "translations", "sentences", "sentences/service-outage/holding")
    for path in (*(f"/updates/{update}/{one}" for one in paths), "/begin", f"/translate/{asked.token}"):
        if not page.url.endswith(path):
            page.goto(f"{served.base}/console{path}")
        assert axe(page) == [], path
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path


def test_what_is_typed_on_a_phone_is_saved_and_shown_as_recipients_get_it(served: Served, window: Window) -> None:
    update = draft(served)
    page = write(served, window, "author", update, **LOOKS["phone"])
    letter = page.frame_locator("iframe.letter")
    expect(letter.locator("h1, h2").first).to_contain_text("Power is out in the north")
    expect(page.frame_locator("iframe.shop").locator("clarion-banner")).to_contain_text("Power is out in the north")
    page.get_by_label("Headline", exact=False).first.fill("The “north” is dark")
    expect(page.locator("[data-saved]")).to_contain_text("Saved at")
    expect(page.locator("#previews .phone")).to_contain_text("The “north” is dark")
    expect(page.locator("#previews mark").first).to_have_text("“")
    expect(letter.locator("h1, h2").first).to_contain_text("The “north” is dark")
    assert words(served, update)["en"]["headline"] == "The “north” is dark"
    page.get_by_role("link", name="Arabic").click()
    expect(page.locator("#previews .phone")).to_have_attribute("dir", "rtl")


def test_two_who_type_at_once_see_each_other(served: Served, window: Window) -> None:
    update = draft(served)
    mine = write(served, window, "author", update)
    theirs = write(served, window, "Ben", update)
    theirs.locator("[name='content.en.duration']").fill("Until 20:00.")
    until(lambda: words(served, update)["en"]["duration"] == "Until 20:00.")
    mine.locator("[name='content.en.impact']").fill("No light, no lifts.")
    expect(mine.locator("[data-told]")).to_contain_text("Ben writes too")
    expect(mine.locator("[name='content.en.duration']")).to_have_value("Until 20:00.")
    theirs.locator("[name='content.en.impact']").fill("No light.")
    expect(theirs.locator("[data-told]")).to_contain_text("author changed the same words")
    theirs.get_by_role("button", name="Save", exact=True).click()
    expect(theirs.locator("[id='write-content.en.impact-wrong']")).to_contain_text("No light, no lifts.")
    expect(theirs.locator("[name='content.en.impact']")).to_be_focused()
    theirs.get_by_role("button", name="Save", exact=True).click()
    until(lambda: words(served, update)["en"]["impact"] == "No light.")
