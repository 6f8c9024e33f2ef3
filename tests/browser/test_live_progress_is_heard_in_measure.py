"""A minute of live progress as a screen reader has it: numbers move all the time, tenths of the way are said once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import text

from app.console import looks, updates
from app.domain.principals import Role
from app.domain.reading import iso
from tests.browser.console_data import furnished
from tests.browser.serving import Served

Window = Callable[..., BrowserContext]
BEATS = 60
PEOPLE = 6_000
BEGIN = "UPDATE shard SET size = :size WHERE broadcast = (SELECT max(id) FROM broadcast)"
MOVE = """UPDATE shard SET admitted = :done, accepted = :done
  WHERE broadcast = (SELECT max(id) FROM broadcast)"""
LISTEN = """() => {
    window.moved = 0; window.heard = [];
    const said = document.querySelector("[sse-swap=said]");
    const watch = (element, act) => new MutationObserver(act).observe(element, {childList: true, subtree: true});
    watch(document.querySelector("#progress"), () => { window.moved += 1; });
    watch(said, () => window.heard.push(said.textContent.trim()));
}"""


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """With a beat of a twentieth of a second, so that a minute's beats take some seconds."""
    monkeypatch.setattr(updates, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(looks, "FRESH_SECONDS", 0.0)
    with furnished(tmp_path_factory.mktemp("heard")) as opened:
        yield opened


def test_a_minute_of_progress_is_said_in_tenths_and_nothing_else_is_live(served: Served, window: Window) -> None:
    api = served.api
    update = api.draft(expires_at=iso(api.clock.now() + timedelta(hours=3)))
    api.submit(update)
    api.done(api.post("approver", f"/updates/{update}/approve", json={"count": 4}))
    api.done(api.post("author", f"/updates/{update}/send"))
    _run(served, BEGIN, size=PEOPLE // 2)
    opened = window()
    served.enter(opened, "viewer", Role.VIEWER)
    page = opened.new_page()
    page.goto(f"{served.base}/console/updates/{update}")
    expect(page.locator("#progress")).to_contain_text("6,000 waiting")
    page.evaluate(LISTEN)
    for beat in range(1, BEATS + 1):
        done = PEOPLE // 2 * beat // (BEATS + 1)
        _run(served, MOVE, done=done)
        expect(page.locator("#progress")).to_contain_text(f"{2 * done:,} out")
    moved, heard = page.evaluate("[window.moved, window.heard]")
    assert moved >= BEATS
    assert 1 <= len(heard) <= 10, heard
    assert len(set(heard)) == len(heard)
    live = "element => element.closest('[aria-live], [role=status], [role=alert], [role=log]')"
    assert page.locator("#progress").evaluate(live) is None
    tree = opened.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    regions = [node for node in tree if node.get("role", {}).get("value") == "status" and not node["ignored"]]
    assert len(regions) == 1


def _run(served: Served, statement: str, **values: int) -> None:
    with served.api.db.writing() as tx:
        tx.execute(text(statement), values)
