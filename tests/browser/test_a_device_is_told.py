"""The button "Tell me on this device", the worker it leaves, and what a person sees of it; in a real browser.

Headless Chromium has no push service: what one would do is stood in for in the page (a subscription) and by the
debugger (a message that arrives). Everything between is real.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect
from sqlalchemy import func, select

from app.store import addresses
from app.store.database import Database
from app.store.people_tables import sign_up
from tests.browser.conftest import Axe
from tests.browser.serving import Served, serving
from tests.browser.test_people_subscribe_themselves import LANGUAGES, PHONE, SIDEWAYS, confirmations_leave
from tests.live import until, written
from tests.rig.push import Device

ANN, NEXT = Device("ann"), Device("next")
RENEWED = NEXT.subscription
A_PUSH_SERVICE = """
  const made = { toJSON: () => (%s), unsubscribe: async () => { localStorage.clear(); return true; } };
  PushManager.prototype.getSubscription = async () => localStorage.subscribed ? made : null;
  PushManager.prototype.subscribe = async (options) => {
    localStorage.subscribed = [options.userVisibleOnly, options.applicationServerKey.length].join();
    return made;
  };
"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/s/");
  return (await registration.getNotifications()).map(({ title, body, tag, lang, dir, data }) =>
    ({ title, body, tag, lang, dir, url: data.url }));
}"""


@pytest.fixture
def served(database: Database, database_url: str, tmp_path: Path) -> Iterator[Served]:
    with serving(database, database_url, tmp_path / "site") as served:
        api = served.api
        api.prepare()
        paper = {"slug": "paper", "channel": "outbox.push", "settings": {"directory": str(tmp_path / "paper")}}
        way = {"slug": "devices", "channel": "push_web", "settings": {"contact": "mailto:it@example.org"}}
        for endpoint in (paper, way):
            api.done(api.post("admin", "/endpoints", json=endpoint))
        api.done(api.post("approver", "/topics", json={"slug": "power", "names": {"en": "Power"}}))
        api.wiring.publisher.publish(api.clock.now())
        yield served


class Wire:
    """Messages that arrive at the worker of a page."""

    def __init__(self, session: CDPSession, origin: str) -> None:
        self._session, self._origin, self._known = session, origin, ""
        session.on("ServiceWorker.workerRegistrationUpdated", self._hear)
        session.send("ServiceWorker.enable")

    def _hear(self, event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            if one["scopeURL"].startswith(self._origin) and not one["isDeleted"]:
                self._known = one["registrationId"]

    def bring(self, page: Page, message: object) -> None:
        until(lambda: bool(page.evaluate("1")) and self._known != "")
        document = {"origin": self._origin, "registrationId": self._known, "data": json.dumps(message)}
        self._session.send("ServiceWorker.deliverPushMessage", document)


def test_one_tap_and_the_devices_own_answer(
    served: Served, window: Callable[..., BrowserContext], axe: Axe, tmp_path: Path
) -> None:
    phone = window(viewport=PHONE, permissions=["notifications"])
    phone.add_init_script(A_PUSH_SERVICE % json.dumps(ANN.subscription))
    page = phone.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    for language in LANGUAGES:
        page.goto(f"{served.base}/s/{language}")
        expect(page.locator("#device")).to_be_visible()
        assert axe(page) == []
        assert not page.evaluate(SIDEWAYS)
    page.goto(f"{served.base}/s/en")
    wire = Wire(phone.new_cdp_session(page), f"{served.base}")
    page.get_by_label("Power").check()
    page.get_by_role("button", name="Tell me on this device").click()
    said = page.locator("#device").get_by_role("status")
    expect(said).to_contain_text("A first message is on its way")
    assert page.evaluate("localStorage.subscribed") == "true,65"
    confirmations_leave(served)
    (first,) = written(tmp_path / "paper")
    assert first["to"] == ANN.address
    arrived = {"title": first["subject"], "body": first["text"], "url": first["link"], "lang": "en", "dir": "ltr"}
    wire.bring(page, arrived)
    expect(said).to_contain_text("You hear from us on this device")
    (shown,) = page.evaluate(SHOWN)
    assert shown["body"] == "You hear from us on this device when something happens."
    assert shown["url"].startswith("/m/")

    news = {"title": "انقطع التيار", "body": "حتى ١٤:٣٠.", "url": f"{served.base}/ar/", "tag": "storm"}
    news |= {"lang": "ar", "dir": "rtl"}
    for title in ("older", "انقطع التيار"):
        wire.bring(page, {**news, "title": title})
    expect_shown(page, news)

    (worker,) = phone.service_workers
    worker.evaluate("made => { PushManager.prototype.subscribe = async () => ({ toJSON: () => made }); }", RENEWED)
    worker.evaluate("() => { dispatchEvent(new ExtendableEvent('pushsubscriptionchange')); }")
    until(lambda: asked(served) == 2)
    confirmations_leave(served)
    assert written(tmp_path / "paper")[-1]["to"] == NEXT.address, "a subscription the browser renewed is brought to us"

    page.get_by_role("link", name="Change what you get").click()
    expect(page.locator("h1")).to_have_text("Your messages")
    expect(page.get_by_role("checkbox", name="On your device")).to_be_checked()
    expect(page.locator("#device")).to_be_visible()
    assert axe(page) == []
    assert not page.evaluate(SIDEWAYS)
    page.get_by_role("button", name="Stop telling me on this device").click()
    expect(page.locator("#device").get_by_role("status")).to_have_text("We no longer write to this device.")
    expect(page.get_by_role("button", name="Tell me on this device")).to_be_visible()
    until(lambda: stopped(served) == [ANN.address])
    assert faults == []


def asked(served: Served) -> int:
    with served.api.db.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(sign_up)) or 0)


def stopped(served: Served) -> list[str | None]:
    with served.api.db.reading() as connection:
        return [one.value for one in addresses.suppression_page(connection).items]


def expect_shown(page: Page, news: dict[str, str]) -> None:
    """Newer words took the place of older ones."""
    until(lambda: news in page.evaluate(SHOWN))
    assert len([one for one in page.evaluate(SHOWN) if one["tag"] == "storm"]) == 1


def test_who_says_no_or_has_no_such_browser_still_finds_the_form(
    served: Served, window: Callable[..., BrowserContext]
) -> None:
    refusing = window(viewport=PHONE)
    refusing.add_init_script("Notification.requestPermission = async () => 'denied';")
    page = refusing.new_page()
    page.goto(f"{served.base}/s/en")
    page.get_by_role("button", name="Tell me on this device").click()
    expect(page.locator("#device").get_by_role("status")).to_contain_text("Allow notifications for this website")
    old = window(viewport=PHONE)
    old.add_init_script("delete window.PushManager;")
    plain = window(viewport=PHONE, java_script_enabled=False)
    for one in (old, plain):
        page = one.new_page()
        page.goto(f"{served.base}/s/en")
        expect(page.locator("#address")).to_be_visible()
        expect(page.locator("#device")).to_be_hidden()
