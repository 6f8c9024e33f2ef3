"""How to reach us, and that nobody is shut out: contact channels, exercises, previews, colours and motion."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.reading import iso
from tests.browser.conftest import Axe
from tests.browser.shop import MAIN, SHOP, TAG, Shop, banner
from tests.conftest import NOON

SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]


@pytest.fixture
def shop(page: Page) -> Shop:
    return Shop(page)


# --- how to reach us ---------------------------------------------------------------------------------------------


def test_the_finder_names_the_contact_channels_of_a_need_as_they_are_now(shop: Shop) -> None:
    shop.says = banner(only="banner")
    shop.open()
    shop.part("banner").locator("summary").click()
    rows = shop.part("banner").locator("li")
    expect(shop.part("banner").get_by_label("What do you need?")).to_have_value("technical-issue")
    expect(rows.nth(0)).to_contain_text("help.example.org/chat")
    expect(rows.nth(0)).to_contain_text("open, until 2:00 PM – Wait: about 4 min")
    expect(rows.nth(2)).to_contain_text("closed, opens Wed 2:00 AM")
    shop.jump(3600)  # the chat has closed, and nobody had to say so
    expect(rows.filter(has_text="help.example.org/chat")).to_contain_text("closed, opens Wed 2:00 AM")
    expect(rows.nth(0)).to_contain_text("+12025550123")
    shop.part("banner").get_by_label("What do you need?").select_option("emergency")
    expect(rows.nth(0)).to_contain_text("24 h")
    assert rows.nth(0).get_by_role("link").get_attribute("href") == "tel:+12025550100"


def test_an_override_begins_and_ends_by_itself(shop: Shop) -> None:
    document = banner(only="banner")
    chat = next(one for one in document["contact"]["channels"] if one["slug"] == "live-chat")
    names = ("address", "dial", "href", "hours", "status", "status_reasons", "wait_minutes")
    usual = {name: chat[name] for name in names}
    chat["later"] = [
        {
            **usual,
            "at": iso(NOON + timedelta(minutes=5)),
            "status": "down",
            "status_reasons": {"en": "Being repaired."},
        },
        {**usual, "at": iso(NOON + timedelta(minutes=30))},
    ]
    shop.says = document
    shop.open()
    shop.part("banner").locator("summary").click()
    row = shop.part("banner").locator("li").filter(has_text="help.example.org/chat")
    expect(row).to_contain_text("open, until")
    shop.jump(360)
    expect(row).to_contain_text("Not working at the moment")
    expect(row).to_contain_text("Being repaired.")
    shop.jump(1800)
    expect(row).to_contain_text("open, until")


# --- for everybody -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_place_shuts_anybody_out(window: Callable[..., BrowserContext], axe: Axe, language: str) -> None:
    """On a phone, in both schemes, each severity, with the contact channels open."""
    shop = Shop(window(viewport={"width": 360, "height": 740}).new_page())
    style = "<style>@media (prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#9cf}}</style>"
    looks = {"emergency": SCHEMES, "major": SCHEMES, "minor": SCHEMES[1:], "info": SCHEMES[:1]}
    looks = looks if language == "en" else {"major": SCHEMES[:1]}
    for seq, (severity, schemes) in enumerate(looks.items(), 8):
        shop.says = banner(severity, seq=seq)
        shop.open("/", head=TAG + style, lang=language)
        expect(shop.part("landing")).to_be_visible()
        shop.part("banner").locator("summary").press("Enter")
        for scheme in schemes:
            shop.page.emulate_media(color_scheme=scheme)
            assert axe(shop.page) == [], (severity, scheme)
        assert shop.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_drill_and_a_preview_cannot_be_mistaken(shop: Shop, axe: Axe) -> None:
    shop.says = banner(drill=True)
    shop.open()
    expect(shop.part("banner").locator(".label")).to_contain_text("EXERCISE")
    assert shop.part("banner").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(255, 216, 0)"
    assert axe(shop.page) == []


def test_a_preview_is_seen_by_its_holder_only_and_leaves_nothing(shop: Shop) -> None:
    shop.open("/")
    expect(shop.part("banner").locator(".label")).to_have_text("Major disruption")
    kept = shop.page.evaluate("JSON.stringify(localStorage)")
    asked: list[str] = []
    shop.page.on("request", lambda request: asked.append(request.url))
    shop.says = banner("minor", seq=1)
    shop.html["/draft"] = shop.html["/"]
    shop.page.goto(f"{SHOP}/draft#clarion-preview=a.b-c")
    expect(shop.part("banner").locator(".label")).to_have_text("PREVIEW: not published – Minor disruption")
    assert asked[-1].endswith("/site/main/preview/a.b-c.json")
    shop.part("banner").get_by_role("button").click()
    assert shop.page.evaluate("JSON.stringify(localStorage)") == kept


def test_it_moves_only_where_moving_is_welcome(window: Callable[..., BrowserContext]) -> None:
    names = {}
    for wish in ("reduce", "no-preference"):
        shop = Shop(window(reduced_motion=wish).new_page())
        shop.open()
        expect(shop.part("popup")).to_be_visible()
        names[wish] = shop.part("popup").evaluate("one => getComputedStyle(one).animationName")
    assert names == {"reduce": "none", "no-preference": "in"}


def test_it_has_borders_where_the_system_chooses_the_colours(window: Callable[..., BrowserContext]) -> None:
    shop = Shop(window(forced_colors="active").new_page())
    shop.open("/", body=MAIN)
    expect(shop.part("popup")).to_be_visible()
    width = shop.part("popup").evaluate("one => getComputedStyle(one).borderInlineStartWidth")
    assert width != "0px"
