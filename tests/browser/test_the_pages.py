"""The pages in a real browser: open to everyone in every language, on a phone, by day and by night."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from app.clock import SystemClock
from app.domain.crisis import Severity, UpdateState
from app.domain.message import Medium, Message
from app.domain.reading import iso
from app.domain.snapshot import HTML
from app.publishing.directory import DirectoryTarget
from app.publishing.picture import picture
from app.store import website
from app.store.database import Database
from app.store.documents import Kind
from app.store.migrate import upgrade
from app.usecases.keep_said import keep_said
from tests.browser.conftest import Axe
from tests.unit.site.world import LANGUAGES, become, open_crisis, open_house, press, resolve, save, say, words

PHONE = {"width": 360, "height": 740}
BY_NIGHT = ("en", "ar")
HUGE = "Donaudampfschifffahrtsgesellschaftskapitän" * 3
HOSTILE = f"<img src=x onerror=alert(1)><script>alert(2)</script> {HUGE}"
KINDS = (
    "", "contact/", "history/", "messages/", "crises/outage/", "crises/over/", "crises/hostile/", "404.html"
)  # fmt: skip
NOW = SystemClock().now().replace(microsecond=0)


def whole(headline: str) -> dict[str, Any]:
    return words(
        headline,
        acknowledgement="We know how hard an evening without light is.",
        duration="Until about six.",
        explanation="A mast fell.\nWe do not know why.",
        complications=["More rain is coming."],
        options=[{"text": "Charge your phone.", "url": "https://town.example.org/?a=1&b=2"}],
        perspective="By tomorrow all will be well.",
        reassurance="Forty people are at work.",
        links=[{"text": "Self-care", "url": "https://care.example.org/"}],
    )


def tell(db: Database) -> None:
    """A crisis in five languages, one that is over, one full of hostile words, planned work and a drill."""
    open_house(db, NOW)
    open_crisis(db, severity=Severity.EMERGENCY, en="Power cut", gu="વીજળી બંધ", lo="ໄຟຟ້າດັບ", ar="انقطاع الكهرباء")
    headlines = {
        "en": "Power is out",
        "gu": "વીજળી નથી",
        "lo": "ໄຟຟ້າດັບ",
        "eo": "Mankas elektro",
        "ar": "انقطعت الكهرباء",
    }
    warned = say(db, at=NOW - timedelta(hours=3), stage="warning", content={"en": words("A storm is coming")})
    become(db, warned, UpdateState.SUPERSEDED, NOW - timedelta(hours=1))
    content = {language: whole(headline) for language, headline in headlines.items()}
    promise = iso(NOW + timedelta(hours=1))
    update = say(db, at=NOW - timedelta(minutes=9), lasts=timedelta(hours=6), content=content, next_update_by=promise)
    for language, headline in headlines.items():
        for medium in (Medium.SMS, Medium.EMAIL):
            message = Message(medium, language, f"{headline}. -name-, +912612345678", subject=headline)
            keep_said(db, update, 1, message, "", NOW)
    open_crisis(db, "over", severity=Severity.MINOR, en="Slow meters")
    say(db, crisis="over", at=NOW - timedelta(days=40), content={"en": whole("Meters are slow")})
    resolve(db, "over", NOW - timedelta(days=39))
    open_crisis(db, "hostile", severity=Severity.INFO, en=HOSTILE)
    say(db, crisis="hostile", at=NOW - timedelta(minutes=5), content={"en": whole(HUGE), "ar": whole(HOSTILE)})
    work = {"slug": "mast", "titles": {"en": HOSTILE}, "texts": {"en": HOSTILE}, "areas": [HUGE[:60]]}
    save(db, Kind.PLANNED_WORK, {**work, "starts": iso(NOW), "ends": promise}, NOW)
    say(db, at=NOW, drill=True, content=content)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The published folder, served by a plain web server: no header of ours, no application."""
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'clarion.db'}"
    upgrade(url)
    db = Database(url)
    try:
        tell(db)
        with db.reading() as connection:
            snapshot = press(sample=True).snapshot(picture(website.read(connection), NOW), 1)
    finally:
        db.close()
    DirectoryTarget(folder / "site").write(snapshot)
    assert {kind for kind in KINDS if f"ar/{kind}index.html" in snapshot.files} == set(KINDS) - {"404.html"}
    assert any(file.content_type == HTML and path.startswith("drill/") for path, file in snapshot.files.items())
    with serving(folder / "site") as address:
        yield address


class serving:  # noqa: N801 - used as a function
    def __init__(self, folder: Path) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        pass


@pytest.fixture
def phone(window: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A small window; a script that runs, or a refused resource, fails the test."""
    page = window(viewport=PHONE).new_page()
    complaints: list[str] = []

    def refuse(dialog: Dialog) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield page
    assert [line for line in complaints if "favicon" not in line and "404" not in line] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_open_to_everyone_and_fits_a_phone(site: str, phone: Page, axe: Axe, language: str) -> None:
    pages = [f"/{language}/{kind}" for kind in KINDS]
    for address in (*pages, f"/drill/{language}/", f"/sample/{language}/"):
        phone.emulate_media(color_scheme="light")
        phone.goto(site + address)
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], f"{address} scrolls sideways"
        assert axe(phone) == [], address
        if language in BY_NIGHT:
            phone.emulate_media(color_scheme="dark")
            assert axe(phone) == [], f"{address} by night"


def test_the_first_key_leads_past_the_menus(site: str, phone: Page) -> None:
    phone.goto(f"{site}/en/")
    phone.keyboard.press("Tab")
    expect(phone.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    phone.keyboard.press("Enter")
    assert phone.evaluate("document.activeElement.id") == "main"


def test_targets_are_large_enough_for_a_thumb(site: str, phone: Page) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24 pixels; links within a sentence are excepted."""
    for address in ("/en/", "/en/messages/", "/lo/contact/", "/ar/history/"):
        phone.goto(site + address)
        small = phone.evaluate(
            """() => [...document.querySelectorAll("header a, nav a, ul.row a, .months a, .more, summary")]
                .filter((one) => one.offsetHeight && (one.offsetHeight < 24 || one.offsetWidth < 24))
                .map((one) => one.textContent)"""
        )
        assert small == [], address


def test_a_printed_page_has_the_words_and_its_address_and_no_menus(site: str, phone: Page) -> None:
    phone.goto(f"{site}/en/crises/outage/")
    phone.emulate_media(media="print")
    expect(phone.get_by_text("https://status.example.org/en/crises/outage", exact=True)).to_be_visible()
    expect(phone.get_by_text("Forty people are at work.").first).to_be_visible()
    expect(phone.locator("header nav").first).to_be_hidden()


def test_a_newcomer_sees_banner_pop_up_and_landing_content_on_the_sample_site(site: str, phone: Page) -> None:
    phone.goto(f"{site}/sample/en/")
    for placement in ("banner", "popup", "landing"):
        expect(phone.locator(f".card.{placement}, .{placement}").first).to_be_visible()
    expect(phone.get_by_role("heading", name="Power you can plan with")).to_be_hidden()
