"""Every crisis there ever was, by the month in which it began: the pages below /{lang}/history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from app.domain.snapshot import File
from app.publishing.chapters import Chapter
from app.publishing.monthly import Sheet, months_view, sheets, turning_view
from app.publishing.pages import HISTORY, Frame, Render
from app.publishing.reuse import Kept
from app.publishing.tongue import Tongue, View

MOST_ON_A_PAGE: Final = 50
RECENT: Final = 10
"""On the status page."""


def chapter_view(tongue: Tongue, chapter: Chapter, prefix: str) -> View:
    """One line of the history, without any words of its messages."""
    began, last = tongue.dated(chapter.began_at), tongue.dated(chapter.last_at)
    return {
        "href": f"{prefix}/{tongue.language}/crises/{chapter.slug}",
        "title": tongue.text(chapter.titles),
        "severity": chapter.severity.value,
        "severity_word": tongue.say(f"severity_{chapter.severity.value}"),
        "current": chapter.current,
        "state": tongue.say("in_force" if chapter.current else "finished"),
        "began": began,
        "last": last if last["text"] != began["text"] else None,
        "count": tongue.say("messages_count", count=tongue.number(len(chapter.mentions))),
    }


def recent(tongue: Tongue, told: Sequence[Chapter], prefix: str) -> list[View]:
    """What is over, the newest first."""
    over = (chapter for chapter in told if not chapter.current)
    return [chapter_view(tongue, chapter, prefix) for chapter, _ in zip(over, range(RECENT), strict=False)]


def cut(told: Sequence[Chapter], timezone: str) -> tuple[Sheet[Chapter], ...]:
    newest_first = sorted(told, key=lambda one: (one.began_at, one.slug), reverse=True)
    return sheets(
        newest_first, lambda one: one.began_at, lambda one: (one.slug, one.stamp, one.current), timezone, MOST_ON_A_PAGE
    )


def history_pages(frame: Frame, render: Render, sheets: Sequence[Sheet[Chapter]], kept: Kept) -> Iterator[File]:
    """The page of the newest month with the list of all months, then one page or more for each month."""
    yield _page(
        frame, render, HISTORY, sheets[0] if sheets else None, months_view(frame.tongue, sheets, frame.href(HISTORY))
    )
    for sheet in sheets:
        page = f"{HISTORY}/{sheet.address}"
        yield kept.or_make(
            frame.path(page),
            kept.source(sheet.stamp),
            lambda page=page, sheet=sheet: _page(_resting(frame, sheet), render, page, sheet, []),  # type: ignore[misc]
        )


def _resting(frame: Frame, sheet: Sheet[Chapter]) -> Frame:
    """As of the last change of what is on it: this page stands until the next one."""
    return frame.at(max(one.changed_at for one in sheet.entries))


def _page(frame: Frame, render: Render, page: str, sheet: Sheet[Chapter] | None, months: list[View]) -> File:
    tongue = frame.tongue
    title = tongue.say("history_title")
    if sheet is not None and page != HISTORY:
        title = tongue.say("history_of", month=tongue.month(sheet.at))
    entries = sheet.entries if sheet else ()
    variables = frame.variables(
        page,
        title,
        heading=title,
        month=tongue.month(sheet.at) if sheet else "",
        entries=[chapter_view(tongue, chapter, frame.prefix) for chapter in entries],
        months=months,
        turning=turning_view(sheet, frame.href(HISTORY)) if sheet else {"older": "", "newer": ""},
    )
    return frame.file(page, render("site/history.html", variables))
