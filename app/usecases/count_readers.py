"""Who would read an update in which language: for prices and for languages that are still to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from app.domain.audience import choose_language
from app.domain.message import Medium
from app.domain.updates import UpdateDocument
from app.store import audiences, crises, listing
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.counted import reached
from app.usecases.measure_reach import asked_in
from app.usecases.submit_update import other_language

Readers = Mapping[Medium, Mapping[str, int]]


def count_readers(db: Database, row: UpdateRow, organisation: str = "en") -> Readers:
    """Addresses by medium and the language they would get, as of now; somebody who shares an address counts in each
    language, and who gets nothing in "". Empty without an
    audience, and for a correction, which goes where the wrong words went.
    """
    update = UpdateDocument.from_document(row.document)
    if not update.audience or not update.content or row.corrects is not None or row.completes is not None:
        return {}
    other = other_language(update, organisation)
    with db.reading() as connection:
        found = audiences.find(connection, update.audience)
        people: dict[tuple[Medium, int], int] = {}
        if found is not None:
            rule = audiences.resolved(connection, found.typed())
            asked = asked_in(connection, update, crises.get(connection, row.crisis))
            people = dict(reached(db, connection, rule, asked).by_list)
        lists = listing.language_lists(connection)
    readers: dict[Medium, Counter[str]] = {}
    for (medium, number), there in people.items():
        language = choose_language(lists.get(number, ()), update.readers_languages, other)
        readers.setdefault(medium, Counter())[language] += there
    return readers
