"""An audience on a small phone: built of conditions by keyboard, without any script, counted and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.audience_text import parse_text
from app.domain.principals import Role
from app.store import audiences
from app.store.database import Database
from tests.browser.conftest import Axe
from tests.browser.serving import Served, serving

PHONE = {"width": 360, "height": 740}
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def served(database: Database, database_url: str, tmp_path: Path) -> Iterator[Served]:
    with serving(database, database_url, tmp_path / "site") as served:
        served.api.prepare()
        yield served


def pressed(page: Page, name: str, of: str = "main") -> None:
    """By keyboard: the button is come to, and Enter pressed."""
    button = page.locator(of).get_by_role("button", name=name, exact=True).first
    button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_who_is_meant_is_built_of_conditions(served: Served, window: Callable[..., BrowserContext], axe: Axe) -> None:
    plain = window(viewport=PHONE, java_script_enabled=False)
    served.enter(plain, "ada", Role.AUTHOR)
    page = plain.new_page()
    page.goto(f"{served.base}/console/add/audiences")
    page.get_by_label("Short name").fill("north")
    page.get_by_label("One more condition").select_option("area")
    pressed(page, "Add a condition")
    expect(page.get_by_label("They live in one of")).to_be_focused()
    page.keyboard.type("nroth")
    pressed(page, "Add a group")
    page.locator("[id='audience-c.1.new']").select_option("number")
    pressed(page, "Add a condition", "[id='audience-c.1.new'] + button >> xpath=..")
    expect(page.get_by_label("Name of the column")).to_be_focused()
    page.keyboard.type("balance")
    page.get_by_label("How it compares").select_option(label="more than")
    page.get_by_label("Number", exact=True).fill("fifty")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Number", exact=True)).to_be_focused()
    expect(page.get_by_label("Number", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Number", exact=True).fill("50")
    pressed(page, "How many are they?")
    expect(page.get_by_label("They live in one of")).to_be_focused()
    page.get_by_label("They live in one of").fill("north")
    page.get_by_label("Not: everybody for whom this group does not hold").check()
    pressed(page, "How many are they?")
    expect(page.get_by_role("status")).to_contain_text("2 people right now")
    expect(page.get_by_role("status")).to_be_focused()
    pressed(page, "Save")
    expect(page.locator("h1")).to_have_text("north")
    with served.api.db.reading() as connection:
        assert audiences.get(connection, "north").typed() == parse_text("area = north and not balance > 50")

    for options in ({"color_scheme": "dark"}, {"extra_http_headers": {"Accept-Language": "ar-XB"}}):
        seen = window(viewport=PHONE, **options)
        served.enter(seen, f"look{len(options)}{next(iter(options))[0]}", Role.AUTHOR)
        look = seen.new_page()
        look.goto(f"{served.base}/console/audiences/north")
        look.locator("[id='audience-c.1.number']").fill("many")
        with look.expect_navigation():
            look.locator("button[value='group:c']").click()
        with look.expect_navigation():
            look.locator("button[value=count]:visible").click()
        assert look.locator(".wrong").count() == 2
        assert axe(look) == []
        assert not look.evaluate(SIDEWAYS)
