"""Small snapshots to serve and to write."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.snapshot import HTML, JSON, File, Snapshot

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BANNER = "site/main/banner.json"


def snapshot(seq: int, *, text: str = "Power is out in Adajan.", at: datetime = AT) -> Snapshot:
    """A page, a "no such page" page and a banner that all name `seq`, so that a mixture shows."""
    page = f'<!doctype html><html lang="en"><title>{seq}</title><p>{text} {"filler " * 60}</p></html>'
    files = [
        File("index.html", page.encode(), HTML, language="en"),
        File("en/index.html", page.encode(), HTML, language="en"),
        File("en/contact/index.html", page.encode(), HTML, language="en"),
        File("en/404.html", b"<!doctype html><title>No such page</title>", HTML, language="en"),
        File(BANNER, f'{{"seq": {seq}, "text": "{text}", "end": {seq}}}'.encode(), JSON),
    ]
    return Snapshot(seq, at, {file.path: file for file in files})
