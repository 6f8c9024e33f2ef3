"""Pictures of the console's main pages for the documentation: `make screenshots`, on the data of the demo.

The demo's database is copied, so nothing of it changes. An author with a phone and an approver at a desk play the first
minutes of a crisis; each page they come to is photographed. Pictures are written to docs/images/.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import text

from app.domain.crisis import Stage
from app.domain.principals import HOST, Actor, Role
from app.observe import configure_logging
from app.store import users
from app.store.database import Database
from app.usecases.begin_blank import begin_next
from app.usecases.decide_update import approve_update
from app.usecases.stage_update import stage_update
from tests.architecture.tree import ROOT
from tests.browser.conftest import QUIET
from tests.browser.serving import Served, serving
from tests.programs import program

DEMO: Final = ROOT / "data" / "demo" / "clarion.db"
PICTURES: Final = ROOT / "docs" / "images"
PHONE: Final = {"width": 390, "height": 780}
DESK: Final = {"width": 1120, "height": 760}
LARGEST: Final = 150_000
"""Bytes of one picture."""
PARTLY: Final = (
    """UPDATE shard SET admitted = size, accepted = size WHERE broadcast = (SELECT max(id) FROM broadcast)""",
    """UPDATE shard SET admitted = size * 6 / 10, accepted = size * 58 / 100, failed = size / 100
  WHERE broadcast = (SELECT max(id) FROM broadcast) AND size > 1""",
)
"""Site, social networks and partners are told; texts and letters are on their way."""
WORDS: Final = {
    "headline": "Service in Riverside should be back by 18:00",
    "acknowledgement": "We know this comes at a bad moment, and we apologise.",
    "impact": "You may be unable to go online or make calls.",
    "duration": "Until 18:00.",
}


def main() -> int:
    if not DEMO.exists():
        raise SystemExit("The demo has not been played: make demo")
    configure_logging("ERROR")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with _served() as served, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program("chromium"), args=list(QUIET))
        _play(served, browser)
        browser.close()
    too_large = [path.name for path in PICTURES.glob("*.png") if path.stat().st_size > LARGEST]
    sys.stdout.write(
        "".join(f"{path.name}: {path.stat().st_size // 1000} KB\n" for path in sorted(PICTURES.glob("*.png")))
    )
    return 1 if too_large else 0


@contextmanager
def _served() -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="clarion-pictures-") as folder:
        copy = Path(folder) / "clarion.db"
        shutil.copy(DEMO, copy)
        database = Database(f"sqlite:///{copy}")
        with serving(database, f"sqlite:///{copy}", Path(folder) / "site") as opened:
            yield opened
        database.close()


def _play(served: Served, browser: Browser) -> None:
    author = _person(served, browser, "author", Role.AUTHOR, PHONE)
    approver = _person(served, browser, "approver", Role.APPROVER, DESK)
    author.goto(f"{served.base}/console/declare/service-outage")
    _answer(author)
    author.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    _photograph(author, "declare")
    author.get_by_role("button", name="Make it and send it for approval").click()
    update = int(re.findall(r"/updates/(\d+)", author.url)[0])
    stage_update(served.api.db, update, served.api.clock.now)
    _photograph(author, "waits")
    approver.goto(f"{served.base}/console/")
    _photograph(approver, "now")
    approver.goto(f"{served.base}/console/updates/{update}/approve")
    _photograph(approver, "approve")
    api = served.api
    count = api.done(api.get("viewer", f"/updates/{update}"))["recipients"]
    with api.db.reading() as connection:
        second = users.by_name(connection, "approver").id
    approve_update(api.db, Actor("approver", Role.APPROVER, second, None), update, count, api.clock.now(), step_up=None)
    api.done(api.post("author", f"/updates/{update}/send"))
    with api.db.writing() as tx:
        for statement in PARTLY:
            tx.execute(text(statement))
    approver.goto(f"{served.base}/console/updates/{update}")
    _photograph(approver, "watch")
    _writing(served, update, approver)
    _others(served, author, approver)


def _others(served: Served, author: Page, approver: Page) -> None:
    author.goto(f"{served.base}/console/contact-channels/emergency-line")
    _photograph(author, "contact-channel")
    approver.goto(f"{served.base}/console/route?need=technical-issue&lang=gu&people=18000")
    _photograph(approver, "what-would-happen")
    approver.goto(f"{served.base}/console/playbooks/service-outage")
    _photograph(approver, "playbook")


def _writing(served: Served, update: int, desk: Page) -> None:
    """The next update, which takes its words from the playbook too."""
    crisis = served.api.get("viewer", f"/updates/{update}").json()["crisis"]
    row = begin_next(served.api.db, HOST, crisis, Stage.DETAILS, served.api.clock.now())
    desk.goto(f"{served.base}/console/updates/{row.id}/write")
    for name, words in WORDS.items():
        desk.locator(f"[name='content.en.{name}']").fill(words)
    desk.locator("[name='content.en.duration']").blur()
    expect(desk.locator("#previews")).to_contain_text(WORDS["headline"], timeout=60_000)
    for frame in desk.locator("#previews iframe").all():
        expect(frame.content_frame.locator("body")).not_to_be_empty(timeout=60_000)
    desk.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    _photograph(desk, "write")


def _answer(page: Page) -> None:
    """The first choice of every question, and something in every gap."""
    for question in page.locator("form fieldset:has(input[type=radio])").all():
        question.locator("input[type=radio]").first.check()
    words = {"place": "Riverside", "customers": "18600", "duration": "2h"}
    for field in page.locator("form input[name^=var-], form input[name^=answer-]:not([type=radio])").all():
        name = str(field.get_attribute("name")).partition("-")[2]
        at_time = field.get_attribute("type") == "datetime-local"
        usual = "18600" if field.get_attribute("inputmode") == "numeric" else "The line is cut"
        field.fill("2026-11-22T18:00" if at_time else words.get(name, usual))


def _person(served: Served, browser: Browser, name: str, role: Role, size: dict[str, int]) -> Page:
    window = browser.new_context(viewport=size, reduced_motion="reduce", color_scheme="light")  # type: ignore[arg-type]  # a size
    served.enter(window, name, role)
    return window.new_page()


def _photograph(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    sys.exit(main())
