"""Is this message from us? Every text we handed to a provider, word for word: the pages below /{lang}/messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.domain.cldr import language_name
from app.domain.snapshot import File
from app.domain.texts import direction
from app.publishing.chapters import Chapter, Mention
from app.publishing.monthly import Sheet, months_view, sheets, turning_view
from app.publishing.pages import CHECK, Frame, Render
from app.publishing.picture import Picture
from app.publishing.reuse import Kept
from app.publishing.tongue import Tongue, View
from app.publishing.update_views import STANDING_WORDS
from app.store.said import SaidRow

MOST_ON_A_PAGE: Final = 20
MARKS: Final = ("name", "manage_url")
"""Personal fields that texts are handed over with, and the words that stand for them here."""


_ORDER: Final = ("sms", "push", "chat", "voice", "social", "email")
"""Short texts first: they are what swindlers imitate most."""


@dataclass(frozen=True, slots=True)
class Entry:
    mention: Mention
    chapter: Chapter


def entries(told: Iterable[Chapter]) -> tuple[Entry, ...]:
    """Every announcement, the newest first."""
    found = [Entry(mention, chapter) for chapter in told for mention in chapter.mentions]
    return tuple(sorted(found, key=lambda one: (one.mention.sent_at, one.mention.id), reverse=True))


def cut(told: Iterable[Chapter], counts: Mapping[int, int], timezone: str) -> tuple[Sheet[Entry], ...]:
    """`counts`: of the texts of each announcement; a page is another one when there are more."""

    def facts(one: Entry) -> object:
        mention = one.mention
        said = counts.get(mention.id, 0)
        return mention.id, mention.revision, mention.standing.value, said, sorted(one.chapter.titles.items())

    return sheets(entries(told), lambda one: one.mention.sent_at, facts, timezone, MOST_ON_A_PAGE)


def stale(frames: Sequence[Frame], every: Sequence[Sheet[Entry]], kept: Kept) -> list[Sheet[Entry]]:
    """The sheets whose pages are not as they should be; the first one is always made anew."""
    return [
        sheet
        for place, sheet in enumerate(every)
        if place == 0
        or not all(kept.holds(frame.path(f"{CHECK}/{sheet.address}"), kept.source(sheet.stamp)) for frame in frames)
    ]


def check_pages(
    frame: Frame,
    render: Render,
    every: Sequence[Sheet[Entry]],
    picture: Picture,
    kept: Kept,
    contact: list[View],
) -> Iterator[File]:
    """What can be made: of a sheet whose texts were not read the old page stands, if there is one."""
    months = months_view(frame.tongue, every, frame.href(CHECK))
    yield _page(frame, render, CHECK, every[0] if every else None, picture.said, months, contact)
    for sheet in every:
        page = f"{CHECK}/{sheet.address}"
        wanted = kept.source(sheet.stamp)
        read = all(one.mention.id in picture.listed for one in sheet.entries)
        if not read and not kept.holds(frame.path(page), wanted):
            yield from kept.old([frame.path(page)])
            continue
        resting = frame.at(max(one.mention.changed_at for one in sheet.entries))
        yield kept.or_make(
            frame.path(page),
            wanted,
            lambda page=page, sheet=sheet, frame=resting: _page(  # type: ignore[misc]
                frame, render, page, sheet, picture.said, [], []
            ),
        )


def _page(
    frame: Frame,
    render: Render,
    page: str,
    sheet: Sheet[Entry] | None,
    said: Mapping[int, tuple[SaidRow, ...]],
    months: list[View],
    contact: list[View],
) -> File:
    tongue = frame.tongue
    days = groupby(sheet.entries if sheet else (), key=lambda one: tongue.date(one.mention.sent_at))
    variables = frame.variables(
        page,
        tongue.say("check"),
        tongue.say("check_intro"),
        address=f"{frame.public_base}/",
        link_note=tongue.say("check_link").partition("{address}"),
        days=[
            {"day": day, "messages": [_entry(frame, one, said.get(one.mention.id, ())) for one in members]}
            for day, members in days
        ],
        month=tongue.month(sheet.at) if sheet else "",
        first=page == CHECK,
        months=months,
        turning=turning_view(sheet, frame.href(CHECK)) if sheet else {"older": "", "newer": ""},
        contact=contact,
    )
    return frame.file(page, render("site/messages.html", variables))


def _entry(frame: Frame, one: Entry, texts: Sequence[SaidRow]) -> View:
    tongue, mention = frame.tongue, one.mention
    shown = sorted((row for row in texts if _belongs(row.language, frame)), key=lambda row: _ORDER.index(row.medium))
    elsewhere = dict.fromkeys(row.language for row in texts if row not in shown)
    note = STANDING_WORDS[mention.standing]
    return {
        "anchor": f"u{mention.id}",
        "title": tongue.text(one.chapter.titles),
        "stage_word": tongue.say(f"stage_{mention.stage.value}"),
        "sent": tongue.moment(mention.sent_at),
        "note": tongue.say(note) if note else "",
        "href": f"{frame.href('crises/')}{mention.crisis}#u{mention.id}",
        "texts": [_text(tongue, row) for row in shown],
        "elsewhere": [
            {
                "lang": language,
                "dir": direction(language),
                "name": language_name(language, language),
                "href": f"{frame.href(CHECK, _page_language(language, frame))}#u{mention.id}",
            }
            for language in elsewhere
        ],
    }


def _page_language(language: str, frame: Frame) -> str:
    return language if language in frame.languages else language.split("-", maxsplit=1)[0]


def _belongs(language: str, frame: Frame) -> bool:
    """Whether a text stands on this page: it is in its language, or in one that has no pages."""
    own = _page_language(language, frame)
    return own == frame.tongue.language or own not in frame.languages


def _text(tongue: Tongue, row: SaidRow) -> View:
    return {
        "medium": row.medium,
        "medium_word": tongue.say(f"medium_{row.medium}"),
        "lang": row.language,
        "dir": direction(row.language),
        "foreign": row.language != tongue.language,
        "language": language_name(row.language, tongue.language),
        "subject": _named(tongue, row.subject),
        "text": _named(tongue, row.text),
    }


def _named(tongue: Tongue, text: str) -> str:
    for mark in MARKS:
        text = text.replace(f"-{mark}-", tongue.say(f"mark_{mark}"))
    return text
