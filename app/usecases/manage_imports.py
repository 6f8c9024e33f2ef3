"""What people do with an import: hand in its file, say how it is read, begin, stop, go on, forget it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from app.clock import to_ms
from app.domain.imports import ImportState, Plan, check_plan
from app.domain.principals import Actor, permit
from app.domain.texts import forbidden_character, tidy
from app.errors import Conflict, Invalid, Problem
from app.keyring import Keyring
from app.store import audit, imports
from app.store.database import Database
from app.store.imports import PART, ImportRow
from app.usecases.import_subscribers import LEASE_SECONDS, Run, Since
from app.usecases.parse_rows import Reading
from app.usecases.read_csv import look_through

ACT = "import_subscribers"
MOST_TRIES: Final = 50
"""Processes that took one import on: with so many of them gone, it is the import."""
KEPT: Final = timedelta(days=7)
_GOES_ON = frozenset({ImportState.STOPPED, ImportState.FAILED})


def hand_in(
    db: Database, keyring: Keyring, actor: Actor, file: BinaryIO, source: str, plan: Plan, now: datetime
) -> int:
    """Keep the file, so that any process can take it in whatever happens to this one; the import's number.

    It waits for somebody to confirm how it is read. Raise Invalid when it cannot be read at all (`csv_encoding`,
    `csv_empty`, `csv_header`).
    """
    permit(actor, ACT)
    plan = check_plan(plan)
    looked = look_through(file, plan.encoding)
    if not Reading(looked.codec, plan, keyring, now).header(file):
        raise Invalid(Problem("csv_header", "The first line is empty.", "file", "Begin with the names of the columns."))
    with db.writing() as tx:
        number = imports.add(
            tx, source[:200], actor.name, looked.digest, looked.size, plan, ImportState.DRAFT, now
        )  # fmt: skip
    parts = 0
    file.seek(0)
    while body := file.read(PART):
        with db.writing() as tx:
            imports.keep_part(tx, number, parts, body)
        parts += 1
    with db.writing() as tx:
        imports.set_parts(tx, number, parts, ImportState.DRAFT)
    return number


def begin(db: Database, actor: Actor, number: int, plan: Plan, now: datetime) -> None:
    """From its first row, read in this way; a process takes it on within seconds. Raise Conflict while one is at it."""
    permit(actor, ACT)
    plan = check_plan(plan)
    with db.writing() as tx:
        row = imports.get(tx, number)
        if row.state in (ImportState.RUNNING, ImportState.STOPPING, ImportState.WAITING) or not row.parts:
            raise _not_now(row)
        if row.plan.encoding != plan.encoding:
            raise Invalid(
                Problem("bad_encoding", "The file was looked at in another encoding.", "encoding", "Hand it in again.")
            )
        imports.begin_again(tx, row, plan, ImportState.WAITING, now)
        if not plan.dry:
            audit.append(tx, actor.name, "begin_import", f"import/{number}", {"source": row.source}, now)


def stop_import(db: Database, actor: Actor, number: int, now: datetime) -> None:
    """It ends with the transaction it is in, and can go on from there. Raise Conflict when it is not under way."""
    permit(actor, ACT)
    with db.writing() as tx:
        row = imports.get(tx, number)
        if row.state not in (ImportState.RUNNING, ImportState.WAITING):
            raise _not_now(row)
        after = ImportState.STOPPING if row.state is ImportState.RUNNING else ImportState.STOPPED
        imports.set_state(tx, number, after, now)
        audit.append(tx, actor.name, "stop_import", f"import/{number}", {}, now)


def go_on(db: Database, actor: Actor, number: int, now: datetime) -> None:
    """From where it stopped. Raise Conflict unless it stopped and its file is kept."""
    permit(actor, ACT)
    with db.writing() as tx:
        row = imports.get(tx, number)
        if row.state not in _GOES_ON or not row.parts:
            raise _not_now(row)
        imports.set_state(tx, number, ImportState.WAITING, now)
        audit.append(tx, actor.name, "resume_import", f"import/{number}", {}, now)


def forget_import(db: Database, actor: Actor, number: int, now: datetime) -> None:
    """With its file and its faults; what it has taken in stays. Raise Conflict while it is under way."""
    permit(actor, ACT)
    with db.writing() as tx:
        row = imports.get(tx, number)
        if row.state in (ImportState.RUNNING, ImportState.STOPPING):
            raise _not_now(row)
        imports.drop(tx, number)
        audit.append(tx, actor.name, "forget_import", f"import/{number}", {"source": row.source}, now)


def carry_on(db: Database, keyring: Keyring, now: datetime, still: Callable[[], None]) -> ImportState | None:
    """Take on the oldest import whose file is kept and that nobody is at, to its end; None = there is none.

    `still` is called after each transaction and may raise to leave off: whoever comes next goes on from there.
    """
    with db.writing() as tx:
        number = imports.next_waiting(tx, to_ms(now))
        row = None if number is None else imports.take_on(tx, number, imports.lease(now, LEASE_SECONDS), now)
        if row is not None and row.fence > MOST_TRIES:
            sentence = "Nobody could take it in to its end. Give the file to the command line, which says why."
            imports.set_state(tx, row.id, ImportState.FAILED, now, sentence)
            return ImportState.FAILED
    if row is None:
        return None
    with tempfile.TemporaryFile() as file:
        imports.copy_file(db, row, file)
        try:
            looked = look_through(file, row.plan.encoding)
            run = Run(db, Reading(looked.codec, row.plan, keyring, now), row, Since(now), lambda _rows, _read: still())
            return run.to_the_end(file, None, 0)
        except Invalid as refusal:
            with db.writing() as tx:
                imports.set_state(tx, row.id, ImportState.FAILED, now, str(refusal))
            return ImportState.FAILED


def forget_files(db: Database, now: datetime) -> int:
    """Of lists that nobody has touched for KEPT; how many. What they took in and their faults stay."""
    with db.writing() as tx:
        old = imports.files_older_than(tx, now - KEPT)
        for number in old:
            imports.forget_file(tx, number)
    return len(old)


def save_mapping(db: Database, actor: Actor, name: str, mapping: Mapping[str, str]) -> None:
    """Under a name, for the next file of the same maker. Raise Invalid for a name that cannot be shown."""
    permit(actor, ACT)
    clean = tidy(name)
    if not clean or len(clean) > 64 or forbidden_character(clean, lines=False):
        raise Invalid(Problem("bad_name", "This is no usable name.", "save_as", "Use up to 64 ordinary characters."))
    with db.writing() as tx:
        imports.save_mapping(tx, clean, mapping)


def confirmed(plan: Plan, mapping: Mapping[str, str], *, dry: bool) -> Plan:
    return replace(plan, mapping=dict(mapping), dry=dry)


def _not_now(row: ImportRow) -> Conflict:
    sentence = f"This import is {row.state.value}" + ("." if row.parts else ", and its file is not kept here.")
    return Conflict(Problem("import_not_now", sentence, "import", "Look at it again, or hand the file in anew."))
