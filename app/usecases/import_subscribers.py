"""Take in a list of subscribers: good rows are kept, bad ones reported, and a kill at any moment costs nothing."""

from __future__ import annotations

import csv
import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from app.domain.csvout import safe_cell
from app.domain.imports import ImportState, Plan, Tally, check_plan
from app.domain.principals import Actor, permit
from app.domain.subscribers import Defaults, RowError
from app.errors import Conflict, Problem
from app.keyring import Keyring
from app.store import appending, audit, imports
from app.store.appending import many_rows, wait_for_the_disk
from app.store.database import Database
from app.store.imports import ImportRow
from app.store.taking_in import Rows, TakingIn
from app.usecases.first_rows import first_rows
from app.usecases.parse_rows import Chunk, Reading
from app.usecases.parsers import parsers as parser_processes
from app.usecases.read_csv import Looked, look_through, seekable

TARGET_SECONDS: Final = 0.03
"""Of a write transaction: broadcasts and the website write between two of them, so none may last over 0.1."""
TARGET_IN_TURN: Final = 0.04
"""The same on PostgreSQL, which lets writers of all processes in as they came: nobody has to meet the pause."""
MOST_CHUNKS: Final = 16
GAP: Final = 0.25
"""Of a transaction's time SQLite is left to others after it: its lock is not handed out in turn between processes."""
LEASE_SECONDS: Final = 20.0
"""Silent for longer, an import whose file is kept is taken on by another process."""
RENEW_SECONDS: Final = 5.0
ROWS_A_CHECKPOINT: Final = 16_000
ERRORS_KEPT: Final = 100

Progress = Callable[[int, int], None]
"""Called after each transaction with the rows read and the bytes consumed so far."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    rows: int
    """Read, the header not counted: created + updated + unchanged + rejected."""
    created: int
    updated: int
    """People who were there and differ now."""
    rejected: int
    suppressed: int
    """Addresses of this file that stay on the suppression list."""
    errors: tuple[RowError, ...]
    """The first ERRORS_KEPT; all of them went to the errors file, and stay with the import."""
    unchanged: int = 0
    kept: int = 0
    """People who have set something or said otherwise themselves, which stays."""
    import_id: int = 0
    state: ImportState = ImportState.DONE
    resumed: int = 0
    """Rows that an earlier run of the same import had dealt with."""


def import_subscribers(
    db: Database,
    keyring: Keyring,
    actor: Actor,
    stream: BinaryIO,
    now: datetime,
    *,
    defaults: Defaults = Defaults(),  # noqa: B008 - frozen
    plan: Plan | None = None,
    errors: TextIO | None = None,
    progress: Progress | None = None,
    source: str = "upload",
    path: Path | None = None,
    parsers: int = 0,
) -> ImportReport:
    """Upsert by external_id; columns the file does not have are left as they are, an empty cell empties.

    The same file, read by the same `plan`, goes on where an interrupted import of it stood; a changed one is an import
    of its own, from its first row. The columns e-mail and phone replace the person's address of that medium;
    suppressed addresses stay suppressed. `errors` gets a CSV of every bad row: line, column, code, sentence, remedy.
    Raise Invalid (codes `csv_encoding`, `csv_header`, `csv_empty`, `bad_mapping`) before the first row is touched.
    With `parsers` as many processes read the file at `path`.
    """
    permit(actor, "import_subscribers")
    plan = check_plan(plan or Plan(defaults=defaults))
    with seekable(stream) as file:
        looked = look_through(file, plan.encoding)
        reading = Reading(looked.codec, plan, keyring, now)
        reading.targets(file)
        row = begin_import(db, actor, looked, plan, source, now)
        run = Run(db, reading, row, Since(now), progress)
        state = run.to_the_end(file, path, parsers)
    report = report_of(db, row.id, resumed=row.tally.rows)
    if errors is not None:
        write_errors(errors, imports.all_errors(db, row.id))
    return replace(report, state=state)


def begin_import(db: Database, actor: Actor, looked: Looked, plan: Plan, source: str, now: datetime) -> ImportRow:
    """The import of this file that was interrupted, or a new one; the caller's from here on."""
    with db.writing() as tx:
        before = imports.unfinished(tx, plan.fingerprint(looked.digest))
        number = before.id if before else imports.add(
            tx, source[:200], actor.name, looked.digest, looked.size, plan, ImportState.WAITING, now
        )  # fmt: skip
        return imports.take_on(tx, number, imports.lease(now, LEASE_SECONDS), now)


