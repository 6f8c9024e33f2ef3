"""How long after `send` the new words are visible: at the origin, and in a real browser that polls or follows live.

`python -m benchmarks.visible --way origin|polling|live --people CHANGES`: so many approved updates of an emergency are
sent over the API, one after the other, to a `clarion serve` in a process of its own. Milliseconds from the request.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from app.domain.principals import Role
from app.usecases.decide_update import approve_update
from app.usecases.draft_update import create_draft
from app.usecases.stage_update import stage_update
from app.usecases.submit_update import submit_update
from app.wiring import Wiring
from benchmarks import one, website

LONGEST: Final = 60.0
BOUNDS: Final = {"origin": 1_000, "polling": 17_000, "live": 1_000}
"""Milliseconds the 99th percentile may be; of few changes, the longest."""
SHOP: Final = "/shop"
"""A page of the benchmark on the service's own address: no proxy, no name to resolve."""

Seen = Callable[[str], None]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", choices=BOUNDS, required=True)
    parser.add_argument("--people", type=int, required=True, help="changes")
    parser.add_argument("--ports", type=Path, help="not used: no provider takes part")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as directory:
        print(json.dumps(_measure(given.way, given.people, Path(directory))))


def _measure(way: str, changes: int, directory: Path) -> dict[str, Any]:
    wired = website.sample(directory)
    one.seed(wired, 1, one.CHANNELS["sms"][2])
    wired.publisher.publish(wired.clock.now())
    secret = website.token(wired, Role.ADMIN, 1)
    updates = [_approved(wired, number) for number in range(changes)]
    wired.db.close()
    with website.serving(directory) as running, _watching(way, running.base) as seen:
        waits = [_send(running.base, secret, update, number, seen) for number, update in enumerate(updates)]
    p99 = round(statistics.quantiles(waits, n=100, method="inclusive")[98])
    return {
        "people": changes,
        "median_ms": round(statistics.median(waits)),
        "p99_ms": p99,
        "most_ms": round(max(waits)),
        "not_met": [f"{p99} ms, bound {BOUNDS[way]}"] if p99 > BOUNDS[way] else [],
    }


def _approved(wired: Wiring, number: int) -> int:
    now = wired.clock.now()
    document = {
        **website.update(number),
        "expires_at": (now + timedelta(hours=3)).isoformat(),
        "placements": {"banner": {}},
    }
    row = create_draft(wired.db, one.AUTHOR, "flood", document, now)
    submit_update(wired.db, one.AUTHOR, row.id, now, keyring=wired.keyring, check=lambda _: ())
    staged = stage_update(wired.db, row.id, wired.clock.now)
    approve_update(wired.db, one.APPROVER, row.id, staged.recipients or 0, now)
    return row.id


def _send(base: str, secret: str, update: int, number: int, seen: Seen) -> float:
    started = time.monotonic()
    website.post(base, secret, f"/updates/{update}/send", {})
    seen(_headline(number))
    waited = (time.monotonic() - started) * 1_000
    time.sleep(0.3)  # so that a change never finds the one before it still being written
    return waited


def _headline(number: int) -> str:
    return str(website.update(number)["content"]["en"]["headline"])


@contextmanager
def _watching(way: str, base: str) -> Iterator[Seen]:
    if way == "origin":
        yield lambda headline: _at_the_origin(base, headline)
        return
    from playwright.sync_api import sync_playwright

    tag = f'<script async src="{base}/site/widget.js" data-site="main"{" data-live" if way == "live" else ""}></script>'
    with sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        page = browser.new_page(locale="en-GB")
        html = f'<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>{tag}</html>'
        page.route(f"{base}{SHOP}", lambda route: route.fulfill(content_type="text/html", body=html))
        page.goto(f"{base}{SHOP}")
        page.wait_for_timeout(2_000)
        yield lambda headline: page.get_by_text(headline).first.wait_for(timeout=LONGEST * 1_000)
        browser.close()


def _at_the_origin(base: str, headline: str) -> None:
    deadline = time.monotonic() + LONGEST
    while headline not in json.dumps(website.fetch(f"{base}{website.BANNER}")):
        if time.monotonic() > deadline:
            raise SystemExit(f"“{headline}” was not visible within {LONGEST:.0f} s")


if __name__ == "__main__":
    main()
