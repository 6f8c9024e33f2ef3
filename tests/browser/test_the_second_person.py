"""From "waits for approval" to "it is over" in a real browser: two people, a phone, the dark, right to left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.principals import Role
from app.store import documents
from app.store.database import Database
from app.store.documents import Kind
from app.store.migrate import SCHEMA
from tests.browser.conftest import Axe
from tests.browser.serving import Served, serving
from tests.faces import WORDS

Window = Callable[..., BrowserContext]
LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 700}},
    "dark": {"viewport": {"width": 1200, "height": 800}, "color_scheme": "dark"},
    "right to left": {"viewport": {"width": 360, "height": 800}, "extra_http_headers": {"Accept-Language": "ar-XB"}},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Update 1 was sent, 2 waits and differs from it, 3 is a drill that waits, 4 leaves with a long undo window."""
    folder = tmp_path_factory.mktemp("approving")
    url = f"sqlite:///{folder / 'clarion.db'}"
    database = Database(url)
    with database.writing() as tx:
        SCHEMA.create_all(tx)
    with serving(database, url, folder / "site") as opened:
        api, now = opened.api, opened.api.clock.now()
        api.prepare()
        sentences = {"holding": {"en": {**WORDS, "headline": "Power is out in {place}"}}}
        plan = {
            "slug": "plan", "names": {"en": "Power cut"}, "undo_seconds": 600, "canary": 1,
            "stages": sentences, "variables": {"place": "place"},
        }  # fmt: skip
        with api.db.writing() as tx:
            documents.save(tx, Kind.PLAYBOOK, "plan", plan, None)
        crisis = {"slug": "calm", "titles": {"en": "A calm one"}, "severity": "minor", "playbook": "plan"}
        api.done(api.post("author", "/crises", json=crisis))
        place = {"endpoint": "mail", "address": "duty@example.org", "person": "approver", "step": 1}
        api.done(api.put("admin", "/staff/recipients", json={"recipients": [place]}))
        later = {"expires_at": (now + timedelta(hours=3)).isoformat()}
        first = api.draft(**later)
        api.submit(first)
        api.done(api.post("approver", f"/updates/{first}/approve", json={"count": 4}))
        api.done(api.post("author", f"/updates/{first}/send"))
        api.submit(api.draft(content={"en": {**WORDS, "duration": "Until 20:00."}}, **later))
        api.submit(api.draft(drill=True, **later))
        calm = {"stage": "details", "audience": "everyone", "endpoints": ["texts"], "content": {"en": WORDS}, **later}
        api.done(api.post("author", "/crises/calm/updates", json={**calm, "need": "emergency"}))
        api.submit(4)
        yield opened
    database.close()


PAGES = (
    "/updates/2/approve", "/updates/3/approve", "/updates/2/alone", "/updates/2", "/updates/1", "/updates/1/deliveries",
    "/updates/2/first-word", "/crises/outage", "/holding", "/holding/plan",
)  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_the_second_person_are_open_to_everyone(served: Served, window: Window, axe: Axe, look: str) -> None:
    opened = window(**LOOKS[look])
    served.enter(opened, "admin", Role.ADMIN)
    page = opened.new_page()
    for path in PAGES:
        page.goto(f"{served.base}/console{path}")
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert axe(page) == [], path
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 1, f"{path} is wider than its window"


def test_the_second_person_approves_takes_it_back_and_lets_it_go_on_from_a_phone(
    served: Served, window: Window, axe: Axe
) -> None:
    opened = window(viewport={"width": 360, "height": 700})
    served.enter(opened, "approver", Role.APPROVER)
    page: Page = opened.new_page()
    page.goto(f"{served.base}/console/updates/4/approve?revision=1")
    expect(page.locator("figure.sample")).to_have_count(2)
    page.get_by_label("Type the number of recipients").fill("3")
    page.get_by_role("button", name="Approve and send to real people").click()
    wrong = page.get_by_label("Type the number of recipients")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    wrong.fill("2")
    page.keyboard.press("Enter")  # the careful one of the two buttons
    expect(page.get_by_role("status").first).to_contain_text("You approved it")
    page.get_by_role("button", name="Send it").click()
    seconds = page.locator("[data-seconds]")
    before = int(seconds.inner_text())
    assert 0 < before <= 600
    page.wait_for_function(
        "before => Number(document.querySelector('[data-seconds]').textContent) < before", arg=before
    )
    assert axe(page) == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").first).to_contain_text("nothing has left")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("status").first).to_contain_text("It goes on")


def test_somebody_who_opened_it_is_seen_by_the_author(served: Served, window: Window) -> None:
    author, second = window(), window()
    served.enter(author, "author", Role.AUTHOR)
    served.enter(second, "approver", Role.APPROVER)
    page, other = author.new_page(), second.new_page()
    page.goto(f"{served.base}/console/updates/2")
    expect(page.get_by_text("not seen yet")).to_be_visible()
    other.goto(f"{served.base}/console/updates/2/approve?revision=1")
    expect(other.locator("ins")).to_contain_text("20:00.")
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("not seen yet")).to_have_count(0)
