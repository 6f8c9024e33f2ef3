"""Who would read an update in which language: for prices and for languages that are still to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from app.domain.audience import choose_language
from app.domain.message import Medium
from app.domain.updates import UpdateDocument
from app.store import audiences, crises, staging
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.counted import counted
from app.usecases.measure_reach import asked_in

Readers = Mapping[Medium, Mapping[str, int]]


def count_readers(db: Database, row: UpdateRow) -> Readers:
    """Addresses by medium and the language they would get, as of now; somebody who shares an address counts in each
    language. Empty without an audience, and for a correction, which goes where the wrong words went.
    """
    update = UpdateDocument.from_document(row.document)
    if not update.audience or not update.content or row.corrects is not None or row.completes is not None:
        return {}
    ready = update.ready or update.languages
    default = "en" if "en" in ready else ready[0]
    with db.reading() as connection:
        found = audiences.find(connection, update.audience)
        people: dict[tuple[Medium, int], int] = {}
        if found is not None:
            rule = found.typed()
            asked = asked_in(connection, update, crises.get(connection, row.crisis))
            how = f"lists {asked.message_class} {asked.topic}"
            people = counted(db, connection, how, found.rule, lambda c: audiences.count_by_list(c, rule, asked))
        lists = staging.language_lists(connection)
    readers: dict[Medium, Counter[str]] = {}
    for (medium, number), there in people.items():
        language = choose_language(lists.get(number, ()), update.readers_languages, default)
        readers.setdefault(medium, Counter())[language] += there
    return readers
