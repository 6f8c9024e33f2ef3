"""Which text of an update goes to how many, and who of its audience gets none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response, StreamingResponse

from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.consent import ORDINARY
from app.domain.content import Content
from app.domain.csvout import lines
from app.domain.masking import mask
from app.domain.message import Medium
from app.domain.texts import direction
from app.domain.updates import UpdateDocument
from app.store import crises, staging, updates
from app.store.updates import UpdateRow
from app.usecases.list_left_out import left_out_page, silent_page
from app.usecases.measure_reach import measure_reach

screens = Screens()
ON_A_PAGE: Final = 50
IN_A_STEP: Final = 200
HEADER: Final = ("external_id", "languages", "area", "medium", "address", "reason")
Words = list[tuple[str, str, dict[str, object]]]


@dataclass(frozen=True, slots=True)
class OneText:
    """A text of an update, for everybody or for a part of its audience."""

    number: int
    """0 = the main one, n = the nth variant."""
    audience: str
    media: Mapping[Medium, int]
    """How many were listed for it; empty until somebody was."""
    languages: Mapping[str, int]
    contents: Words
    """(language, direction, words) of what it says itself; readers of other languages get the main text."""


def in_order(words: Mapping[str, Content], first: str) -> Words:
    """(language, direction, words), the reader's own language first."""
    languages = sorted(words, key=lambda code: (code != first, code != "en", code))
    return [(code, direction(code), words[code].to_document()) for code in languages]


def texts_of(connection: Connection, row: UpdateRow, document: UpdateDocument, first: str) -> list[OneText]:
    """The main text, then each variant; `listed` of the API, summed up per text."""
    media: dict[int, dict[Medium, int]] = {}
    languages: dict[int, dict[str, int]] = {}
    for one in staging.listed_of(connection, row.broadcast_id) if row.broadcast_id is not None else ():
        of_medium, of_language = media.setdefault(one.variant, {}), languages.setdefault(one.variant, {})
        of_medium[one.medium] = of_medium.get(one.medium, 0) + one.recipients
        of_language[one.language] = of_language.get(one.language, 0) + one.recipients
    contents = [document.content, *(variant.content for variant in document.variants)]
    return [
        OneText(
            number, document.audience_of(number), media.get(number, {}), languages.get(number, {}),
            in_order(words, first),
        )
        for number, words in enumerate(contents)
    ]  # fmt: skip


@screens.get("/updates/{update_id:int}/left-out", needs="read")
def left_out(visit: Visit) -> Response:
    """How many by reason, and one by one: who reads none of its languages, and who is not written to by a medium."""
    context = visit.context
    with context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        crisis = crises.get(connection, row.crisis)
    measured = measure_reach(context.db, row, visit.now)
    page = left_out_page(context.db, row.id, visit.query("cursor"), ON_A_PAGE)
    silent = silent_page(context.db, row.id, visit.query("after"), ON_A_PAGE)
    return visit.show(
        "left_out_people.html",
        row=row,
        crisis=crisis,
        drill=bool(row.document.get("drill")),
        left_out=measured.left_out if measured else {},
        unread=measured.unread if measured else {},
        asked_of=measured.asked if measured else ORDINARY,
        people=page.items,
        next_cursor=page.next_cursor,
        silent=[(one, mask(one.medium, one.address)) for one in silent.items],
        next_silent=silent.next_cursor,
    )


@screens.get("/updates/{update_id:int}/left-out.csv", needs="save_subscriber")
def left_out_file(visit: Visit) -> Response:
    """Everybody of both lists, a few hundred at a time; addresses masked, nothing a spreadsheet would run."""
    with visit.context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
    headers = {"Content-Disposition": f'attachment; filename="update-{row.id}-left-out.csv"'}
    return StreamingResponse(lines(HEADER, _cells(visit, row.id)), 200, headers, "text/csv; charset=utf-8")


def _cells(visit: Visit, update_id: int) -> Iterator[tuple[str, ...]]:
    db, cursor = visit.context.db, None
    while True:
        unread = left_out_page(db, update_id, cursor, IN_A_STEP)
        yield from ((one.external_id, " ".join(one.languages), one.area, "", "", "reads_none") for one in unread.items)
        cursor = unread.next_cursor
        if cursor is None:
            break
    while True:
        silent = silent_page(db, update_id, cursor, IN_A_STEP)
        for one in silent.items:
            shown = mask(one.medium, one.address)
            yield (one.external_id, " ".join(one.languages), one.area, one.medium.value, shown, one.reason)
        cursor = silent.next_cursor
        if cursor is None:
            return
