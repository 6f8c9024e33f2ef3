"""Which text of an update goes to how many, and who of its audience gets none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.consent import ORDINARY
from app.domain.content import Content
from app.domain.message import Medium
from app.domain.texts import direction
from app.domain.updates import UpdateDocument
from app.store import crises, staging, updates
from app.store.updates import UpdateRow
from app.usecases.list_left_out import left_out_page
from app.usecases.measure_reach import measure_reach

screens = Screens()
ON_A_PAGE: Final = 50
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
    """How many by reason, and those who read none of its languages one by one."""
    context = visit.context
    with context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        crisis = crises.get(connection, row.crisis)
    measured = measure_reach(context.db, row, visit.now)
    page = left_out_page(context.db, row.id, visit.query("cursor"), ON_A_PAGE)
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
    )
