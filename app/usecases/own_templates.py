"""Which templates of one's own an update is made with: those frozen when it was handed in, till then those of now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from sqlalchemy import Connection

from app.domain.content import content_hash
from app.domain.template_documents import TemplateDocument
from app.errors import Invalid
from app.store import approvals, documents, updates
from app.store.documents import Kind
from app.store.updates import UpdateRow


def templates_for(connection: Connection, row: UpdateRow, revision: int | None = None) -> tuple[TemplateDocument, ...]:
    """Of the words frozen under `revision`; without one of what was handed in last, or of what is being written.

    Prepared first words, unchanged, go out in the shipped form: nobody has said yes to another one in advance.
    """
    frozen = updates.templates_frozen(connection, row.id, row.revision if revision is None else revision)
    if frozen is not None:
        return tuple(_readable(frozen))
    use = approvals.use_of(connection, row.id)
    if use is not None and use.content_hash == content_hash(row.document):
        return ()
    return every_template(connection)


def every_template(connection: Connection) -> tuple[TemplateDocument, ...]:
    """As they are now."""
    return tuple(_readable(each.document for each in documents.everything(connection, Kind.TEMPLATE)))


def words_hash(row: UpdateRow, templates: Iterable[TemplateDocument]) -> str:
    """Of everything whose change would change what people read, the contact block apart."""
    own = [one.to_document() for one in templates]
    return content_hash({**row.document, "templates": own} if own else row.document)


def _readable(found: Iterable[Mapping[str, object]]) -> Iterator[TemplateDocument]:
    """One that cannot be read any more is left out: the shipped one serves."""
    for document in found:
        with suppress(Invalid):
            yield TemplateDocument.from_document(document)
