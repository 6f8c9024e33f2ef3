"""A copy of a live SQLite database, whole at one moment, without stopping anybody."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from app.errors import Conflict, Invalid, Problem, Unavailable

PAGES_A_STEP: Final = 2_000
"""8 MB at SQLite's page size: writers get in between the steps."""

_ASKS: Final = "UPDATE scheduler SET paused_at = ticked_at, reason = 'restored' WHERE paused_at IS NULL"
"""Of the copy: whoever goes on from it is older than the world, however young it is, and must be asked first."""


def back_up(database: Path, target: Path, progress: Callable[[int, int], None]) -> int:
    """The size of the copy in bytes; `progress` is called with (pages copied, pages).

    The copy appears under its name when it is complete and was checked; in it the scheduler is
    paused. Raise Conflict when there is such a file.
    """
    if target.exists():
        raise Conflict(Problem("file_exists", f"There is already a file {target}.", "PATH", "Choose another name."))
    if not target.parent.is_dir():
        raise Invalid(Problem("no_folder", f"There is no folder {target.parent}.", "PATH", "Make it first."))
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(part)) as copy,
        ):
            source.backup(copy, pages=PAGES_A_STEP, progress=lambda _code, left, total: progress(total - left, total))
            copy.execute(_ASKS)
            copy.commit()
            faults = [str(row[0]) for row in copy.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        part.unlink(missing_ok=True)
        raise Unavailable(
            Problem("backup_failed", f"The copy was not finished: {error}.", "PATH", "Try again; nothing was changed.")
        ) from error
    if faults != ["ok"]:
        part.unlink(missing_ok=True)
        raise Unavailable(
            Problem("backup_damaged", f"The copy is damaged: {faults[0]}.", "PATH", "Check the disk and the database.")
        )
    part.chmod(0o600)
    part.rename(target)
    return target.stat().st_size
