"""Whoever answers customers hears first what they will have been told, and what they may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.reading import iso
from app.domain.staff_notices import Notice, NoticeKind
from app.domain.texts import pick
from app.store import crises, staff
from app.store.updates import UpdateRow
from app.usecases.tell_staff import tell_staff


def tell_agents(tx: Connection, row: UpdateRow, places: Sequence[str], release: datetime, now: datetime) -> int | None:
    """Within the transaction that sends: to every place of staff at these endpoints, once for each revision.

    The notice; None without a place. The words are those of the organisation's English, else of the first language.
    """
    there = [one for one in staff.recipients(tx) if one.endpoint in places]
    content: Mapping[str, Any] = row.document.get("content") or {}
    if not there or not content:
        return None
    words = content.get("en") or next(iter(content.values()))
    crisis = crises.get(tx, row.crisis)
    options = [str(one.get("text") or "") for one in words.get("options") or ()]
    answers = [words.get("duration"), words.get("explanation"), *options, words.get("reassurance")]
    details = {
        "title": pick(crisis.titles, "en")[0],
        "headline": str(words.get("headline") or ""),
        "impact": str(words.get("impact") or ""),
        "answers": " ".join(str(one) for one in answers if one) or "–",
        "at": iso(release),
        "path": f"/updates/{row.id}",
    }
    notice = Notice(NoticeKind.SAID_SOON, str(row.id), str(row.revision), crisis.severity, details)
    return tell_staff(tx, notice, now, there)
