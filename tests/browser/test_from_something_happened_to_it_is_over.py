"""The whole story in real browsers on a real process: an author with a phone, an approver at a desk, a customer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app.domain.principals import HOST, Role
from app.keyring import Keyring
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.import_subscribers import import_subscribers
from app.usecases.save_audience import save_audience
from app.usecases.save_document import save_document
from app.usecases.save_endpoint import save_endpoint
from app.wiring import channel_facts
from tests.architecture.tree import ROOT
from tests.faces import SUBSCRIBERS
from tests.patience import PATIENCE
from tests.serving import KEY, Serving, serving, told
from tests.staff_accounts import PASSWORD, Person, enrol

Window = Callable[..., BrowserContext]
LONG = 1_000 * max(60, PATIENCE)
"""Milliseconds for whatever leaves the process or comes to a page by itself."""
ANSWERS = {
    "affected": "1200", "money": "nothing", "hurts": "unreachable", "dangerous": "b-broken", "broken": "connection",
    "first": "Bring the network back",
}  # fmt: skip
DOWN, RIGHT = "Service is down in Riverside", "Service is down in Riverbank"
OVER = "Service in Riverbank is working again"


@dataclass
class House:
    service: Serving
    author: Person
    approver: Person


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The shipped registry and playbook, two ways out that keep what they are given, three subscribers, two people."""
    url = f"sqlite:///{tmp_path}/clarion.db"
    environment = told(url, tmp_path / "site", CLARION_SAMPLE_SITE="1")
    with serving(environment, tmp_path / "log") as service, closing(Database(url)) as db:
        keyring, now = Keyring(KEY), datetime.now(UTC)
        registry = json.loads((ROOT / "templates" / "registry" / "sample.json").read_text("utf-8"))
        for kind, name in (
            (Kind.CONTACT_CHANNEL, "contact_channels"), (Kind.NEED, "needs"), (Kind.ROUTING_RULE, "routing_rules"),
        ):  # fmt: skip
            for document in registry[name]:
                save_document(db, HOST, kind, document["slug"], document, 0, now)
        playbook = json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8"))
        at_once = {**playbook, "undo_seconds": 0, "canary": 0, "quiet_hours": False}  # also at night
        save_document(db, HOST, Kind.PLAYBOOK, "service-outage", at_once, 0, now)
        save_document(db, HOST, Kind.SITE, "main", {"slug": "main", "languages": ["en", "lo"]}, 0, now)
        for slug, channel in (("website", "outbox.site"), ("texts", "outbox.sms"), ("mail", "outbox.email")):
            save_endpoint(db, keyring, channel_facts, HOST, slug, {"channel": channel}, 0, now)
        import_subscribers(db, keyring, HOST, BytesIO(SUBSCRIBERS.encode()), now)
        save_audience(db, HOST, "everyone", {"rule": {"all": True}}, 0, now)
        author = enrol(db, keyring, "Mira", Role.AUTHOR, now)
        yield House(service, author, enrol(db, keyring, "Ben", Role.APPROVER, now))


