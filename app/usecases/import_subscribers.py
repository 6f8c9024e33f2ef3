"""Take in a list of subscribers: good rows are kept, bad ones are reported, in memory that does not grow."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final, TextIO

from app.domain.message import Medium
from app.domain.principals import Actor, permit
from app.domain.seen import Seen
from app.domain.subscribers import COLUMNS, Defaults, RowError, SubscriberRow, csv_row
from app.keyring import Keyring
from app.store import addresses, audit, subscribers
from app.store.addresses import Place
from app.store.database import Database
from app.usecases.read_csv import CsvFile, text_of

ROWS_A_TRANSACTION: Final = 2_000
"""As many as keep a write transaction near 100 ms, so that nobody waits behind an import."""
ERRORS_KEPT: Final = 100

Progress = Callable[[int, int], None]
"""Called after each transaction with the rows read and the bytes consumed so far."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    rows: int
    """Read, the header not counted: created + updated + rejected."""
    created: int
    updated: int
    rejected: int
    suppressed: int
    """Addresses of this file that stay on the suppression list."""
    errors: tuple[RowError, ...]
    """The first ERRORS_KEPT; all of them went to the errors file."""


@dataclass(slots=True)
class _Tally:
    rows: int = 0
    created: int = 0
    updated: int = 0
    rejected: int = 0
    suppressed: int = 0
    errors: list[RowError] = field(default_factory=list)


def import_subscribers(
    db: Database,
    keyring: Keyring,
    actor: Actor,
    stream: BinaryIO,
    now: datetime,
    *,
    defaults: Defaults = Defaults(),  # noqa: B008 - frozen
    errors: TextIO | None = None,
    progress: Progress | None = None,
    source: str = "upload",
) -> ImportReport:
    """Upsert by external_id; columns the file does not have are left as they are, an empty cell empties.

    The columns e-mail and phone replace the person's address of that medium; suppressed addresses stay suppressed.
    `errors` gets a CSV of every bad row: line, column, code, sentence, remedy. Raise Invalid (codes `csv_encoding`,
    `csv_header`, `csv_empty`) before the first row is touched; after that each transaction stands by itself, and the
    same file may simply be imported again.
    """
    permit(actor, "import_subscribers")
    tally, seen = _Tally(), Seen()
    report = _reporter(tally, errors)
    with text_of(stream) as text:
        file = CsvFile(text)
        writer = _Writer(db, keyring, actor.name, source, now, file.header)
        batch: list[SubscriberRow] = []
        for record in file:
            tally.rows += 1
            if record.cells is None:
                tally.rejected += 1
                report([RowError(record.line, "", record.code, record.sentence)])
                continue
            cells = dict(zip(file.header, record.cells, strict=True))
            row, faults = csv_row(record.line, cells, defaults=defaults, seen=seen.__contains__)
            if row is None:
                tally.rejected += 1
                report(faults)
                continue
            seen.add(row.external_id)
            batch.append(row)
            if len(batch) >= ROWS_A_TRANSACTION:
                writer.write(batch, tally)
                batch.clear()
                if progress is not None:
                    progress(tally.rows, text.buffer.tell())
        writer.write(batch, tally)
        if progress is not None:
            progress(tally.rows, text.buffer.tell())
    return ImportReport(tally.rows, tally.created, tally.updated, tally.rejected, tally.suppressed, tuple(tally.errors))


def _reporter(tally: _Tally, errors: TextIO | None) -> Callable[[Sequence[RowError]], None]:
    writer = csv.writer(errors) if errors is not None else None
    if writer is not None:
        writer.writerow(["line", "column", "code", "sentence", "remedy"])

    def report(faults: Sequence[RowError]) -> None:
        tally.errors.extend(faults[: ERRORS_KEPT - len(tally.errors)])
        if writer is not None:
            for fault in faults:
                row = (fault.line, _harmless(fault.column), fault.code, _harmless(fault.sentence), fault.remedy)
                writer.writerow(row)

    return report


def _harmless(cell: str) -> str:
    """Column names are the file's own: a spreadsheet must not take one for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell


class _Writer:
    """Writes one batch in one transaction; everything slow is done before it starts."""

    def __init__(
        self, db: Database, keyring: Keyring, actor: str, source: str, now: datetime, header: Sequence[str]
    ) -> None:
        self._db, self._keyring, self._actor, self._source, self._now = db, keyring, actor, source, now
        self._own = frozenset(header) - frozenset(COLUMNS)
        self._media = {
            medium: column for medium, column in ((Medium.EMAIL, "email"), (Medium.SMS, "phone")) if column in header
        }
        self._changed = [column for column in ("name", "timezone", "area") if column in header] + ["updated_at"]
        if "languages" in header:
            self._changed.append("language_list_id")
        if self._own:
            self._changed.append("attributes")

    def write(self, batch: Sequence[SubscriberRow], tally: _Tally) -> None:
        if not batch:
            return
        places = {medium: [getattr(row, column) for row in batch] for medium, column in self._media.items()}
        wanted: set[Place] = {(medium, value) for medium, values in places.items() for value in values if value}
        hashed = addresses.hashes(self._keyring, wanted)
        with self._db.writing() as tx:
            lists = subscribers.language_lists(tx, {row.languages for row in batch})
            known = subscribers.known(tx, [row.external_id for row in batch])
            rows = [self._row(row, lists[row.languages], known.get(row.external_id)) for row in batch]
            ids = subscribers.upsert(tx, rows, self._changed, known)
            address_ids = addresses.upsert(tx, hashed)
            links = {
                ids[row.external_id]: {medium: address_ids.get((medium, places[medium][no])) for medium in places}
                for no, row in enumerate(batch)
            }
            subscribers.link(tx, links, [one.id for one in known.values()])
            suppressed = len(addresses.suppressed(tx, list(address_ids.values())))
            body = {"source": self._source, "created": len(batch) - len(known), "updated": len(known)}
            audit.append(tx, self._actor, "import_subscribers", "subscribers", body, self._now)
        tally.created += len(batch) - len(known)
        tally.updated += len(known)
        tally.suppressed += suppressed

    def _row(
        self, row: SubscriberRow, language_list_id: int, known: subscribers.KnownSubscriber | None
    ) -> dict[str, Any]:
        kept = {} if known is None else {k: v for k, v in known.attributes.items() if k not in self._own}
        return {
            "external_id": row.external_id,
            "name": row.name,
            "language_list_id": language_list_id,
            "timezone": row.timezone,
            "area": row.area,
            "attributes": {**kept, **row.attributes},
            "created_at": self._now,
            "updated_at": self._now,
        }
