"""A table of expectations about routes: what staff want to be true, checked against the rules as they are."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from app.domain.crisis import Severity
from app.domain.reading import is_slug, parse_instant
from app.domain.routing import Option, Query, Reason, Registry, advise
from app.domain.texts import is_language
from app.errors import Invalid, Problem

COLUMNS: Final = ("need", "language", "area", "severity", "at", "expected")
MORE_COLUMNS: Final = ("reason", "audience")
"""May be left out."""
MOST_ROWS: Final = 10_000
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expectation:
    line: int
    """In the file; the header is line 1."""
    query: Query
    at: datetime
    expected: str
    """Slug of the contact channel that must stand first."""
    reason: Reason | None = None
    """None = any."""


@dataclass(frozen=True, slots=True)
class Verdict:
    expectation: Expectation
    ok: bool
    found: str
    """Slug of the contact channel that stands first; "" = none."""
    reason: Reason | None
    sentence: str


def read_expectations(lines: Iterable[str]) -> tuple[Expectation, ...]:
    """Out of the lines of a CSV file. Raise Invalid with one Problem per fault, fields `line 3, column at`."""
    rows = csv.reader(lines)
    header = [name.strip().removeprefix("\ufeff") for name in next(rows, [])]
    missing = [name for name in COLUMNS if name not in header]
    unknown = [name for name in header if name not in (*COLUMNS, *MORE_COLUMNS)]
    if missing or unknown or len(set(header)) < len(header):
        words = f"has no column {', '.join(missing)}" if missing else f"has unusable columns: {', '.join(header)}"
        remedy = f"Begin with the line: {','.join((*COLUMNS, 'reason'))}"
        raise Invalid(Problem("bad_header", f"The table {words}.", "line 1", remedy))
    problems: list[Problem] = []
    found: list[Expectation] = []
    for cells in rows:
        if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
            continue
        if len(found) == MOST_ROWS:
            problems.append(Problem("too_long", f"The table has more than {MOST_ROWS} rows.", "", "Split it."))
            break
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        if len(cells) != len(header):
            words = f"Line {rows.line_num} has {len(cells)} cells; the header has {len(header)}."
            problems.append(Problem("bad_row", words, f"line {rows.line_num}", "Put quotes around cells with commas."))
        found.append(_expectation(row, rows.line_num, problems))
    if not found:
        problems.append(Problem("empty_table", "The table has no rows.", "", "Write one line for each expectation."))
    if problems:
        raise Invalid(problems)
    return tuple(found)


def _expectation(row: Mapping[str, str], line: int, problems: list[Problem]) -> Expectation:
    def fault(column: str, remedy: str) -> None:
        words = f"Line {line}: {column} “{row.get(column, '')}” cannot be used."
        problems.append(Problem("bad_cell", words, f"line {line}, column {column}", remedy))

    severities, reasons = [one.value for one in Severity], [one.value for one in Reason]
    for column in ("need", "expected"):
        if not is_slug(row.get(column, "")):
            fault(column, "Write a slug, such as live-chat.")
    if not is_language(row.get("language", "")):
        fault("language", "Write a language code, such as en, gu or lo.")
    severity, reason = row.get("severity", ""), row.get("reason", "")
    if severity and severity not in severities:
        fault("severity", f"Use one of: {', '.join(severities)}; or leave it empty.")
    if reason and reason not in reasons:
        fault("reason", f"Use one of: {', '.join(reasons)}; or leave it empty.")
    at = parse_instant(row.get("at", ""))
    if at is None:
        fault("at", "Write a time with its offset, such as 2026-12-02T10:00+07:00.")
    query = Query(
        row.get("need", ""),
        row.get("language", ""),
        row.get("area", ""),
        Severity(severity) if severity in severities else None,
        row.get("audience", ""),
    )
    return Expectation(
        line, query, at or _NEVER, row.get("expected", ""), Reason(reason) if reason in reasons else None
    )


def judge(registry: Registry, expectations: Sequence[Expectation]) -> tuple[Verdict, ...]:
    """One verdict for each expectation, in their order."""
    return tuple(_verdict(registry, one) for one in expectations)


def _verdict(registry: Registry, wanted: Expectation) -> Verdict:
    asked = f"{wanted.query.need} in {wanted.query.language}"
    if wanted.query.need not in registry.needs:
        return Verdict(wanted, False, "", None, f"There is no need “{wanted.query.need}”.")
    options = advise(registry, wanted.query, wanted.at)
    if not options:
        return Verdict(wanted, False, "", None, f"{asked} leads nowhere: nobody serves this area.")
    first = options[0]
    slug = first.contact_channel.slug
    leads = f"{asked} leads to {slug} ({_word(first.reason)})"
    if slug != wanted.expected:
        sentence = f"{leads}, not to {wanted.expected}: {_instead(registry, options, wanted.expected)}."
        return Verdict(wanted, False, slug, first.reason, sentence)
    if wanted.reason not in (None, first.reason):
        sentence = f"{leads}, but it should be there as {_word(wanted.reason)}."
        return Verdict(wanted, False, slug, first.reason, sentence)
    return Verdict(wanted, True, slug, first.reason, f"{leads}.")


def _instead(registry: Registry, options: Sequence[Option], expected: str) -> str:
    """Why the expected one does not stand first."""
    if expected not in registry.channels:
        return "there is no such contact channel"
    place = next((place for place, one in enumerate(options, 1) if one.contact_channel.slug == expected), None)
    if place is None:
        return "no rule that holds here names it"
    return f"it stands in place {place} ({_word(options[place - 1].reason)})"


def _word(reason: Reason | None) -> str:
    return reason.value.replace("_", " ") if reason else ""
