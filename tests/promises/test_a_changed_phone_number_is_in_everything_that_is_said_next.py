"""Change a phone number or opening hours once; the next message, the banner, the contact page and the feeds show it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.database import Database
from tests.live import Live, open_live, until, written

OLD, NEW = "+442071838750", "+442071838759"
PLACES = ("/en/", "/en/contact", "/en/crises/outage", "/site/main/banner.json", "/feed.atom", "/feed.json")


@pytest.fixture
def live(database: Database, database_url: str, tmp_path: Path) -> Iterator[Live]:
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        live.api.done(live.api.post("approver", "/sites", json={"slug": "main", "languages": ["en"]}))
        for slug, channel in (("texts", "outbox.sms"), ("mail", "outbox.email"), ("posts", "outbox.social")):
            live.endpoint(slug, channel, {"directory": str(tmp_path / "outbox")})
        yield live


def said(live: Live, folder: Path) -> list[str]:
    """The texts of one more broadcast, one for each medium."""
    live.broadcast(live.draft(endpoints=["texts", "mail", "posts"]))
    texts = [each["text"] for each in written(folder)]
    for file in folder.glob("*.ndjson"):
        file.unlink()
    assert len(texts) >= 3
    return texts


def test_a_changed_number_and_changed_hours_show_everywhere(live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    assert all(OLD in text for text in said(live, folder))
    until(lambda: all(OLD in live.page(place) for place in PLACES))
    # The people's own numbers look alike, so only the contact channel's is counted.
    phone = live.api.done(live.api.get("approver", "/contact-channels/phone"))
    changed = {**phone, "address": NEW, "hours": "Mo-Su 06:30-23:45", "timezone": "Europe/London"}
    live.api.done(live.api.put("approver", "/contact-channels/phone", json=changed))
    until(lambda: all(NEW in live.page(place) and OLD not in live.page(place) for place in PLACES))
    assert "6:30" in live.page("/en/contact")
    assert "11:45" in live.page("/en/contact")
    texts = said(live, folder)
    assert all(NEW in text and OLD not in text for text in texts)


def test_a_channel_that_is_down_gives_way_to_another_in_the_next_message(live: Live, tmp_path: Path) -> None:
    desk = {"slug": "desk", "kind": "phone", "address": NEW, "names": {"en": "Desk"}}
    live.api.done(live.api.post("approver", "/contact-channels", json=desk))
    rule = {"slug": "any", "need": "emergency", "contact_channels": ["phone", "desk"]}
    live.api.done(live.api.put("approver", "/routing-rules/any", json=rule))
    folder = tmp_path / "outbox"
    assert all(OLD in text for text in said(live, folder))
    phone = live.api.done(live.api.get("approver", "/contact-channels/phone"))
    down = {**phone, "status": "down", "status_reasons": {"en": "The line is cut."}}
    live.api.done(live.api.put("approver", "/contact-channels/phone", json=down))
    assert all(NEW in text and OLD not in text for text in said(live, folder))
    until(lambda: "The line is cut." in live.page("/en/contact"))
