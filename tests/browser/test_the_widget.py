"""What a visitor of a customer's website meets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.reading import iso
from tests.browser.shop import SHOP, STRICT, TAG, Shop, banner, nothing
from tests.conftest import NOON
from tests.unit.site.world import LANGUAGES

PLACES = ("banner", "popup", "landing")


@pytest.fixture
def shop(page: Page) -> Shop:
    return Shop(page)


def test_one_tag_shows_the_update_in_all_three_places(shop: Shop) -> None:
    shop.open()
    for place in PLACES:
        expect(shop.part(place).locator("h2")).to_contain_text("Northgate")
    expect(shop.part("banner").locator("time")).to_have_text("Next update by 1:25 PM")
    expect(shop.part("banner")).to_contain_text("(25 min)")
    assert shop.page.context.cookies() == []


def test_it_works_under_a_strict_policy_and_trusted_types(shop: Shop) -> None:
    shop.headers["content-security-policy"] = STRICT
    shop.open()
    expect(shop.part("banner")).to_be_visible()
    assert shop.part("banner").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(255, 245, 226)"


def test_nothing_is_shown_when_all_is_well(shop: Shop) -> None:
    shop.says = nothing(3)
    shop.open()
    shop.taken(shop.says["seq"])
    assert shop.page.locator("clarion-banner").evaluate("one => one.getBoundingClientRect().height") == 0
    expect(shop.page.locator("#home")).to_contain_text("Spring offer")


# --- landing content ---------------------------------------------------------------------------------------------


def test_landing_content_stands_in_and_the_page_comes_back_exactly(shop: Shop) -> None:
    shop.says = nothing(3)
    shop.open()
    shop.page.locator("#postcode").fill("S1 2AB")
    shop.page.locator("h1").click()
    before = shop.page.locator("#home").inner_html()
    shop.page.evaluate("window.kept = document.querySelector('#home').firstElementChild")
    shop.says = banner(only="landing")
    shop.look()
    expect(shop.part("landing")).to_be_visible()
    expect(shop.page.get_by_text("Spring offer")).to_be_hidden()
    shop.says = nothing(8)
    shop.look()
    expect(shop.page.get_by_text("Spring offer")).to_be_visible()
    expect(shop.part("landing")).to_be_hidden()
    assert shop.page.locator("#home").inner_html() == before
    assert shop.page.evaluate("window.kept === document.querySelector('#home').firstElementChild")
    expect(shop.page.locator("#postcode")).to_have_value("S1 2AB")


def test_nobody_is_thrown_out_of_a_form_by_landing_content(shop: Shop) -> None:
    shop.says = nothing(3)
    shop.open()
    shop.page.locator("#postcode").press_sequentially("S1")
    shop.says = banner("emergency", only="landing")
    shop.look()
    shop.page.locator("#postcode").press_sequentially(" 2AB")
    expect(shop.page.locator("#postcode")).to_be_focused()
    shop.page.locator("#about").focus()
    shop.jump(2)
    expect(shop.part("landing")).to_be_visible()
    expect(shop.page.locator("#about")).to_be_focused()


# --- targeting ---------------------------------------------------------------------------------------------------


def placed(place: str, **scope: Any) -> dict[str, Any]:
    document = banner(only=place)
    document["placements"][place].update(scope)
    return document


@pytest.mark.parametrize(
    ("path", "pages", "shown"),
    [
        ("/checkout/pay", ["/checkout/*"], True),
        ("/checkout/pay", ["/", "*/pay"], True),
        ("/checkout", ["/checkout/*"], False),
        ("/shop.html", ["/shop?html"], False),
        ("/समाचार/", ["/समाचार/*"], True),
        ("/anything", [], True),
    ],
)
def test_an_update_keeps_to_its_pages(shop: Shop, path: str, pages: list[str], shown: bool) -> None:
    shop.says = placed("banner", pages=pages)
    shop.open(path)
    shop.taken(shop.says["seq"])
    shop.jump(2)
    expect(shop.part("banner")).to_have_count(int(shown))


def test_another_page_of_a_single_page_app_is_another_page(shop: Shop) -> None:
    shop.says = placed("banner", pages=["/checkout/*"])
    shop.open("/")
    shop.taken(shop.says["seq"])
    shop.page.evaluate("history.pushState({}, '', '/checkout/pay')")
    shop.jump(1)
    expect(shop.part("banner")).to_be_visible()
    shop.page.evaluate("history.back()")
    shop.page.wait_for_url(SHOP + "/")
    shop.jump(1)
    expect(shop.part("banner")).to_be_hidden()


def test_a_body_that_a_framework_replaces_gets_it_again(shop: Shop) -> None:
    shop.open()
    expect(shop.part("banner")).to_be_visible()
    shop.page.evaluate("document.body = document.createElement('body'); document.body.innerHTML = '<main>New</main>'")
    shop.jump(2)
    expect(shop.part("banner")).to_be_visible()


def test_an_update_for_some_languages_is_shown_to_their_readers_only(shop: Shop) -> None:
    shop.says = placed("banner", languages=["gu", "lo"])
    shop.open("/", lang="en")
    shop.taken(shop.says["seq"])
    shop.jump(2)
    expect(shop.part("banner")).to_have_count(0)
    shop.open("/gu", lang="gu")
    expect(shop.part("banner")).to_be_visible()


# --- languages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_everyone_reads_it_in_the_language_of_the_page(shop: Shop, language: str) -> None:
    shop.open("/", lang=language)
    for place in PLACES:
        part = shop.part(place)
        expect(part.locator("h2")).to_have_text(banner()["placements"][place]["texts"][language]["headline"])
        assert (part.get_attribute("lang"), part.get_attribute("dir")) == (
            language,
            "rtl" if language == "ar" else "ltr",
        )
    words = banner()["words"][language]
    expect(shop.part("landing").locator("summary")).to_have_text(words["contact"])
    without = shop.part("landing").evaluate(
        """box => [...box.querySelectorAll('*')].filter(one => one.textContent && !one.closest('[lang]')).length"""
    )
    assert without == 0


@pytest.mark.parametrize(
    ("tag", "page_language", "browser", "shown"),
    [
        ('data-lang="eo"', "lo", "gu-IN", "eo"),
        ("", "lo-LA", "gu-IN", "lo"),
        ("", "fr", "gu-IN", "gu"),
        ("", "", "de-DE", "en"),
    ],
)
def test_the_language_is_the_tags_then_the_pages_then_the_browsers(
    window: Callable[..., BrowserContext], tag: str, page_language: str, browser: str, shown: str
) -> None:
    shop = Shop(window(locale=browser).new_page())
    shop.open("/", head=TAG.replace("async", f"async {tag}"), lang=page_language)
    expect(shop.part("banner")).to_have_attribute("lang", shown)


# --- putting it away ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_put_away_it_stays_away_until_a_new_revision(shop: Shop, place: str) -> None:
    shop.says = banner(only=place)
    shop.open()
    shop.part(place).get_by_role("button", name="Close").click()
    expect(shop.part(place)).to_be_hidden()
    shop.open("/again")
    shop.look()
    expect(shop.part(place)).to_have_count(0)
    again = banner(only=place, seq=9)
    again["placements"][place]["revision"] = 2
    shop.says = again
    shop.look()
    expect(shop.part(place)).to_be_visible()


def test_an_emergency_cannot_be_put_away_for_good(shop: Shop) -> None:
    shop.says = banner("emergency")
    shop.open()
    expect(shop.part("popup")).to_be_visible()
    assert shop.part("banner").get_by_role("button").count() == 0
    assert shop.part("landing").get_by_role("button").count() == 0
    shop.page.keyboard.press("Escape")
    expect(shop.part("popup")).to_be_hidden()
    shop.open("/next")
    expect(shop.part("popup")).to_be_visible()


# --- focus and screen readers ------------------------------------------------------------------------------------


def test_a_pop_up_leaves_the_focus_alone_and_escape_closes_it(shop: Shop) -> None:
    shop.says = nothing(3)
    shop.open()
    shop.page.locator("#about").focus()
    shop.says = banner(only="popup")
    shop.look()
    expect(shop.part("popup")).to_be_visible()
    expect(shop.page.locator("#about")).to_be_focused()
    assert shop.part("popup").get_attribute("role") == "dialog"
    assert shop.part("popup").get_attribute("aria-modal") is None
    shop.page.keyboard.press("Escape")
    expect(shop.part("popup")).to_be_hidden()
    expect(shop.page.locator("#about")).to_be_focused()


def test_only_an_emergency_takes_the_focus_once_and_gives_it_back(shop: Shop) -> None:
    shop.says = nothing(3)
    shop.open()
    shop.page.locator("#about").focus()
    shop.says = banner("emergency")
    shop.look()
    expect(shop.part("popup")).to_be_focused()
    expect(shop.part("popup")).to_have_attribute("role", "alertdialog")
    shop.page.keyboard.press("Escape")
    expect(shop.page.locator("#about")).to_be_focused()
    shop.open("/next")
    expect(shop.part("popup")).to_be_visible()
    expect(shop.part("popup")).not_to_be_focused()


def test_an_expired_emergency_gives_the_focus_back_too(shop: Shop) -> None:
    shop.says = nothing(3)
    shop.open()
    shop.page.locator("#about").focus()
    shop.says = banner("emergency", valid_until=iso(NOON + timedelta(seconds=600)))
    shop.look()
    expect(shop.part("popup")).to_be_focused()
    shop.jump(600)
    expect(shop.page.locator("#about")).to_be_focused()


HEARD = """window.heard = [];
customElements.whenDefined('clarion-banner').then(() => setTimeout(() => {
  const voice = document.querySelector('clarion-banner').shadowRoot.lastElementChild;
  new MutationObserver(() => voice.textContent && window.heard.push([voice.ariaLive, voice.lang, voice.textContent]))
    .observe(voice, {childList: true, characterData: true, subtree: true});
}));"""


def heard(shop: Shop) -> list[tuple[str, str, str]]:
    """What a screen reader was told until now; the widget speaks half a second after it shows."""
    shop.jump(1)
    found = [(one[0], one[1], one[2]) for one in shop.page.evaluate("window.heard")]
    shop.jump(20)
    return found


def test_a_new_revision_is_announced_once_and_nothing_else_is(shop: Shop) -> None:
    shop.page.add_init_script(HEARD)
    shop.says = banner("minor")
    shop.open()
    expect(shop.part("banner")).to_be_visible()
    first = heard(shop)
    assert [one[:2] for one in first] == [("polite", "en")]
    assert first[0][2].startswith("Minor disruption. Service in Northgate")
    shop.jump(120)
    expect(shop.part("banner")).to_contain_text("(23 min)")
    changed = banner("minor", seq=8)
    changed["contact"]["channels"][1]["wait_minutes"] = 9
    shop.says = changed
    shop.look()
    assert heard(shop) == first
    revised = banner("minor", seq=9)
    revised["placements"]["banner"]["revision"] = 2
    shop.says = revised
    shop.look()
    assert len(heard(shop)) == 2
    shop.open("/next")
    expect(shop.part("banner")).to_be_visible()
    assert heard(shop) == []


def test_the_countdown_is_outside_of_every_live_region(shop: Shop) -> None:
    shop.open()
    expect(shop.part("banner")).to_contain_text("(25 min)")
    assert (
        shop.part("banner").locator("time").evaluate("one => one.closest('[aria-live],[role=status],[role=alert]')")
        is None
    )