def report_of(db: Database, import_id: int, *, resumed: int = 0) -> ImportReport:
    with db.reading() as connection:
        row = imports.get(connection, import_id)
        errors = tuple(imports.errors(connection, import_id, limit=ERRORS_KEPT))
    tally = row.tally
    return ImportReport(
        tally.rows, tally.created, tally.updated, tally.rejected, tally.suppressed, errors,
        unchanged=tally.unchanged, kept=tally.kept, import_id=import_id, state=row.state, resumed=resumed,
    )  # fmt: skip


def write_errors(to: TextIO, faults: Iterable[RowError]) -> None:
    """Column names are the file's own: a spreadsheet must not take one for a formula."""
    writer = csv.writer(to)
    writer.writerow(["line", "column", "code", "sentence", "remedy"])
    for fault in faults:
        row = (fault.line, fault.column, fault.code, fault.sentence, fault.remedy)
        writer.writerow([safe_cell(cell) for cell in row])


class Since:
    """The time, by a clock that nobody sets, from a moment on."""

    def __init__(self, moment: datetime) -> None:
        self._moment, self._began = moment, time.monotonic()

    def __call__(self) -> datetime:
        return self._moment + timedelta(seconds=time.monotonic() - self._began)


class Run:
    """One import from where it stands to its end, or until somebody stops it."""

    def __init__(
        self, db: Database, reading: Reading, row: ImportRow, now: Callable[[], datetime], progress: Progress | None
    ) -> None:
        self._db, self._reading, self._row, self._now = db, reading, row, now
        self._progress = progress
        self._waiting = Waiting()
        self._chunks = 1
        """To a transaction; as many as take the target."""
        self._target = TARGET_SECONDS if db.is_sqlite else TARGET_IN_TURN
        self._each = 0.0
        """Seconds a chunk took in the last transaction."""
        self._faults = 0
        self._free_at = 0.0
        self._renewed = time.monotonic()

    def to_the_end(self, file: BinaryIO, path: Path | None, parsers: int) -> ImportState:
        """The state it ended in: done, tried or stopped. Raise Conflict when somebody else has taken it on."""
        with self._db.reading() as connection:
            self._faults = imports.count_errors(connection, self._row.id)
        targets = self._reading.targets(file)
        taking = TakingIn([target for target in targets if target], self._row.actor, dry=self._row.plan.dry)
        with ExitStack() as opened:
            if parsers and path is not None:
                chunks = opened.enter_context(parser_processes(self._reading, path, parsers))
            else:
                chunks = self._reading.chunks(file)
            rows = opened.enter_context(first_rows())
            for number, chunk in enumerate(chunks):
                first = rows.of(chunk)
                if number < self._row.chunks:
                    self._renew()
                    continue
                if self._waiting.chunks >= self._chunks and (state := self._commit(taking, last=False)):
                    return state
                self._waiting.add(chunk, first)
            return self._commit(taking, last=True) or ImportState.DONE

    def _commit(self, taking: TakingIn, *, last: bool) -> ImportState | None:
        """All that waits, in one transaction; the state when that was the end of it."""
        waiting, row, dry = self._waiting, self._row, self._row.plan.dry
        if self._db.is_sqlite and (left := self._free_at - time.monotonic()) > 0:
            time.sleep(left)
        with _garbage_left_lying(), self._db.writing() as tx:
            began, now = time.monotonic(), self._now()
            many_rows(tx)
            came = taking.take(tx, waiting.rows, now)
            imports.add_errors(tx, row.id, self._faults, waiting.faults)
            good = len(waiting.rows.external_ids)
            step = Tally(
                waiting.read_rows, came.created, came.updated, good - came.created - came.updated,
                waiting.read_rows - good, came.suppressed, came.kept,
            )  # fmt: skip
            read = row.size if last else waiting.read
            after = replace(row, chunks=row.chunks + waiting.chunks, read=read, tally=row.tally.plus(step))
            state = imports.note(tx, after, imports.lease(now, LEASE_SECONDS), now)
            if state is None:
                raise _taken()
            end = None
            if last or state is ImportState.STOPPING:
                end = _end(last=last, dry=dry)
                imports.set_state(tx, row.id, end, now)
                if end is ImportState.DONE:
                    imports.forget_file(tx, row.id)
            if not dry:
                body = {"import": row.id, "source": row.source, **_figures(step)}
                audit.append(tx, row.actor, "import_subscribers", "subscribers", body, now)
            behind = appending.unwritten(tx)
        self._pace(time.monotonic() - began)
        if last or after.tally.rows // ROWS_A_CHECKPOINT > row.tally.rows // ROWS_A_CHECKPOINT:
            self._db.checkpoint()
        if end is not None and not self._db.is_sqlite:
            with self._db.writing(alone=False) as tx:  # waits until all is on the disk, and keeps nobody out
                imports.note(tx, after, imports.lease(now, 0), self._now())
        else:
            wait_for_the_disk(self._db, behind)
        self._faults += len(waiting.faults)
        self._row, self._waiting = after, Waiting()
        if self._progress is not None:
            self._progress(after.tally.rows, after.read)
        return end

    def _pace(self, seconds: float) -> None:
        """As many chunks next time as take the target by the slower of the last two, and one more at most."""
        before, self._each = self._each, max(seconds, 0.001) / max(1, self._waiting.chunks)
        fitting = int(self._target / max(self._each, before))
        self._chunks = max(1, min(fitting, self._chunks + 1, MOST_CHUNKS))
        self._free_at = time.monotonic() + seconds * GAP
        self._renewed = time.monotonic()

    def _renew(self) -> None:
        """Still here, while rows are skipped that an earlier run has dealt with."""
        if time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        now = self._now()
        with self._db.writing() as tx:
            if imports.note(tx, self._row, imports.lease(now, LEASE_SECONDS), now) is None:
                raise _taken()
        self._renewed = time.monotonic()


