"""A real browser follows a real process: words come over the stream alone, and again after the process was killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from app.store.database import Database
from tests.live import until
from tests.patience import PATIENCE
from tests.serving import kept, migrated, serving, told
from tests.unit.site.world import open_crisis, open_house, say, words

PAGE = "/shop"
SLOWLY = PATIENCE * 1000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated(tmp_path) as found:
        yield found


def say_now(database: Database, headline: str) -> None:
    say(database, at=datetime.now(UTC), content={"en": words(headline)}, placements={"banner": {}})


def cut_off(route: Route) -> None:
    route.abort()


def published(base: str) -> bool:
    try:
        with urlopen(f"{base}/site/main/banner.json", timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def shop(page: Page, base: str) -> None:
    until(lambda: published(base))
    tag = f'<script async src="{base}/site/widget.js" data-site="main" data-live></script>'
    html = f'<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>{tag}</html>'
    page.route(f"{base}{PAGE}", lambda route: route.fulfill(content_type="text/html", body=html))
    with page.expect_response(lambda answer: "/site/main/live" in answer.url, timeout=SLOWLY) as followed:
        page.goto(f"{base}{PAGE}")
    assert followed.value.headers["content-encoding"] == "gzip"
    page.route("**/banner.json", cut_off)


def test_new_words_come_by_themselves_and_again_after_a_restart(
    window: Callable[..., BrowserContext], database: Database, tmp_path: Path
) -> None:
    open_house(database, datetime.now(UTC))
    open_crisis(database)
    environment = told(f"sqlite:///{tmp_path}/clarion.db", tmp_path / "site")
    page = window().new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    with serving(environment, tmp_path / "first.log") as process:
        shop(page, process.base)
        say_now(database, "Water is brown in Adajan")
        expect(page.get_by_text("Water is brown in Adajan").first).to_be_visible(timeout=SLOWLY)
        port = urlsplit(process.base).port or 0
        process.kill()
    with kept(port):
        say_now(database, "Boil the water in Adajan")
        with serving(environment, tmp_path / "second.log", port=port):
            expect(page.get_by_text("Boil the water in Adajan").first).to_be_visible(timeout=SLOWLY)
    assert thrown == []
