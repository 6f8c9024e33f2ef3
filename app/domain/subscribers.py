"""One row of a subscriber list: what it must look like to be let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from app.domain.audience import normalise
from app.domain.consent import REACH_A_PERSON
from app.domain.listed_consent import CONSENT_COLUMNS, LONGEST_TEXT_VERSION, Listed, read_consent
from app.domain.message import Medium
from app.domain.reading import is_timezone
from app.domain.texts import forbidden_character, is_language, tidy
from app.errors import Invalid, Problem

COLUMNS: Final = ("external_id", "name", "email", "phone", "languages", "timezone", "area", "preferred_medium")
"""What we keep of everybody."""
KNOWN_COLUMNS: Final = (*COLUMNS, *CONSENT_COLUMNS)
"""Every other column becomes an attribute of the person."""

LISTED_MEDIA: Final[Mapping[Medium, str]] = {Medium.SMS: "phone", Medium.EMAIL: "email"}
"""The media of which a list has addresses, and in which column."""

LONGEST: Final[Mapping[str, int]] = {
    "external_id": 200, "name": 200, "timezone": 64, "area": 64,
    "consent_text": LONGEST_TEXT_VERSION,
}  # fmt: skip
LONGEST_ATTRIBUTE: Final = 500
MOST_LANGUAGES: Final = 8

_REMEDIES: Final[Mapping[str, str]] = {
    "bad_consent": "Write yes or no, or leave the cell empty: it then says nothing.",
    "bad_medium": "Write sms, email, push, chat or voice, or leave the cell empty.",
    "bad_email": "Write it as name@example.org.",
    "bad_encoding": "Save the file as CSV UTF-8, or say which encoding it has.",
    "bad_moment": "Write it as 2026-03-31 or 2026-03-31T14:05:00Z, not in the future, or leave the cell empty.",
    "bad_phone": "Write it with its country code: +442071838750.",
    "bad_timezone": "Write an IANA name such as Asia/Kolkata, or leave the cell empty.",
    "duplicate": "Keep one of the rows.",
    "forbidden_character": "Remove line breaks and other invisible characters from the cell.",
    "formula": "Save the list with the values in place of the formulas.",
    "malformed": "Give the row as many cells as the header, and close every quotation mark.",
    "missing": "Give every person an external_id of their own.",
    "no_address": "Give the person an address of that medium, or leave preferred_medium empty.",
    "no_country": "Write it with its country code (+442071838750), or say in which country the numbers are dialled.",
    "too_long": "Shorten the cell.",
    "unknown_language": "Write codes such as en or gu, best first, separated by a semicolon.",
}
_PREFERABLE: Final[Mapping[str, Medium]] = {medium.value: medium for medium in REACH_A_PERSON}
_CONSENTS: Final = frozenset(CONSENT_COLUMNS)
_SEPARATORS: Final = re.compile(r"[;,|\s]+")
_FORMULA: Final = re.compile(r"=|[+@-][^\s()|!]*[(|!]")
"""What a spreadsheet would evaluate: anything after =, calls and commands after + - @; not a plain -5 or @name."""
_RISKY: Final = frozenset("'=+@-")
_OURS: Final = re.compile(r"'[=+@＝＋－＠-]")
"""An apostrophe that an export of ours put in front (domain/csvout.py)."""
_SHOWN_CODE: Final = re.compile(r"[A-Za-z-]{1,12}")
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
"""What is left of bytes that were none of the file's encoding."""


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
    preferred_medium: Medium | None
    consent: Listed | None = None
    """None = the list says nothing of it."""


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
                f"Start the file with a line such as {','.join(COLUMNS)}, or say which column it is.",
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
    now: datetime | None = None,
) -> tuple[SubscriberRow | None, tuple[RowError, ...]]:
    """The clean row, or None and every reason against it.

    `row` maps column to cell (a missing cell is ""). `seen` tells whether an external_id came earlier in this file.
    Nobody has agreed to anything after `now`.
    """
    errors: list[RowError] = []
    cells: dict[str, str] = {}
    for column, cell in row.items():
        cells[column] = _cell(line, column, cell, errors)
    external_id = cells.get("external_id", "")
    if not external_id and not errors:
        errors.append(RowError(line, "external_id", "missing", "The row has no external_id."))
    if external_id and (seen(external_id) if callable(seen) else external_id in seen):
        errors.append(duplicate(line))
    email = _address(line, "email", Medium.EMAIL, cells, defaults, errors)
    phone = _address(line, "phone", Medium.SMS, cells, defaults, errors)
    prefers = cells.get("preferred_medium", "")
    preferred = _preferred(line, prefers, cells, errors) if prefers else None
    languages = _languages(line, cells.get("languages", ""), errors) or defaults.languages
    timezone = cells.get("timezone", "") or defaults.timezone
    if not _known_zone(timezone):
        errors.append(RowError(line, "timezone", "bad_timezone", "The time zone is not an IANA name (Asia/Kolkata)."))
    consent = None if _CONSENTS.isdisjoint(cells) else _consent(line, cells, timezone, now, errors)
    if errors:
        return None, tuple(errors)
    attributes = {column: cell for column, cell in cells.items() if column not in KNOWN_COLUMNS and cell}
    return (
        SubscriberRow(
            external_id,
            cells.get("name", ""),
            email,
            phone,
            languages,
            timezone,
            cells.get("area", ""),
            attributes,
            preferred,
            consent,
        ),
        (),
    )


