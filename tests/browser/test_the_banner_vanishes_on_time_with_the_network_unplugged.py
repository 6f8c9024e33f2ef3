"""An expired crisis is gone from every page it stood on, though nothing can be asked any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect

from app.domain.reading import iso
from tests.browser.shop import Shop, banner
from tests.conftest import NOON

EXPIRY = NOON + timedelta(minutes=30)
PATIENCE = 30_000
"""Milliseconds."""


@pytest.mark.parametrize("skew", [0, -600, 600])
def test_it_stands_until_its_expiry_and_not_a_moment_longer(window: Callable[..., BrowserContext], skew: float) -> None:
    """Also on a visitor's machine whose clock is ten minutes slow or fast, and on a page opened without a network."""
    shop = Shop(window().new_page())
    shop.says = banner("emergency", valid_until=iso(EXPIRY))
    shop.open(skew=skew)
    expect(shop.part("banner")).to_be_visible()
    shop.taken(7)
    shop.unplug()

    # The widget learns how wrong its machine's clock is from the answer's date, off by what that page load took.
    shop.jump(29 * 60)
    for place in ("banner", "popup", "landing"):
        assert shop.part(place).is_visible(), place
    shop.open("/another", skew=skew)
    expect(shop.part("landing")).to_be_visible()

    shop.jump(61)
    for place in ("banner", "popup", "landing"):
        expect(shop.part(place)).to_be_hidden(timeout=PATIENCE)
    assert shop.page.get_by_text("Spring offer").is_visible()

    shop.open("/a-third", skew=skew)
    shop.page.wait_for_function("document.querySelector('clarion-banner')")
    shop.jump(61)
    expect(shop.page.locator(".card")).to_have_count(0, timeout=PATIENCE)
