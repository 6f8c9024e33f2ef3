"""Lists being taken in: where each stands, what was wrong with its rows, and the file itself while it is needed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from app.clock import to_ms
from app.domain.imports import ImportState, Plan, Tally
from app.domain.subscribers import RowError
from app.errors import Conflict, Problem, not_found
from app.store.database import Database
from app.store.import_tables import import_error, import_mapping, import_part, subscriber_import
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.upsert import insert_or_update, insert_tuples

PART: Final = 1 << 20
"""Bytes of a file in one row, before compression: a short transaction each."""
ERRORS_A_STEP: Final = 2_000
_LIVE: Final = (ImportState.WAITING, ImportState.RUNNING, ImportState.STOPPING)


@dataclass(frozen=True, slots=True)
class ImportRow:
    id: int
    source: str
    actor: str
    plan: Plan
    state: ImportState
    size: int
    """Bytes of the file."""
    parts: int
    """0 = the file is not kept and has to be given again to go on."""
    chunks: int
    read: int
    tally: Tally
    problem: str
    fence: int
    digest: bytes
    lease_until_ms: int
    created_at: datetime
    updated_at: datetime


def add(
    connection: Connection, source: str, actor: str, digest: bytes, size: int, plan: Plan, state: ImportState,
    now: datetime,
) -> int:  # fmt: skip
    """A new one at the beginning of its file; its id."""
    values = {
        "source": source, "actor": actor, "fingerprint": plan.fingerprint(digest), "digest": digest,
        "plan": json.dumps(plan.to_document()), "state": state.value, "size": size, "parts": 0, "chunks": 0, "read": 0,
        "tally": json.dumps(asdict(Tally())), "problem": "", "fence": 0, "lease_until_ms": 0, "created_at": now,
        "updated_at": now,
    }  # fmt: skip
    return int(connection.execute(insert(subscriber_import).values(values)).inserted_primary_key[0])  # type: ignore[index]


def get(connection: Connection, import_id: int) -> ImportRow:
    row = connection.execute(select(subscriber_import).where(subscriber_import.c.id == import_id)).one_or_none()
    if row is None:
        raise not_found("import", import_id)
    return _row(row)


def unfinished(connection: Connection, fingerprint: bytes) -> ImportRow | None:
    """The latest import of this file read in this way that has not come to its end."""
    ended = (ImportState.DONE, ImportState.TRIED, ImportState.FAILED, ImportState.DRAFT)
    query = select(subscriber_import).where(
        subscriber_import.c.fingerprint == fingerprint, subscriber_import.c.state.not_in(ended)
    )
    row = connection.execute(query.order_by(subscriber_import.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _row(row)


def page(connection: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT) -> Page[ImportRow]:
    """Newest first."""
    query = select(subscriber_import).order_by(subscriber_import.c.id.desc()).limit(check_limit(limit) + 1)
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(subscriber_import.c.id < before)
    return cut_page(connection.execute(query).all(), limit, _row, lambda row: row.id)


def take_on(connection: Connection, import_id: int, lease_until_ms: int, now: datetime) -> ImportRow:
    """It is the caller's from here on, whoever had it: their next write finds a higher fence.

    Raise Conflict (`import_ended`) when there is nothing left to do.
    """
    mine = (subscriber_import.c.id == import_id) & subscriber_import.c.state.in_((*_LIVE, ImportState.STOPPED))
    values = {
        "state": ImportState.RUNNING.value, "fence": subscriber_import.c.fence + 1, "lease_until_ms": lease_until_ms,
        "updated_at": now,
    }  # fmt: skip
    if not connection.execute(update(subscriber_import).where(mine).values(values)).rowcount:
        raise Conflict(Problem("import_ended", "This import has come to its end.", "import", "Import the file anew."))
    return get(connection, import_id)


def next_waiting(connection: Connection, now_ms: int) -> int | None:
    """The oldest whose file is kept here and that nobody is at, or whose process has fallen silent."""
    silent = subscriber_import.c.state.in_((ImportState.RUNNING, ImportState.STOPPING)) & (
        subscriber_import.c.lease_until_ms < now_ms
    )
    query = select(subscriber_import.c.id).where(
        subscriber_import.c.parts > 0, or_(subscriber_import.c.state == ImportState.WAITING, silent)
    )
    return connection.execute(query.order_by(subscriber_import.c.id).limit(1)).scalar_one_or_none()


def running(connection: Connection, now_ms: int) -> int:
    """How many are being taken in right now, wherever their file is."""
    alive = (subscriber_import.c.state == ImportState.RUNNING) & (subscriber_import.c.lease_until_ms >= now_ms)
    return connection.execute(select(func.count()).select_from(subscriber_import).where(alive)).scalar_one()


def note(connection: Connection, row: ImportRow, lease_until_ms: int, now: datetime) -> ImportState | None:
    """Where it stands now; the state before, which may ask to stop. None = somebody else has taken it on."""
    mine = (subscriber_import.c.id == row.id) & (subscriber_import.c.fence == row.fence)
    values = {
        "chunks": row.chunks, "read": row.read, "tally": json.dumps(asdict(row.tally)),
        "lease_until_ms": lease_until_ms, "updated_at": now,
    }  # fmt: skip
    if not connection.execute(update(subscriber_import).where(mine).values(values)).rowcount:
        return None
    query = select(subscriber_import.c.state).where(subscriber_import.c.id == row.id)
    return ImportState(connection.execute(query).scalar_one())


def set_state(connection: Connection, import_id: int, state: ImportState, now: datetime, problem: str = "") -> None:
    values = {"state": state.value, "problem": problem, "updated_at": now}
    connection.execute(update(subscriber_import).where(subscriber_import.c.id == import_id).values(values))


def begin_again(connection: Connection, row: ImportRow, plan: Plan, state: ImportState, now: datetime) -> None:
    """From the first row, read in this way."""
    values = {
        "plan": json.dumps(plan.to_document()), "fingerprint": plan.fingerprint(row.digest), "state": state.value,
        "chunks": 0, "read": 0, "tally": json.dumps(asdict(Tally())), "problem": "", "updated_at": now,
    }  # fmt: skip
    connection.execute(update(subscriber_import).where(subscriber_import.c.id == row.id).values(values))
    connection.execute(delete(import_error).where(import_error.c.import_id == row.id))


def drop(connection: Connection, import_id: int) -> None:
    """With its file and its errors; what it has taken in stays."""
    for table in (import_error, import_part):
        connection.execute(delete(table).where(table.c.import_id == import_id))
    connection.execute(delete(subscriber_import).where(subscriber_import.c.id == import_id))


# What was wrong ------------------------------------------------------------------------------------------------


def add_errors(connection: Connection, import_id: int, first: int, faults: Sequence[RowError]) -> None:
    """Numbered from `first` on."""
    rows = [
        (import_id, first + at, fault.line, fault.column, fault.code, fault.sentence) for at, fault in enumerate(faults)
    ]
    names = ("import_id", "no", "line", "named", "code", "sentence")
    insert_tuples(connection, import_error, names, rows, ("import_id", "no"))


def count_errors(connection: Connection, import_id: int) -> int:
    mine = import_error.c.import_id == import_id
    return connection.execute(select(func.count()).select_from(import_error).where(mine)).scalar_one()


def errors(connection: Connection, import_id: int, after: int = -1, limit: int = ERRORS_A_STEP) -> list[RowError]:
    """Those numbered above `after`, in the order of the file."""
    query = select(import_error).where(import_error.c.import_id == import_id, import_error.c.no > after)
    found = connection.execute(query.order_by(import_error.c.no).limit(limit))
    return [RowError(row.line, row.named, row.code, row.sentence) for row in found]


def all_errors(db: Database, import_id: int) -> Iterator[RowError]:
    """A short look for each step, so that a long file holds nobody up."""
    after = -1
    while True:
        with db.reading() as connection:
            found = errors(connection, import_id, after)
        yield from found
        if len(found) < ERRORS_A_STEP:
            return
        after += len(found)


# The file ------------------------------------------------------------------------------------------------------


def keep_part(connection: Connection, import_id: int, no: int, body: bytes) -> None:
    packed = zlib.compress(body, 1)
    connection.execute(insert(import_part).values(import_id=import_id, no=no, body=packed))


def set_parts(connection: Connection, import_id: int, parts: int, state: ImportState) -> None:
    """The whole file is there."""
    values = {"parts": parts, "state": state.value}
    connection.execute(update(subscriber_import).where(subscriber_import.c.id == import_id).values(values))


def first_part(connection: Connection, import_id: int) -> bytes:
    query = select(import_part.c.body).where(import_part.c.import_id == import_id, import_part.c.no == 0)
    return zlib.decompress(connection.execute(query).scalar_one())


def copy_file(db: Database, row: ImportRow, to: BinaryIO) -> None:
    for no in range(row.parts):
        query = select(import_part.c.body).where(import_part.c.import_id == row.id, import_part.c.no == no)
        with db.reading() as connection:
            to.write(zlib.decompress(connection.execute(query).scalar_one()))


def forget_file(connection: Connection, import_id: int) -> None:
    connection.execute(delete(import_part).where(import_part.c.import_id == import_id))
    connection.execute(update(subscriber_import).where(subscriber_import.c.id == import_id).values(parts=0))


def files_older_than(connection: Connection, moment: datetime) -> list[int]:
    """Imports that still keep a file although nothing has happened to them since."""
    old = (subscriber_import.c.parts > 0) & (subscriber_import.c.updated_at < moment)
    return list(connection.execute(select(subscriber_import.c.id).where(old)).scalars())


# Saved mappings ------------------------------------------------------------------------------------------------


def save_mapping(connection: Connection, name: str, mapping: Mapping[str, str]) -> None:
    row = {"name": name, "mapping": json.dumps(dict(mapping))}
    insert_or_update(connection, import_mapping, [row], ["name"], ["mapping"])


def mappings(connection: Connection) -> dict[str, dict[str, str]]:
    rows = connection.execute(select(import_mapping).order_by(import_mapping.c.name))
    return {row.name: json.loads(row.mapping) for row in rows}


def _row(row: Row[Any]) -> ImportRow:
    return ImportRow(
        id=row.id,
        source=row.source,
        actor=row.actor,
        plan=Plan.of_document(json.loads(row.plan)),
        state=ImportState(row.state),
        size=row.size,
        parts=row.parts,
        chunks=row.chunks,
        read=row.read,
        tally=Tally(**json.loads(row.tally)),
        problem=row.problem,
        fence=row.fence,
        digest=row.digest,
        lease_until_ms=row.lease_until_ms,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def lease(now: datetime, seconds: float) -> int:
    return to_ms(now) + int(seconds * 1_000)
