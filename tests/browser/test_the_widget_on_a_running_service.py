"""The whole way: a database, `clarion serve`, a browser."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from app.domain.crisis import Severity
from app.store.database import Database
from tests.live import until
from tests.serving import serving, told
from tests.unit.site.world import open_crisis, open_house, say, words


def test_a_live_page_is_told_without_asking(page: Page, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/clarion.db"
    with serving(told(url, tmp_path / "site"), tmp_path / "log") as service, closing(Database(url)) as database:
        open_house(database, datetime.now(UTC))
        until(lambda: page.request.get(f"{service.base}/site/main/banner.json").ok)
        tag = f'<script async src="{service.base}/site/widget.js" data-site="main" data-live></script>'
        html = f'<!doctype html><html lang="gu"><title>Shop</title>{tag}<main><h1>Shop</h1></main></html>'

        def shop(route: Route) -> None:
            route.fulfill(body=html, headers={"content-type": "text/html; charset=utf-8"})

        page.route("**/shop", shop)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
        with page.expect_response("**/site/main/live*"):
            page.goto(f"{service.base}/shop")
        before = asked.count("banner.json")
        open_crisis(database, severity=Severity.EMERGENCY)
        say(database, at=datetime.now(UTC), content={"en": words(), "gu": words("વીજળી નથી")})
        expect(page.locator(".card.popup h2")).to_have_text("વીજળી નથી")
        assert asked.count("banner.json") == before
        page.goto("about:blank")
