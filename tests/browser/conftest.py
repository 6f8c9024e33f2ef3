"""A real browser for the tests of pages: Debian's Chromium, headless, driven by Playwright.

`page` is a fresh window without history, storage or network beyond loopback; an error on its console fails the test.
`axe` looks for what shuts people out (axe-core, WCAG 2.2 A and AA).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.architecture.tree import ROOT
from tests.programs import program

AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK: Final = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]})
    .then(found => found.violations)"""
"""The same rules on the same elements; describing everything that is right, too, takes three times as long."""
SECONDS: Final = 30
"""For anything a page is waited for; never reached on a machine that is merely busy."""
QUIET: Final = (
    "--no-sandbox",  # the tests may run as root, where Chromium's own sandbox refuses to
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class Axe(Protocol):
    def __call__(self, page: Page, rules: Sequence[str] = RULES) -> list[str]: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this folder. Its driver ends with them: it would keep others from their loop."""
    executable = program("chromium")
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens windows with options of their own: `window(viewport={...}, color_scheme="dark", locale="lo")`."""
    opened: list[BrowserContext] = []

    def open_window(**options: Any) -> BrowserContext:
        context = chromium.new_context(**{"reduced_motion": "reduce", "timezone_id": "Europe/Berlin", **options})
        context.set_default_timeout(SECONDS * 1000)
        opened.append(context)
        return context

    yield open_window
    for context in opened:
        context.close()


@pytest.fixture
def page(window: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A fresh page; whatever it throws or writes to the console as an error fails the test at its end."""
    opened = window().new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield opened
    assert not complaints, complaints


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Names every rule a page breaks and where, [] when it is open to everyone."""
    if not AXE.exists():
        reason = "axe-core is not installed: `make browser` brings it"
        if os.environ.get("CLARION_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    source = AXE.read_text(encoding="utf-8")

    def look(page: Page, rules: Sequence[str] = RULES) -> list[str]:
        if page.evaluate("typeof axe === 'undefined'"):
            page.evaluate(source)  # by the debugger, so that no content security policy stands in the way
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in page.evaluate(LOOK, list(rules))
            for node in violation["nodes"]
        ]

    return look
