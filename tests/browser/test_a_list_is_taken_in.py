"""Somebody takes in a list in a real browser: columns to confirm, a trial, progress, what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.imports import ImportState
from app.domain.principals import Role
from app.store.database import Database
from app.store.migrate import SCHEMA
from app.usecases.manage_imports import carry_on
from tests.browser.conftest import Axe
from tests.browser.serving import Served, serving

Window = Callable[..., BrowserContext]
SHEET = "Customer No;Mobile;Full name;Notes\n" + "".join(
    f"{n};{'12' if n % 20 == 0 else f'+4479{n:08d}'};Person {n};x\n" for n in range(1, 601)
)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    url = f"sqlite:///{tmp_path / 'clarion.db'}"
    database = Database(url)
    with database.writing() as tx:
        SCHEMA.create_all(tx)
    with serving(database, url, tmp_path / "site") as opened:
        yield opened
    database.close()


def test_a_list_is_tried_watched_and_taken_in(served: Served, window: Window, axe: Axe, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(SHEET, encoding="utf-8")
    opened = window(viewport={"width": 360, "height": 700}, accept_downloads=True)
    served.enter(opened, "asha", Role.AUTHOR)
    page = opened.new_page()
    page.goto(f"{served.base}/console/imports")
    assert axe(page) == []
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Look at its columns").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("people.csv")
    expect(page.get_by_label("Mobile")).to_have_value("phone")
    page.get_by_label("Notes").select_option(label="leave it out")
    assert axe(page) == []
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_text("Waits for its turn.")).to_be_visible()
    assert axe(page) == []
    assert _process(served) is ImportState.TRIED
    page.get_by_role("link", name="It has come to its end").click()  # the page asked by itself
    expect(page.get_by_text("Nobody was changed.")).to_be_visible()
    expect(page.get_by_role("cell", name="This is not a telephone number.")).to_have_count(20)
    assert axe(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="All of them as a file (CSV)").click()
    assert len(Path(download.value.path()).read_text("utf-8").splitlines()) == 1 + 600 // 20
    page.get_by_label("And now").select_option("import")
    page.get_by_role("button", name="Go", exact=True).click()
    _stops_and_goes_on(page)
    assert _process(served) is ImportState.DONE
    page.get_by_role("link", name="It has come to its end").click()
    expect(page.get_by_text("Taken in", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="570")).to_be_visible()


def _stops_and_goes_on(page: Page) -> None:
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("What was read so far is kept.")).to_be_visible()
    page.get_by_role("button", name="Go on from there").click()
    expect(page.get_by_text("Waits for its turn.")).to_be_visible()


def _process(served: Served) -> ImportState | None:
    """What the process beside the service does."""
    api = served.api
    return carry_on(api.db, api.wiring.keyring, api.clock.now(), lambda: None)
