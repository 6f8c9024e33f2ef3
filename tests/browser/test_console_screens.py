"""The staff console in a real browser: open to everyone, on a phone, in the dark, from right to left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.principals import HOST, Role
from app.usecases.invite_user import invite_user
from tests.browser.conftest import Axe
from tests.browser.console_data import furnished
from tests.browser.serving import Served
from tests.staff_accounts import PASSWORD

Window = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with furnished(tmp_path_factory.mktemp("console")) as opened:
        yield opened


def test_somebody_comes_in_by_a_link_and_signs_in_with_a_code(served: Served, window: Window, axe: Axe) -> None:
    api = served.api
    served.enter(window(), "somebody", Role.VIEWER)
    invited = invite_user(api.db, api.wiring.keyring, HOST, "Tove", Role.APPROVER, api.clock.now())
    page = window(viewport={"width": 360, "height": 700}).new_page()
    page.goto(f"{served.base}/console/join/{invited.code}")
    assert axe(page) == []
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.get_by_text("I cannot scan it").click()
    secret = page.locator("code.key").inner_text().replace(" ", "")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("The same once more").fill("short")
    page.get_by_label("The code it shows now").fill("000000")
    page.get_by_role("button", name="That is me").click()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    assert axe(page) == []
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_label("The code it shows now").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="That is me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    assert axe(page) == []
    recovery = page.locator(".codes code").first.inner_text()
    page.get_by_role("button", name="I have written them down").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is happening")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Name or e-mail address").fill("tove")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    assert axe(page) == []
    page.keyboard.type(recovery)  # the code of this half minute is used up
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("What is happening")


def test_the_keyboard_alone_is_enough_and_shows_where_it_is(served: Served, window: Window) -> None:
    opened = window()
    served.enter(opened, "approver", Role.APPROVER)
    page = opened.new_page()
    page.goto(f"{served.base}/console/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    for _ in range(2):  # past what begins a new crisis
        page.keyboard.press("Tab")
    button = page.get_by_role("button", name="I take care of it")
    expect(button).to_be_focused()
    assert button.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("You take care of this notice")


def test_without_scripts_and_without_pico_the_pages_work(served: Served, window: Window) -> None:
    opened = window(java_script_enabled=False, viewport={"width": 360, "height": 700})
    served.enter(opened, "admin", Role.ADMIN)
    opened.route("**/pico.css", lambda route: route.abort())
    page = opened.new_page()
    page.goto(f"{served.base}/console/people")
    page.get_by_label("Name", exact=True).fill("Ida")
    page.get_by_label("E-mail address").fill("nobody")
    page.get_by_role("button", name="Make the link").click()
    email = page.get_by_label("E-mail address")
    expect(email).to_be_focused()
    expect(email).to_have_value("nobody")
    expect(email).to_have_attribute("aria-invalid", "true")
    email.fill("ida@example.org")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A link for Ida")


def test_progress_moves_by_itself_and_is_said_once(served: Served, window: Window) -> None:
    api = served.api
    update = api.draft(expires_at=(api.clock.now() + timedelta(hours=3)).isoformat(), drill=True)
    api.submit(update)
    opened = window()
    served.enter(opened, "author", Role.AUTHOR)
    page = opened.new_page()
    page.goto(f"{served.base}/console/updates/{update}")
    page.evaluate("""() => {
        window.said = [];
        const live = document.querySelector("[sse-swap=said]");
        new MutationObserver(() => window.said.push(live.textContent.trim())).observe(live, {childList: true});
    }""")
    expect(page.locator("#progress .badge")).to_have_text("Waits for approval")
    api.done(api.post("approver", f"/updates/{update}/approve", json={"count": 4}))
    expect(page.locator("#progress .badge")).to_have_text("Approved, not sent")
    api.done(api.post("author", f"/updates/{update}/cancel"))
    expect(page.locator("#progress .badge")).to_have_text("Cancelled")
    said = page.evaluate("window.said")
    assert len(said) <= 2, said
    assert said[-1].startswith("Cancelled")


def test_a_drill_cannot_be_taken_for_the_real_thing(served: Served, window: Window) -> None:
    opened = window()
    served.enter(opened, "admin", Role.ADMIN)
    page: Page = opened.new_page()
    page.goto(f"{served.base}/console/")
    cards = page.locator("article", has_text="Power is out in the north")
    drills = [card for card in cards.all() if "EXERCISE" in card.inner_text()]
    assert drills
    assert len(drills) < len(cards.all())
    assert "drill-card" in str(drills[0].get_attribute("class"))
    drills[0].get_by_role("link").click()
    frame = page.get_by_role("complementary", name="EXERCISE")
    expect(frame).to_be_visible()
    assert page.title().startswith("EXERCISE: ")
