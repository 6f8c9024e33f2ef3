"""A refusal on the command line: one sentence each, what to do about it, and a number a script can act on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from pydantic import ValidationError
from rich.console import Console
from rich.text import Text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import (
    ClarionError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooLarge,
    TooSlow,
    Unauthenticated,
    Unavailable,
)


class Code(IntEnum):
    """The exit codes of docs/operations.md."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNAVAILABLE = 5
    NOT_ALLOWED = 6
    INTERRUPTED = 130


CODES: Final[tuple[tuple[type[ClarionError], Code], ...]] = (
    (Invalid, Code.REFUSED),
    (TooLarge, Code.REFUSED),
    (TooSlow, Code.UNAVAILABLE),
    (NotFound, Code.NOT_FOUND),
    (Conflict, Code.CONFLICT),
    (Unavailable, Code.UNAVAILABLE),
    (Unauthenticated, Code.NOT_ALLOWED),
    (Forbidden, Code.NOT_ALLOWED),
)
EXPECTED: Final = (
    ClarionError,
    DBAPIError,
    PoolTimeout,
    ArgumentError,
    ModuleNotFoundError,
    ValidationError,
    OSError,
    RuntimeError,
)
"""What a command may run into without being broken."""

_OLD_SCHEMA: Final = ("no such table", "no such column", "does not exist", "has no column named")


def read(fault: BaseException) -> tuple[Code, tuple[Problem, ...]]:
    """The exit code of an EXPECTED fault, and its sentences."""
    if isinstance(fault, ClarionError):
        code = next((code for kind, code in CODES if isinstance(fault, kind)), Code.REFUSED)
        return code, fault.problems
    if isinstance(fault, DBAPIError | PoolTimeout):
        return Code.UNAVAILABLE, (_of_database(fault),)
    if isinstance(fault, ValidationError):
        return Code.REFUSED, tuple(_of_setting(error["loc"], error["msg"]) for error in fault.errors())
    if isinstance(fault, ArgumentError):
        words = "CLARION_DATABASE_URL is not the address of a database that we know."
        remedy = "Write sqlite:///data/clarion.db, or postgresql+psycopg://user@host/name."
        return Code.REFUSED, (Problem("bad_database_url", words, "CLARION_DATABASE_URL", remedy),)
    if isinstance(fault, ModuleNotFoundError):
        words = f"The package “{fault.name}” is not installed here."
        return Code.REFUSED, (Problem("package_missing", words, "", "Install it beside Clarion, in .venv/."),)
    if isinstance(fault, OSError):
        return Code.REFUSED, (_of_file(fault),)
    return Code.REFUSED, (Problem("configuration", str(fault) or type(fault).__name__),)


def tell(screen: Console, problems: Sequence[Problem], *, as_json: bool) -> None:
    """On standard error; as JSON the array that the HTTP API calls `errors`."""
    if as_json:
        listed = [
            {"code": one.code, "detail": one.sentence, "field": one.field, "remedy": one.remedy} for one in problems
        ]
        screen.file.write(json.dumps({"errors": listed}, ensure_ascii=False, indent=2) + "\n")
        return
    whole = not screen.is_terminal  # a log or a pipe gets each sentence on one line
    for one in problems:
        field = f"  [{one.field}]" if one.field else ""
        screen.print(Text.assemble(("✗ ", "bad"), one.sentence, (field, "quiet")), soft_wrap=whole)
        if one.remedy:
            screen.print(Text.assemble("  ", one.remedy), soft_wrap=whole)


def _of_database(fault: DBAPIError | PoolTimeout) -> Problem:
    words = str(getattr(fault, "orig", fault))
    if any(sign in words for sign in _OLD_SCHEMA):
        return Problem("schema_behind", "The database does not have this version's schema.", "", "Run: clarion migrate")
    first = words.strip().splitlines()[0] if words.strip() else type(fault).__name__
    return Problem(
        "database_unavailable",
        f"The database does not answer: {first}.",
        "CLARION_DATABASE_URL",
        "Check it, try again.",
    )


def _of_setting(path: Sequence[int | str], words: str) -> Problem:
    name = "CLARION_" + "_".join(str(part) for part in path).upper()
    return Problem("bad_setting", f"{name} cannot be used: {words}.", name, "Correct it, or leave it out.")


def _of_file(fault: OSError) -> Problem:
    where = f" {fault.filename}" if fault.filename else ""
    return Problem("file", f"{fault.strerror or type(fault).__name__}:{where}.", "", "Check the path and its rights.")
