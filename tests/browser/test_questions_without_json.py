"""On a small phone and without any script: a playbook gets questions of its own, and an open crisis is called worse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from app.domain.principals import HOST, Role
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.save_document import save_document
from tests.architecture.tree import ROOT
from tests.browser.conftest import Axe
from tests.browser.serving import Served, serving

PHONE = {"width": 360, "height": 740}
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def served(database: Database, database_url: str, tmp_path: Path) -> Iterator[Served]:
    with serving(database, database_url, tmp_path / "site") as served:
        served.api.prepare()
        playbook = json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8"))
        save_document(database, HOST, Kind.PLAYBOOK, "service-outage", playbook, 0, served.api.clock.now())
        yield served


def test_questions_are_made_and_a_crisis_is_called_worse(
    served: Served, window: Callable[..., BrowserContext], axe: Axe
) -> None:
    plain = window(viewport=PHONE, java_script_enabled=False)
    served.enter(plain, "ada", Role.ADMIN)
    page = plain.new_page()
    page.goto(f"{served.base}/console/playbooks/service-outage/tree?copy=default")
    page.get_by_role("button", name="Add a question", exact=True).focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("[name='questions[7].kind']")).to_be_focused()
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator("[name='questions[7].texts.en']")).to_be_visible()
    expect(page.locator("[name='questions[7].texts.en']")).to_have_attribute("aria-invalid", "true")
    look = window(viewport=PHONE)  # what looks for faults is a script itself
    served.enter(look, "eve", Role.ADMIN)
    page = look.new_page()
    page.goto(f"{served.base}/console/playbooks/service-outage/tree?copy=default")
    with page.expect_navigation():
        page.get_by_role("button", name="Add a question", exact=True).click()
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).first.click()
    assert not page.evaluate(SIDEWAYS)
    assert axe(page) == []
    page.goto(f"{served.base}/console/crises/outage")
    page.get_by_text("It is worse, or less bad").click()
    assert not page.evaluate(SIDEWAYS)
    assert axe(page) == []
    page.get_by_label("How bad it is now").select_option("minor")
    page.get_by_label("What changed").fill("Half of the homes are back")
    with page.expect_navigation():
        page.get_by_role("button", name="Change it").click()
    expect(page.locator(".timeline li").first).to_contain_text("Minor")
