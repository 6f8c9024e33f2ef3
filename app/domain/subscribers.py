"""One row of a subscriber list: what it must look like to be let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.domain.audience import normalise
from app.domain.message import Medium
from app.domain.reading import is_timezone
from app.domain.texts import forbidden_character, is_language, tidy
from app.errors import Invalid, Problem

COLUMNS: Final = ("external_id", "name", "email", "phone", "languages", "timezone", "area")
"""The columns we know; every other one becomes an attribute of the person."""

LONGEST: Final[Mapping[str, int]] = {"external_id": 200, "name": 200, "timezone": 64, "area": 64}
LONGEST_ATTRIBUTE: Final = 500
MOST_LANGUAGES: Final = 8

_REMEDIES: Final[Mapping[str, str]] = {
    "bad_email": "Write it as name@example.org.",
    "bad_phone": "Write it with its country code: +442071838750.",
    "bad_timezone": "Write an IANA name such as Asia/Kolkata, or leave the cell empty.",
    "duplicate": "Keep one of the rows.",
    "forbidden_character": "Remove line breaks and other invisible characters from the cell.",
    "malformed": "Give the row as many cells as the header, and close every quotation mark.",
    "missing": "Give every person an external_id of their own.",
    "too_long": "Shorten the cell.",
    "unknown_language": "Write codes such as en or gu, best first, separated by a semicolon.",
}
_SEPARATORS: Final = re.compile(r"[;,|\s]+")


@dataclass(frozen=True, slots=True)
class SubscriberRow:
    """Everything clean; an empty e-mail or phone means there is none (such a person is kept, nothing is sent)."""

    external_id: str
    name: str
    email: str
    """Normal form, "" for none."""
    phone: str
    """E.164, "" for none."""
    languages: tuple[str, ...]
    """Best first, never empty."""
    timezone: str
    area: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowError:
    line: int
    """Line of the file on which the row starts, the header being 1."""
    column: str
    """"" when the row as a whole is wrong."""
    code: str
    sentence: str
    """Never quotes an address."""

    @property
    def remedy(self) -> str:
        return _REMEDIES.get(self.code, "Correct this cell.")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What empty cells become."""

    languages: tuple[str, ...] = ("en",)
    timezone: str = "UTC"
    region: str = ""
    """ISO 3166 country in which numbers without + are dialled, "" = such numbers are refused."""


def check_header(header: Sequence[str]) -> tuple[Problem, ...]:
    """What makes the whole file unreadable: no external_id column, a column twice or without a usable name."""
    problems = []
    names = [name.strip() for name in header]
    if "external_id" not in names:
        problems.append(
            Problem(
                "csv_header",
                "The first line does not name a column external_id.",
                "header",
                f"Start the file with a line such as {','.join(COLUMNS)}.",
            )
        )
    problems += [
        Problem("csv_header", f"The column “{name[:64]}” stands there twice.", "header", "Rename one of them.")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if any(not name or len(name) > 64 or forbidden_character(name, lines=False) for name in names):
        problems.append(
            Problem("csv_header", "A column has no usable name.", "header", "Give every column a short name.")
        )
    return tuple(problems)


def csv_row(
    line: int,
    row: Mapping[str, str],
    *,
    defaults: Defaults,
    seen: Callable[[str], bool] | Collection[str] = (),
) -> tuple[SubscriberRow | None, tuple[RowError, ...]]:
    """The clean row, or None and every reason against it.

    `row` maps column to cell (a missing cell is ""). `seen` tells whether an external_id came earlier in this file.
    """
    errors: list[RowError] = []
    cells: dict[str, str] = {}
    for column, cell in row.items():
        cells[column] = _cell(line, column, cell, errors)
    external_id = cells.get("external_id", "")
    if not external_id and not errors:
        errors.append(RowError(line, "external_id", "missing", "The row has no external_id."))
    if external_id and (seen(external_id) if callable(seen) else external_id in seen):
        errors.append(RowError(line, "external_id", "duplicate", "This external_id stood in an earlier row."))
    email = _address(line, "email", Medium.EMAIL, cells, defaults, errors)
    phone = _address(line, "phone", Medium.SMS, cells, defaults, errors)
    languages = _languages(line, cells.get("languages", ""), errors) or defaults.languages
    timezone = cells.get("timezone", "") or defaults.timezone
    if not _known_zone(timezone):
        errors.append(RowError(line, "timezone", "bad_timezone", "The time zone is not an IANA name (Asia/Kolkata)."))
    if errors:
        return None, tuple(errors)
    attributes = {column: cell for column, cell in cells.items() if column not in COLUMNS and cell}
    return (
        SubscriberRow(
            external_id, cells.get("name", ""), email, phone, languages, timezone, cells.get("area", ""), attributes
        ),
        (),
    )


def _cell(line: int, column: str, cell: str, errors: list[RowError]) -> str:
    """Line ends, NUL and other controls are refused, not mended: they are how headers get injected."""
    if cell.isascii() and cell.isprintable():  # nearly all; the rest is looked at closely
        clean = cell.strip()
    else:
        if bad := forbidden_character(cell, lines=False):
            errors.append(
                RowError(line, column, "forbidden_character", f"The cell {column} contains the character {bad}.")
            )
            return ""
        clean = tidy(cell)
    longest = LONGEST.get(column, LONGEST_ATTRIBUTE)
    if len(clean) > longest:
        errors.append(RowError(line, column, "too_long", f"The cell {column} is longer than {longest} characters."))
    return clean


def _address(
    line: int, column: str, medium: Medium, cells: Mapping[str, str], defaults: Defaults, errors: list[RowError]
) -> str:
    if not (raw := cells.get(column, "")):
        return ""
    try:
        return normalise(medium, raw, defaults.region)
    except Invalid as refusal:
        problem = refusal.problems[0]
        errors.append(RowError(line, column, problem.code, problem.sentence))
        return ""


def _languages(line: int, cell: str, errors: list[RowError]) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(code for code in _SEPARATORS.split(cell) if code))
    if len(codes) > MOST_LANGUAGES:
        errors.append(RowError(line, "languages", "too_long", f"More than {MOST_LANGUAGES} languages."))
    for code in codes:
        if not _known_language(code):
            errors.append(
                RowError(line, "languages", "unknown_language", f"“{code[:20]}” is not a known language code.")
            )
            break
    return codes


@lru_cache(maxsize=1_024)
def _known_language(code: str) -> bool:
    from babel import localedata  # 50 ms, for those who read addresses

    return is_language(code) and localedata.exists(code.split("-", maxsplit=1)[0])


@lru_cache(maxsize=1_024)
def _known_zone(name: str) -> bool:
    return is_timezone(name)