@contextmanager
def _garbage_left_lying() -> Iterator[None]:
    """Looking through everything that lives for what can go takes 50 ms, which nobody should spend with all locks held;
    it is made up for at the end.
    """
    looked_for = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked_for:
            gc.enable()


class Waiting:
    """What the next transaction writes."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.faults: list[RowError] = []
        self.chunks = self.read_rows = self.read = 0

    def add(self, chunk: Chunk, first: list[int]) -> None:
        """Of its good rows those numbered in `first`."""
        rows, whole = self.rows, len(first) == len(chunk.external_ids)
        for name in ("external_ids", "names", "languages", "timezones", "areas", "attributes", "postcodes"):
            column = getattr(chunk, name)
            getattr(rows, name).extend(column if whole else [column[at] for at in first])
        for medium, values in chunk.values.items():
            digests = chunk.hashes[medium]
            rows.values.setdefault(medium, []).extend(values if whole else [values[at] for at in first])
            rows.hashes.setdefault(medium, []).extend(digests if whole else [digests[at] for at in first])
        if chunk.preferred:
            rows.preferred.extend(chunk.preferred if whole else [chunk.preferred[at] for at in first])
        if chunk.consents:
            rows.consents.extend(chunk.consents if whole else [chunk.consents[at] for at in first])
        self.faults.extend(chunk.errors)
        self.chunks += 1
        self.read_rows += chunk.rows
        self.read = chunk.read


def _end(*, last: bool, dry: bool) -> ImportState:
    if not last:
        return ImportState.STOPPED
    return ImportState.TRIED if dry else ImportState.DONE


def _figures(tally: Tally) -> dict[str, int]:
    return {each.name: getattr(tally, each.name) for each in fields(tally)}


def _taken() -> Conflict:
    sentence = "Somebody else has taken this import on; what was read so far is kept."
    return Conflict(Problem("import_taken_on", sentence, "", "Look at how far it is: clarion import list."))