def duplicate(line: int) -> RowError:
    return RowError(line, "external_id", "duplicate", "This external_id stood in an earlier row.")


def _cell(line: int, column: str, cell: str, errors: list[RowError]) -> str:
    """Line ends, NUL and other controls are refused, not mended: they are how headers get injected."""
    if cell.isascii() and cell.isprintable():  # nearly all; the rest is looked at closely
        clean = cell.strip()
    else:
        if _UNDECODED.search(cell):
            errors.append(RowError(line, column, "bad_encoding", f"The cell {column} is in another encoding."))
            return ""
        if bad := forbidden_character(cell, lines=False):
            errors.append(
                RowError(line, column, "forbidden_character", f"The cell {column} contains the character {bad}.")
            )
            return ""
        clean = tidy(cell)
    if clean[:1] in _RISKY and not (column == "phone" and clean[0] == "+"):
        if _OURS.match(clean):
            clean = clean[1:]
        elif _FORMULA.match(clean):
            errors.append(RowError(line, column, "formula", f"The cell {column} is a formula of a spreadsheet."))
            return ""
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
        code, sentence = problem.code, problem.sentence
        if code == "bad_phone" and not defaults.region and _lacks_country(raw):
            code, sentence = "no_country", "This telephone number does not say in which country it is."
        errors.append(RowError(line, column, code, sentence))
        return ""


def _preferred(line: int, cell: str, cells: Mapping[str, str], errors: list[RowError]) -> Medium | None:
    """A list without a column of that medium does not say whether they have an address of it."""
    medium = _PREFERABLE.get(cell.casefold())
    if medium is None:
        errors.append(RowError(line, "preferred_medium", "bad_medium", "No person is reached by this medium."))
    elif (column := LISTED_MEDIA.get(medium)) and not cells.get(column, "x"):
        sentence = f"The preferred medium is {medium.value}, and the row has no {column}."
        errors.append(RowError(line, "preferred_medium", "no_address", sentence))
    return medium


def _consent(
    line: int, cells: Mapping[str, str], timezone: str, now: datetime | None, errors: list[RowError]
) -> Listed | None:
    zone = timezone if _known_zone(timezone) else "UTC"
    return read_consent(cells, zone, now, lambda *fault: errors.append(RowError(line, *fault)))


def _lacks_country(raw: str) -> bool:
    return not raw.startswith("+") and sum(character.isdigit() for character in raw) >= 6


@lru_cache(maxsize=1_024)
def _read_languages(cell: str) -> tuple[tuple[str, ...], str, str]:
    """The codes, else the code and the sentence against them."""
    codes = tuple(dict.fromkeys(code for code in _SEPARATORS.split(cell) if code))
    if len(codes) > MOST_LANGUAGES:
        return (), "too_long", f"More than {MOST_LANGUAGES} languages."
    for code in codes:
        if not _known_language(code):  # whatever has slipped into this column, an address is not repeated
            shown = f"“{code}” is" if _SHOWN_CODE.fullmatch(code) else "One of these is"
            return (), "unknown_language", f"{shown} not a known language code."
    return codes, "", ""


def _languages(line: int, cell: str, errors: list[RowError]) -> tuple[str, ...]:
    codes, fault, sentence = _read_languages(cell)
    if fault:
        errors.append(RowError(line, "languages", fault, sentence))
    return codes


@lru_cache(maxsize=1_024)
def _known_language(code: str) -> bool:
    from babel import localedata  # 50 ms, for those who read addresses

    return is_language(code) and localedata.exists(code.split("-", maxsplit=1)[0])


@lru_cache(maxsize=1_024)
def _known_zone(name: str) -> bool:
    return is_timezone(name)
