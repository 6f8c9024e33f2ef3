"""Everybody as a file that can be imported again and that no spreadsheet runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from app.domain.csvout import lines
from app.domain.listed_consent import CONSENT_COLUMNS, as_cells
from app.domain.principals import Actor, permit
from app.domain.subscribers import COLUMNS, KNOWN_COLUMNS
from app.store import audit, exporting
from app.store import consents as agreed
from app.store.database import Database

IN_A_STEP: Final = 1_000


def export_subscribers(db: Database, actor: Actor, now: datetime, *, consents: bool = False) -> Iterator[bytes]:
    """CSV with COLUMNS and every own column, a few hundred rows at a time, addresses in the clear.

    That somebody took it is kept before the first byte is given. Of each medium the address that is written to; cells a
    spreadsheet would evaluate begin with an apostrophe, which an import takes off again. Each step is a short look at
    the database, so somebody who is added meanwhile may be in it or not. `consents`: also what people agreed to, where
    one row can say it. Raise Forbidden.
    """
    permit(actor, "export_subscribers")
    with db.writing() as tx:
        own = [name for name in exporting.own_columns(tx) if name not in KNOWN_COLUMNS]
        people = exporting.last_number(tx)
        audit.append(tx, actor.name, "export_subscribers", "subscribers", {"columns": len(own)}, now)
    more = CONSENT_COLUMNS if consents else ()
    return lines((*COLUMNS, *more, *own), _rows(db, own, people, consents=consents))


def _rows(db: Database, own: list[str], last: int, *, consents: bool) -> Iterator[tuple[str, ...]]:
    after = 0
    while after < last:
        with db.reading() as connection:
            found = exporting.step(connection, after, last, IN_A_STEP)
            held = agreed.of(connection, [row.id for row in found]) if consents else {}
        if not found:
            return
        for row in found:
            attributes = json.loads(row.attributes)
            said = as_cells(held.get(row.id, ())) if consents else ()
            yield (
                row.external_id, row.name, row.email, row.phone, row.languages.replace(",", ";"), row.timezone,
                row.area, row.preferred_medium, *said, *(attributes.get(name, "") for name in own),
            )  # fmt: skip
        after = found[-1].id