def test_two_people_bring_a_crisis_from_something_happened_to_it_is_over(house: House, window: Window) -> None:
    author = sign_in(house, house.author, window(viewport={"width": 360, "height": 700}, has_touch=True))
    approver = sign_in(house, house.approver, window(viewport={"width": 1280, "height": 800}))
    customer = window(viewport={"width": 1000, "height": 700}).new_page()
    customer.goto(f"{house.service.base}/sample/en/")

    clicks = declare(author)
    assert clicks <= 5
    expect(author.locator(".said")).to_contain_text("It waits for the second person")
    first = author.url.partition("?")[0]
    expect(author.locator("#progress .badge")).to_have_text("Waits for approval", timeout=LONG)

    approve(house, approver, DOWN, "5", wrong="4")
    expect(author.locator("#progress .badge")).to_have_text("Sent", timeout=LONG)
    expect(words(customer, DOWN)).to_be_visible(timeout=LONG)

    author.goto(first)
    author.get_by_role("button", name="Draft the correction").click()
    headlines(author, lambda language, before: RIGHT if language == "en" else f"{before} (2)")
    author.get_by_role("button", name="Save and go on").click()
    author.get_by_role("button", name="Send it for approval").click()
    approve(house, approver, RIGHT, "5")
    expect(words(customer, RIGHT)).to_be_visible(timeout=LONG)

    author.goto(first)
    author.locator("main > p a").first.click()
    author.get_by_role("button", name="Draft the all-clear").click()
    headlines(author, lambda _, before: before.replace("{place}", "Riverbank"))  # what only a person knows
    author.get_by_role("button", name="Save and go on").click()
    author.get_by_role("button", name="Send it for approval").click()
    approve(house, approver, OVER, "5")
    expect(author.locator("#progress .badge")).to_have_text("Sent", timeout=LONG)
    author.locator("main > p a").first.click()
    author.get_by_text("Close the crisis").click()
    author.get_by_role("button", name="It is over").click()
    expect(author.locator("main > .line .badge", has_text="Resolved")).to_be_visible()
    expect(words(customer, RIGHT)).to_be_hidden(timeout=LONG)
    author.goto(f"{house.service.base}/console/")
    expect(author.get_by_text("Nothing is open. It is quiet.")).to_be_visible()


def sign_in(house: House, person: Person, opened: BrowserContext) -> Page:
    page = opened.new_page()
    page.goto(f"{house.service.base}/console/")
    page.get_by_label("Name or e-mail address").fill(person.name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your code")
    page.locator("#code-code").fill(person.code(datetime.now(UTC)))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is happening")
    return page


def declare(page: Page) -> int:
    """How many clicks it took beside the answers."""
    page.get_by_role("button", name="Something happened").click()
    page.get_by_role("link", name="Network or coverage outage").click()
    for name, answer in ANSWERS.items():
        choice = page.locator(f"input[name='answer-{name}'][value='{answer}']")
        if choice.count():
            choice.check()
        else:
            page.locator(f"[name='answer-{name}']").fill(answer)
    page.get_by_label("Place").fill("Riverside")
    started = datetime.now(UTC) - timedelta(minutes=20)
    page.get_by_label("Started").fill(started.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Make it and send it for approval").click()
    return 3


def approve(house: House, page: Page, headline: str, count: str, *, wrong: str = "") -> None:
    """From the first page: they read it, type the number, and it is on its way."""
    listed = page.get_by_role("region", name="Waits for approval").get_by_role("link", name=headline)
    expect(look_again(page, f"{house.service.base}/console/", listed)).to_be_visible()
    listed.click()
    typed = page.get_by_label("Type the number of recipients")
    expect(look_again(page, page.url, typed)).to_be_visible()
    for number in filter(None, (wrong, count)):
        typed.fill(number)
        if page.get_by_label("Code", exact=True).count():
            page.get_by_label("Code", exact=True).fill(house.approver.code(datetime.now(UTC)))
        page.get_by_role("button", name="Approve and send to real people").click()
        if number == wrong:
            expect(typed).to_have_attribute("aria-invalid", "true")
            expect(typed).to_be_focused()
    expect(page.locator("#progress .badge, .state-sending, .state-done").first).to_be_visible(timeout=LONG)


def look_again(page: Page, url: str, wanted: Locator) -> Locator:
    """The page as it is once the list is ready: staging and submitting take their moments in the process."""
    for _ in range(60):
        page.goto(url)
        if wanted.count():
            break
        page.wait_for_timeout(1_000)
    return wanted


def words(page: Page, headline: str) -> Locator:
    """On the customer's website, wherever the widget put it."""
    return page.locator(".card h2, .card h3", has_text=re.compile(re.escape(headline))).first


def headlines(page: Page, change: Callable[[str, str], str]) -> None:
    """In every language of the draft."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Write")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    for language in ("en", "eo", "gu", "lo"):
        field = page.locator(f"[name='content.{language}.headline']")
        field.fill(change(language, field.input_value()))
