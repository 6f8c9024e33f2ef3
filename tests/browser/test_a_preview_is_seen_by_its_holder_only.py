"""The signed link on a real page, from the real service: the holder sees the draft, the next visitor does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Route, expect

from app.store.database import Database
from tests.browser.serving import serving

Window = Callable[..., BrowserContext]


def test_the_holder_sees_the_draft_marked_as_one_and_nobody_else_does(
    window: Window, database: Database, database_url: str, tmp_path: Path
) -> None:
    with serving(database, database_url, tmp_path / "site") as service:
        api = service.api
        api.prepare()
        api.done(api.post("approver", "/sites", json={"slug": "main", "origins": [service.base], "languages": ["en"]}))
        link = api.done(api.post("author", f"/updates/{api.draft()}/preview-links", json={"site": "main"}))
        api.wiring.publisher.publish(api.clock.now())
        tag = f'<script async src="{service.base}/site/widget.js" data-site="main"></script>'

        def shop(route: Route) -> None:
            html = f'<!doctype html><html lang="en"><title>Shop</title>{tag}<main><h1>Shop</h1></main></html>'
            route.fulfill(body=html, headers={"content-type": "text/html; charset=utf-8"})

        holder, visitor = window().new_page(), window().new_page()
        for page in (holder, visitor):
            page.route("**/shop*", shop)
        holder.goto(f"{service.base}/shop#clarion-preview={link['token']}")
        card = holder.locator("clarion-banner .card.preview").first
        expect(card).to_contain_text("Power is out in the north")
        expect(card).to_contain_text("Preview", ignore_case=True)
        with visitor.expect_response("**/site/main/banner.json"):
            visitor.goto(f"{service.base}/shop")
        expect(visitor.get_by_text("Power is out in the north")).to_have_count(0)
        api.done(api.post("author", f"/preview-links/{link['id']}/revoke"))
        with holder.expect_response(f"**/{link['token']}.json") as answered:
            holder.reload()
        assert answered.value.status == 404
        expect(holder.get_by_text("Power is out in the north")).to_have_count(0)
