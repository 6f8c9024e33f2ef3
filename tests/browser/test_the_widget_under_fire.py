"""Whatever the origin, the network, the clock or the host page does: no lie is shown and nothing is thrown."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from app.domain.reading import iso
from tests.browser.shop import BANNER, MAIN, OTHER, TAG, Shop, banner, nothing
from tests.conftest import NOON

WITH_OTHER = TAG.replace("async", f'async data-src-b="{OTHER}/site/main/banner.json"')


@pytest.fixture
def shop(page: Page) -> Shop:
    return Shop(page)


@pytest.fixture
def quiet(window: Callable[..., BrowserContext]) -> Shop:
    """For faults that Chromium itself writes to the console, such as a failed request; what the page throws is kept."""
    opened = window().new_page()
    found = Shop(opened)
    opened.on("pageerror", lambda error: found.thrown.append(str(error)))
    return found


def failing(status: int) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, headers={"access-control-allow-origin": "*"}, body="{}")


def saying(body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(headers={"access-control-allow-origin": "*"}, body=body)


whole = json.dumps(banner("emergency", seq=99))
FAULTS: dict[str, Callable[[Route], None]] = {
    "500": failing(500),
    "404": failing(404),
    "reset": lambda route: route.abort("connectionreset"),
    "empty": saying(""),
    "html": saying("<!doctype html><h1>Bad gateway</h1>"),
    "torn": saying(whole[: len(whole) // 2]),
    "null": saying("null"),
    "number": saying("7"),
    "another version": saying(json.dumps(banner("emergency", seq=99, version=2))),
    "no seq": saying(json.dumps(banner("emergency", seq=None))),
    "endless seq": saying(whole.replace('"seq": 99', '"seq": 1e300')),
    "words for seq": saying(json.dumps(banner("emergency", seq="99"))),
    "older": saying(json.dumps(banner("emergency", seq=6))),
}


def test_the_last_good_words_stay_whatever_the_origin_answers(quiet: Shop) -> None:
    quiet.open()
    label = quiet.part("banner").locator(".label")
    expect(label).to_have_text("Major disruption")
    for seq, (name, fault) in enumerate(FAULTS.items(), 8):
        quiet.fault = fault
        with quiet.page.expect_event("requestfailed" if name == "reset" else "requestfinished"):
            quiet.look()
        quiet.jump(2)
        assert label.inner_text() == "Major disruption", name
        quiet.plug_in()
        quiet.says = banner("major", seq=seq)
        quiet.look()
    quiet.says = banner("minor", seq=80)
    quiet.look()
    expect(label).to_have_text("Minor disruption")
    assert quiet.thrown == []


NO_WORDS: list[dict[str, Any]] = [
    {"placements": None},
    {"placements": {"banner": "yes", "popup": [], "landing": 3}},
    {"placements": {"banner": {"texts": None}, "popup": {"texts": {"en": None}}, "landing": {"texts": {"en": {}}}}},
    {"words": None, "contact": None},
    {"languages": None, "updates": None},
    {"valid_until": "soon"},
]


def test_words_that_are_no_words_break_nothing(quiet: Shop) -> None:
    quiet.says = banner(seq=7)
    quiet.open()
    for seq, change in enumerate(NO_WORDS):
        quiet.says = banner(seq=10 + 2 * seq) | change
        quiet.look()
        quiet.jump(2)
        quiet.says = banner("minor", seq=11 + 2 * seq)
        quiet.look()
        expect(quiet.part("banner").locator(".label")).to_have_text("Minor disruption")
    assert quiet.thrown == []


def test_an_origin_that_hangs_is_left_for_the_other(quiet: Shop) -> None:
    quiet.hang()
    quiet.other = banner("minor", seq=9)
    quiet.open("/", head=WITH_OTHER)
    quiet.page.wait_for_function("document.querySelector('clarion-banner')")
    quiet.asks(1)
    quiet.jump(5)
    expect(quiet.part("banner").locator(".label")).to_have_text("Minor disruption")


def test_an_origin_that_is_behind_is_left_for_the_other(quiet: Shop) -> None:
    quiet.says = banner("minor", seq=9)
    quiet.open("/", head=WITH_OTHER)
    expect(quiet.part("banner").locator(".label")).to_have_text("Minor disruption")
    quiet.fault = saying(json.dumps(banner(seq=6)))
    quiet.other = banner("emergency", seq=10)
    quiet.look()
    expect(quiet.part("banner").locator(".label")).to_have_text("Emergency")


def test_it_asks_every_8_to_15_seconds_and_less_often_when_nobody_answers(quiet: Shop) -> None:
    waits = """window.waits = []; const real = window.setTimeout;
      window.setTimeout = (act, wait) => { if (wait > 5000) window.waits.push(wait); return real(act, wait); };"""
    quiet.open("/", head=f"<script>{waits}</script>" + TAG)
    quiet.taken(7)
    for _ in range(20):
        quiet.look()
    quiet.page.wait_for_function("window.waits.filter((one) => one < 15000.1).length > 20")
    usual = [one for one in quiet.page.evaluate("window.waits") if one != 15000]
    assert min(usual) >= 8000
    assert max(usual) < 15000
    assert max(usual) - min(usual) > 2000
    quiet.unplug()
    for count in range(6):
        quiet.look()
        quiet.page.wait_for_function(f"window.waits.length > {len(usual) + count}")
    late = quiet.page.evaluate("window.waits")[-1]
    assert 8_000 * 16 <= late <= 300_000


def test_a_hidden_tab_asks_nothing_and_catches_up_when_it_is_looked_at(shop: Shop) -> None:
    shop.open()
    shop.taken(7)
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true})"
    shop.page.evaluate(hide % "true")
    asked = shop.asked
    shop.page.clock.run_for(120_000)
    assert shop.asked == asked
    shop.page.evaluate(hide % "false")
    shop.says = nothing(8)
    shop.look()
    expect(shop.part("banner")).to_be_hidden()


# --- clocks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [-600, 600, 86_400])
def test_a_clock_that_is_wrong_shows_nothing_too_long_or_too_short(shop: Shop, skew: float) -> None:
    shop.says = banner(valid_until=iso(NOON + timedelta(minutes=5)))
    shop.open(skew=skew)
    expect(shop.part("banner")).to_be_visible()
    expect(shop.part("banner")).to_contain_text("(25 min)")
    shop.jump(290)
    expect(shop.part("banner")).to_be_visible()
    shop.jump(11)
    expect(shop.part("banner")).to_be_hidden()


@pytest.mark.parametrize("skew", [-600, 600])
def test_a_wrong_clock_is_remembered_for_when_there_is_no_network(quiet: Shop, skew: float) -> None:
    quiet.says = banner(valid_until=iso(NOON + timedelta(minutes=5)))
    quiet.open(skew=skew)
    quiet.taken(7)
    quiet.unplug()
    quiet.now += timedelta(seconds=200)
    quiet.open("/next", skew=skew)
    expect(quiet.part("banner")).to_be_visible()
    quiet.jump(101)
    expect(quiet.part("banner")).to_be_hidden()


def test_an_answer_out_of_a_cache_says_how_old_it_is(shop: Shop) -> None:
    """A cache whose origin died serves yesterday's Date with its Age (RFC 9111): that is no wrong clock."""
    shop.says = banner(valid_until=iso(NOON - timedelta(minutes=5)))
    shop.cached = 3600
    shop.open()
    shop.taken(7)
    shop.jump(2)
    expect(shop.part("banner")).to_have_count(0)


