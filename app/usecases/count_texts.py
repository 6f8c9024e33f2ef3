"""How many people get which text of an update: the first whose audience they are in, else the main one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.audience_rules import And, Not, Rule
from app.domain.updates import UpdateDocument
from app.store import audiences
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases import counted


@dataclass(frozen=True, slots=True)
class TextCount:
    people: int
    """Who get this text, addresses they share with others not considered."""
    meant: int
    """Who are in its audience; those of them who get an earlier text are counted there."""


def count_texts(db: Database, row: UpdateRow) -> Sequence[TextCount]:
    """The main text, then each variant in its order, as of now; empty while it is for nobody by name, while one of the
    audiences is not there, and for a correction, which goes where the wrong words went.
    """
    update = UpdateDocument.from_document(row.document)
    if row.corrects is not None or row.completes is not None or not update.audience:
        return ()
    with db.reading() as connection:
        rows = [audiences.find(connection, slug) for slug in (update.audience, *(v.audience for v in update.variants))]
        found = [audiences.resolved(connection, one.typed()) for one in rows if one is not None]
        if len(found) < len(rows):
            return ()
        whole, *parts = found
        earlier = [Not(part) for part in parts]

        def people(*rules: Rule) -> int:
            return counted.people(db, connection, And((whole, *rules)) if rules else whole)

        main = TextCount(people(*earlier), people())
        others = [TextCount(people(part, *earlier[:at]), people(part)) for at, part in enumerate(parts)]
    return (main, *others)
