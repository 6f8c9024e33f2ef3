"""From the form to the last message, on a small phone and without any script; open to everybody in every language."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.store.database import Database
from tests.browser.conftest import Axe
from tests.browser.serving import Served, serving
from tests.live import written

PHONE = {"width": 360, "height": 740}
LANGUAGES = ("en", "gu", "lo", "eo", "ar")
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def served(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("CLARION_SIGN_UP_COUNTRIES", "GB")
    with serving(database, database_url, tmp_path / "site") as served:
        api = served.api
        api.prepare()
        for slug, medium in (("texts", "sms"), ("mail", "email")):
            way = {"slug": slug, "channel": f"outbox.{medium}", "settings": {"directory": str(tmp_path)},
                   "rate_per_second": 100}  # fmt: skip
            api.done(api.put("admin", f"/endpoints/{slug}", json=way))
        names = {"en": "Power", "gu": "વીજળી", "lo": "ໄຟຟ້າ", "eo": "Elektro", "ar": "الكهرباء"}
        api.done(api.post("approver", "/topics", json={"slug": "power", "names": names}))
        api.wiring.publisher.publish(api.clock.now())
        yield served


def fits(page: Page, axe: Axe, language: str) -> None:
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    assert axe(page) == []
    assert not page.evaluate(SIDEWAYS), f"it must be pushed sideways to be read ({page.url})"


def link_in(folder: Path) -> str:
    return str(re.findall(r"(/s/c/[\w-]+)", written(folder)[-1]["text"])[0])


def test_from_the_form_to_the_last_message(
    served: Served, window: Callable[..., BrowserContext], axe: Axe, tmp_path: Path
) -> None:
    phone = window(viewport=PHONE).new_page()
    for language in LANGUAGES:
        phone.goto(f"{served.base}/s/{language}")
        fits(phone, axe, language)

    plain = window(viewport=PHONE, java_script_enabled=False).new_page()
    plain.goto(f"{served.base}/s/ar")
    plain.locator("#address").fill("nobody")
    plain.locator("main form button").click()
    expect(plain.get_by_role("alert")).to_be_visible()
    phone.goto(f"{served.base}/s/ar")
    phone.locator("#address").fill("nobody")
    phone.locator("main form button").click()
    fits(phone, axe, "ar")
    plain.locator("#address").fill("+44 7400 123456")
    plain.get_by_role("checkbox").check()
    plain.locator("main form button").click()
    expect(plain.locator("h1")).to_have_text("انتظر رسالتنا")

    confirmations_leave(served)
    link = served.base + link_in(tmp_path)
    phone.goto(link)
    fits(phone, axe, "ar")
    plain.goto(link)
    plain.locator("main form button").click()
    expect(plain.locator("h1")).to_have_text("ستصلك رسائلنا")
    plain.locator("main a[href^='/m/']").click()
    phone.goto(plain.url)
    fits(phone, axe, "ar")
    plain.locator("#language").select_option("en")
    plain.locator("button[value=save]").click()
    expect(plain.get_by_role("status")).to_have_text("Saved.")
    phone.goto(plain.url)
    fits(phone, axe, "en")
    plain.locator("button[value=leave]").click()
    expect(plain.locator("h1")).to_have_text("The messages have stopped")


def confirmations_leave(served: Served) -> None:
    """The engine's part; beside the loop the browser's driver has in this thread."""
    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(served.api.wiring.attendant.confirm())).result(60)


@contextmanager
def a_shop(clarion: str) -> Iterator[str]:
    """A customer's website under a strict policy, with our form on it; its origin."""
    policy = f"default-src 'none'; script-src {clarion}; connect-src {clarion}; require-trusted-types-for 'script'"

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            language = self.path[1:3]
            shown = f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"'
            head = '<meta name="viewport" content="width=device-width"><title>Shop</title>'
            tag = f'<script async src="{clarion}/site/subscribe.js"></script>'
            link = f'<clarion-subscribe><a href="{clarion}/s/{language}">Messages</a></clarion-subscribe>'
            body = f"<!doctype html><html {shown}>{head}{tag}<main><h1>Shop</h1>{link}</main></html>".encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.send_header("content-security-policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Nothing: the test speaks for itself."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


@pytest.fixture
def shop(served: Served) -> Iterator[str]:
    """Registered with us."""
    with a_shop(served.base) as origin:
        site = {"slug": "main", "origins": [origin], "languages": ["en"]}
        served.api.done(served.api.post("approver", "/sites", json=site))
        yield origin


def test_the_form_on_a_customers_own_page(
    served: Served, shop: str, window: Callable[..., BrowserContext], axe: Axe, tmp_path: Path
) -> None:
    """Another origin under a strict policy: in place, in five languages, and without scripts a plain link."""
    opened = window(viewport=PHONE)
    page = opened.new_page()
    for language in LANGUAGES:
        page.goto(f"{shop}/{language}")
        expect(page.locator("clarion-subscribe form")).to_be_visible()
        assert axe(page) == []
        assert not page.evaluate(SIDEWAYS)
        assert page.locator("clarion-subscribe section").get_attribute("lang") == language
    page.goto(f"{shop}/en")
    page.get_by_label("Your mobile number or e-mail address").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This is not a number or an e-mail address")
    field = page.get_by_label("Your mobile number or e-mail address")
    expect(field).to_be_focused()
    assert field.get_attribute("aria-invalid") == "true"
    assert axe(page) == []
    field.fill("new@example.org")
    page.get_by_label("Power").check()
    page.get_by_role("button", name="Send me a link to confirm").click()
    said = page.locator("clarion-subscribe").get_by_role("status")
    expect(said).to_contain_text("a message with a link is on its way")
    expect(said).to_be_focused()
    assert page.url == f"{shop}/en", "nobody is led away"
    assert axe(page) == []
    confirmations_leave(served)
    assert link_in(tmp_path)

    there = window(java_script_enabled=False).new_page()
    there.goto(f"{shop}/gu")
    there.get_by_role("link", name="Messages").click()
    expect(there.locator("#address")).to_be_visible()