def test_what_was_withdrawn_meanwhile_does_not_flash_up_on_the_next_page(quiet: Shop) -> None:
    quiet.open()
    quiet.taken(7)
    quiet.now += timedelta(minutes=10)
    quiet.hang()
    quiet.open("/next")
    quiet.asks(2)
    expect(quiet.part("banner")).to_have_count(0)
    quiet.jump(5)  # nobody answers: the last good copy it is
    expect(quiet.part("banner")).to_be_visible()


# --- hostile words and hostile pages -------------------------------------------------------------------------------

EVIL = (
    '<img src=x onerror="window.evil=1"><script>window.evil=1</script></style><svg onload="window.evil=1"> '
    "javascript:window.evil=1 {{7*7}} ${window.evil=1} \u202eesrever\u202c \u2066" + "W" * 4000
)


def evil(value: object) -> object:
    """Every text of a document replaced, every address a script."""
    if isinstance(value, dict):
        kept = ("dir", "at", "slug", "status", "next_update_by", "days", "need", "lang", "timezone")
        return {
            name: one
            if name in kept
            else "javascript:window.evil=1//"
            if name in ("url", "link", "href")
            else dict.fromkeys(one, "JavaScript:window.evil=1")
            if name == "links" and isinstance(one, dict)
            else evil(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [evil(one) for one in value]
    return EVIL if isinstance(value, str) else value


def test_hostile_words_in_every_field_stay_words(shop: Shop) -> None:
    document = banner(seq=8)
    for name in ("placements", "words"):
        document[name] = evil(document[name])
    contact = document["contact"]
    kept = {
        "open": [channel["open"] for channel in contact["channels"]],
        "needs": [dict(one) for one in contact["needs"]],
    }
    document["contact"] = evil(contact)
    for channel, spans in zip(document["contact"]["channels"], kept["open"], strict=True):
        channel["open"] = spans
    for need, before in zip(document["contact"]["needs"], kept["needs"], strict=True):
        need |= {"contact_channels": before["contact_channels"], "by_language": before["by_language"]}
    shop.says = document
    shop.page.set_viewport_size({"width": 360, "height": 740})
    shop.open()
    expect(shop.part("landing")).to_be_visible()
    shop.page.keyboard.press("Tab")
    shop.part("banner").locator("summary").press("Enter")
    shop.jump(2)
    assert shop.page.evaluate("window.evil") is None
    for place in ("banner", "popup", "landing"):
        box = shop.part(place)
        assert box.locator("img, script, svg, style, iframe").count() == 0
        assert (
            box.locator("a").evaluate_all("all => all.filter((one) => !/^(https|tel|sms|mailto):/.test(one.href))")
            == []
        )
        assert "\u202e" not in box.inner_text()
        assert "<img src=x onerror" in box.inner_text()
    assert shop.page.evaluate("document.documentElement.scrollWidth") <= 360


HOSTS = {
    "prototypes with more on them": """
        Object.prototype.more = () => { throw new Error("host") }; Array.prototype.last = function () { return 1 };
        Array.prototype.toJSON = function () { return "prototype.js" };
        String.prototype.strip = () => ""; Function.prototype.bindAll = 1;""",
    "no storage": """Object.defineProperty(window, "localStorage", {
        get() { throw new DOMException("no", "SecurityError") }});""",
    "a full storage": """Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError") };""",
    "a poisoned storage": f"""for (const one of ["", "told "])
        localStorage["clarion " + one + "{BANNER}"] = '1 NaN {{"version":1,"seq":-1';""",
    "included twice": """const twice = document.createElement("script"); twice.dataset.site = "main";
        twice.src = "https://status.example.org/site/widget.js"; document.head.append(twice);""",
    "no style sheets of scripts": """delete ShadowRoot.prototype.adoptedStyleSheets;
        delete Document.prototype.adoptedStyleSheets;""",
    "no event source": "delete window.EventSource;",
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_difficult_page_gets_its_banner_all_the_same(shop: Shop, host: str) -> None:
    shop.open("/", head=f"<script>{HOSTS[host]}</script>" + TAG.replace("async", "async data-live"))
    expect(shop.part("banner")).to_have_count(1)
    expect(shop.part("banner").locator("h2")).to_contain_text("Northgate")
    shop.part("banner").get_by_role("button").click()
    expect(shop.part("banner")).to_be_hidden()
    shop.says = nothing(8)
    shop.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(shop.part("landing")).to_be_hidden()


BROKEN = {
    "no custom elements": "Object.defineProperty(window, 'customElements', {value: undefined});",
    "a define that throws": "customElements.define = () => { throw new Error('no') };",
    "no shadow roots": "Element.prototype.attachShadow = () => { throw new Error('no') };",
    "no fetch": "window.fetch = undefined;",
    "a fetch that throws": "window.fetch = () => { throw new Error('no') };",
    "no abort controller": "delete window.AbortController;",
    "no timers": "window.setInterval = window.setTimeout = () => { throw new Error('no') };",
    "no JSON": "JSON.parse = JSON.stringify = () => { throw new Error('no') };",
    "no URL": "window.URL = undefined;",
}


@pytest.mark.parametrize("host", BROKEN)
def test_a_page_that_lacks_what_it_needs_is_left_alone(shop: Shop, host: str) -> None:
    """The `page` fixture fails the test for anything thrown or rejected."""
    own = "window.errors = 0; for (const one of ['error', 'unhandledrejection']) addEventListener(one, () => errors++);"
    with shop.page.expect_event("requestfinished", lambda request: request.url.endswith("/widget.js")):
        shop.open("/", head=f"<script>{own}{BROKEN[host]}</script>" + TAG, body=MAIN)
    shop.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert shop.page.evaluate("window.errors") == 0
    expect(shop.page.get_by_text("Spring offer")).to_be_visible()


# --- live --------------------------------------------------------------------------------------------------------


def test_live_words_are_shown_as_they_come_and_polling_goes_on_where_there_is_no_stream(shop: Shop) -> None:
    streams: list[str] = []

    def stream(route: Route) -> None:
        streams.append(route.request.url)
        words = json.dumps(banner("emergency", seq=8))
        head = {"content-type": "text/event-stream", "access-control-allow-origin": "*"}
        route.fulfill(headers=head, body=f"retry: 60000\n\nevent: banner\nid: 8\ndata: {words}\n\n")

    shop.page.route("**/site/main/live*", stream)
    shop.open("/", head=TAG.replace("async", "async data-live"))
    expect(shop.part("banner").locator(".label")).to_have_text("Emergency")
    assert streams[0].endswith("/site/main/live?seq=7")
    shop.says = banner("minor", seq=9)
    shop.look()
    expect(shop.part("banner").locator(".label")).to_have_text("Minor disruption")
