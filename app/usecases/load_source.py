"""Gather what the words of an update are made from."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.crisis import CrisisDocument
from app.domain.reading import iso
from app.domain.updates import UpdateDocument
from app.store import crises, documents, updates
from app.store.crises import FactRow
from app.store.database import Database
from app.usecases.announcing import Source


def load_source(
    db: Database, organisation: Mapping[str, object], update_id: int, revision: int | None = None
) -> Source:
    """The words frozen under `revision`, or the working copy without one; the registry as it is now. One picture.

    Raises NotFound for an unknown update or revision, Invalid for a stored document that cannot be read.
    """
    with db.reading() as connection:
        row = updates.get(connection, update_id)
        words = row.document if revision is None else updates.frozen(connection, update_id, revision).document
        crisis = crises.get(connection, row.crisis)
        facts = crises.facts(connection, row.crisis)
        registry = documents.registry(connection)
    document = CrisisDocument(crisis.slug, crisis.titles, crisis.severity, crisis.state, crisis.playbook or "")
    return Source(
        crisis={**document.to_document(), "facts": [_fact(each) for each in facts.values()]},
        update=UpdateDocument.from_document(words),
        registry=registry,
        organisation=organisation,
        severity=crisis.severity,
        update_id=update_id,
        revision=row.revision if revision is None else revision,
    )


def _fact(row: FactRow) -> dict[str, object]:
    return {"name": row.name, "value": row.value, "stale_at": iso(row.stale_at) if row.stale_at else None}
