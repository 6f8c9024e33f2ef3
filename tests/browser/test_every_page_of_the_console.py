"""Every page of the console in a real browser, found by its links: on a phone, dark, right to left, by keyboard."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from app.domain.principals import Role
from tests.browser.conftest import Axe
from tests.browser.console_data import furnished
from tests.browser.serving import Served
from tests.console import Visitor
from tests.console_pages import every_page

Window = Callable[..., BrowserContext]
PHONE = {"width": 360, "height": 700}
LEADS_ON = {"/playbooks/{slug}/words"}
"""Answers with another page."""
REACHED = "a[href], button, input:not([type=hidden]), select, textarea, summary"
UNREACHABLE = """reached => [...document.querySelectorAll(reached)]
    .filter(each => each.tabIndex !== 0).map(each => each.outerHTML.slice(0, 120))"""
WIDER = """() => {
    const most = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= most) return [];
    return [...document.querySelectorAll("body *")].filter(each => each.getBoundingClientRect().right > most + 1)
        .slice(0, 3).map(each => each.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with furnished(tmp_path_factory.mktemp("console")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(served: Served) -> list[str]:
    visitor = Visitor(served.api, base=served.base)
    visitor.enter("crawler", Role.ADMIN)
    found = every_page(visitor)
    assert [pattern for pattern in found.missing if pattern not in LEADS_ON] == [], "no link leads there"
    return [path for paths in found.pages.values() for path in paths]


def faults(page: Page, axe: Callable[[Page], list[str]]) -> list[str]:
    beside = [f"no keyboard: {each}" for each in page.evaluate(UNREACHABLE, REACHED)]
    wider = [f"wider than the phone: {each}" for each in page.evaluate(WIDER)]
    return [*axe(page), *beside, *wider]


def fits(_page: Page) -> list[str]:
    """For a page that axe does not look at again."""
    return []


def test_every_page_is_open_to_everyone_on_a_phone_by_day_and_by_night(
    served: Served, pages: list[str], window: Window, axe: Axe
) -> None:
    page = entered(served, window(viewport=PHONE))
    found = {}
    for path in pages:
        page.emulate_media(color_scheme="light")
        page.goto(f"{served.base}/console{path}")
        light = faults(page, axe)
        page.emulate_media(color_scheme="dark")
        found[path] = [*light, *axe(page, ["color-contrast"])]
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_every_page_is_open_to_everyone_from_right_to_left(
    served: Served, pages: list[str], window: Window, axe: Axe
) -> None:
    """Mirrored, every page fits and is reached by keys; axe, which has judged them all the other way round, sees every
    third again, or all of them under CLARION_EVERY_PAGE=1 (`make soak`).
    """
    page = entered(served, window(viewport=PHONE, extra_http_headers={"Accept-Language": "ar-XB"}))
    judged = set(pages if os.environ.get("CLARION_EVERY_PAGE") else pages[::3])
    found = {}
    for path in pages:
        page.goto(f"{served.base}/console{path}")
        assert page.evaluate("document.documentElement.dir") == "rtl", path
        found[path] = faults(page, axe if path in judged else fits)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_a_long_form_is_walked_through_by_keyboard_in_the_order_of_the_page(served: Served, window: Window) -> None:
    page = entered(served, window())
    page.goto(f"{served.base}/console/contact-channels/phone")
    count = page.evaluate("""reached => {
        document.querySelectorAll("details").forEach(each => { each.open = true; });
        const expected = [...document.querySelectorAll(reached)];
        expected.forEach((each, place) => { each.dataset.place = place; });
        return expected.length;
    }""", REACHED)  # fmt: skip
    walked, unseen = [], []
    for _ in range(count):
        page.keyboard.press("Tab")
        place, seen, element = page.evaluate("""() => {
            const each = document.activeElement;
            const style = getComputedStyle(each);
            return [Number(each.dataset.place), style.outlineStyle !== "none", each.outerHTML.slice(0, 120)];
        }""")
        walked.append(place)
        unseen += [] if seen else [element]
    assert unseen == []
    assert walked == sorted(walked)  # a date has several stops of its own


def entered(served: Served, opened: BrowserContext) -> Page:
    served.enter(opened, "admin", Role.ADMIN)
    return opened.new_page()
