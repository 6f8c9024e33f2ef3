"""What came later in further languages belongs to the message it completes: one message, in more languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from app.domain.crisis import UpdateState
from app.publishing.chapters import is_out
from app.store.outlines import Outline
from app.store.said import SaidRow
from app.store.updates import UpdateRow


def whole(outlines: Iterable[Outline], at: datetime) -> list[Outline]:
    """Without what only completes others; a message counts a revision up for each language that came."""
    listed = list(outlines)
    came = [one for one in listed if one.completes is not None and _counts(one, at)]
    return [
        replace(one, revision=one.revision + sum(other.completes == one.id for other in came))
        for one in listed
        if one.completes is None
    ]


def whole_words(rows: Iterable[UpdateRow], at: datetime) -> list[UpdateRow]:
    """The same with their words: every language that is out."""
    listed = list(rows)
    came = [row for row in listed if row.completes is not None and _counts(row, at)]
    return [
        _completed(row, [other for other in came if other.completes == row.id]) for row in listed if not row.completes
    ]


def said_by(rows: Iterable[SaidRow], completes: Mapping[int, int]) -> list[SaidRow]:
    """Every text under the message it belongs to, in the order of messages."""
    found = [replace(row, update_id=completes.get(row.update_id, row.update_id)) for row in rows]
    return sorted(found, key=lambda row: (row.update_id, row.medium, row.language))


def _completed(row: UpdateRow, came: list[UpdateRow]) -> UpdateRow:
    if not came:
        return row
    content = dict(row.document["content"])
    for other in sorted(came, key=lambda one: one.id):
        content.update(other.document["content"])
    return replace(row, revision=row.revision + len(came), document={**row.document, "content": content})


def _counts(one: Outline | UpdateRow, at: datetime) -> bool:
    return is_out(one, at) and one.state is not UpdateState.CANCELLED
