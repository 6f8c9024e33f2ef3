"""Whatever order answers come in, from whichever origin, tab or cache: the words only ever get newer."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.shop import KEPT, OTHER, TAG, Shop, banner

TWO = TAG.replace("async", f'async data-src-b="{OTHER}/site/main/banner.json"')


def words(seq: int) -> dict[str, Any]:
    """A document that shows its own number."""
    document = banner(only="banner", seq=seq)
    document["placements"]["banner"]["update"] = seq
    document["placements"]["banner"]["texts"]["en"]["headline"] = f"Number {seq}"
    return document


def shown(page: Page) -> int:
    headline = page.locator(".card.banner h2")
    return int(headline.inner_text().removeprefix("Number ")) if headline.count() else 0


def test_the_number_never_falls_over_origins_reloads_and_tabs(window: Callable[..., BrowserContext]) -> None:
    dice = random.Random(5)
    context = window()
    tabs = [Shop(context.new_page()) for _ in range(2)]
    for shop in tabs:
        shop.says, shop.other = words(1), words(1)
        shop.open("/", head=TWO)
        expect(shop.part("banner")).to_be_visible()
    highest = 1
    for step in range(30):
        shop = dice.choice(tabs)
        answers = [dice.randint(max(1, highest - 5), highest + 3) for _ in range(2)]
        shop.says, shop.other = (words(number) for number in answers)
        if step % 5 == 4:
            shop.open(f"/page-{step}", head=TWO)
        taken = next((number for number in answers if number >= highest), highest)
        shop.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        shop.page.wait_for_function(f"(localStorage.getItem('{KEPT}') || '').includes('\"seq\": {taken},')")
        expect(shop.part("banner").locator("h2")).to_have_text(f"Number {taken}")
        highest = taken
        for tab in tabs:
            assert shown(tab.page) <= highest
    for tab in tabs:  # whoever comes back to a tab sees what the other one knows, whatever the origins say now
        tab.says, tab.other = words(1), words(1)
        tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(tab.part("banner").locator("h2")).to_have_text(f"Number {highest}")
