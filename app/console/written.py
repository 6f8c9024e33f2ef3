"""An update as the fields of one form, and back: each field is named as the refusals of the use cases name it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.console.entered import Entered
from app.domain.content import MOST_OPTIONS
from app.domain.reading import iso, parse_instant
from app.domain.texts import tidy
from app.errors import Problem

TEXTS: Final = (
    "headline", "acknowledgement", "impact", "duration", "explanation", "complications", "perspective", "reassurance",
)  # fmt: skip
CHOICES: Final = ("stage", "audience", "need", "topic", "endpoints", "recipients_per_hour", "news", "drill")
NAMED: Final = ("stage", "audience", "need", "topic", "recipients_per_hour", "news")
LISTS: Final = ("endpoints", "languages_to_come")
TIMES: Final = ("next_update_by", "expires_at")
EMPTY_ROWS: Final = 1
"""Rows for one more link than there are."""
PARTS: Final = {"options": ("text", "need", "url"), "links": ("text", "url")}
_ROW: Final = re.compile(r"(options|links)\[(\d{1,2})\]\.(text|need|url)$")
_ITEM: Final = re.compile(r"(complications|endpoints|languages_to_come)\[\d+\].*")


def flat(document: Mapping[str, Any], timezone: str) -> dict[str, str]:
    """Every field as it stands in the form; endpoints and complications one a line, times by the clock on the wall."""
    found = {name: str(document.get(name) or "") for name in NAMED}
    found["endpoints"] = "\n".join(sorted(document.get("endpoints") or ()))
    found["languages_to_come"] = "\n".join(sorted(document.get("languages_to_come") or ()))
    found["drill"] = "yes" if document.get("drill") else ""
    for name in TIMES:
        found[name] = _on_the_wall(document.get(name), timezone)
    for language, words in (document.get("content") or {}).items():
        found.update({f"content.{language}.{name}": text for name, text in _flat_words(words)})
    return found


def typed(entered: Entered) -> dict[str, str]:
    """What the form says; a checkbox or list nobody ticked is empty, words that were not on the page are not there."""
    found = {name: entered.one(name) for name in (*CHOICES, *TIMES)}
    found["endpoints"] = "\n".join(sorted(entered.many("endpoints")))
    found["languages_to_come"] = "\n".join(sorted(entered.many("languages_to_come")))
    found["drill"] = "yes" if entered.one("drill") else ""
    for name in entered.fields:
        if name.startswith("content.") and not _ROW.search(name):
            found[name] = tidy(entered.one(name))
    for language in languages_in(entered.fields):
        found.update(_closed_up(entered, language))
    return found


def _closed_up(entered: Entered, language: str) -> Iterable[tuple[str, str]]:
    """Options and links without the empty rows between them, as they are stored."""
    for kind, parts in PARTS.items():
        rows = {name[: name.rindex(".")] for name in entered.fields if name.startswith(f"content.{language}.{kind}[")}
        told = [[tidy(entered.one(f"{row}.{part}")) for part in parts] for row in sorted(rows, key=_place)]
        filled = [row for row in told if any(row)]
        for place in range(len(told)):
            texts = filled[place] if place < len(filled) else [""] * len(parts)
            yield from (
                (f"content.{language}.{kind}[{place}].{part}", text) for part, text in zip(parts, texts, strict=True)
            )


def _place(row: str) -> int:
    return int(row[row.rindex("[") + 1 : -1])


def document_of(
    values: Mapping[str, str], before: Mapping[str, Any], timezone: str
) -> tuple[dict[str, Any], list[Problem]]:
    """The document to save, and what cannot be read; whatever the form does not name stays as it was `before`."""
    was, problems = flat(before, timezone), list[Problem]()
    document = {**before, "stage": values["stage"], "drill": bool(values["drill"])}
    for name in ("audience", "need", "topic"):
        document[name] = values[name] or None
    if values["news"] != was["news"]:
        document["news"] = values["news"] or None
    for name in LISTS:
        if values[name] != was[name]:
            document[name] = values[name].split("\n") if values[name] else []
    if values["recipients_per_hour"] != was["recipients_per_hour"]:
        document["recipients_per_hour"] = _number(values["recipients_per_hour"], problems)
    for name in TIMES:
        if values[name] != was[name]:
            document[name] = _instant(name, values[name], timezone, problems)
    document["content"] = content_of(values)
    return document, problems


def field_of(problem: Problem) -> Problem:
    """The same beside the field it belongs to, said without the field's path."""
    field = _ITEM.sub(r"\1", problem.field)
    if field.startswith("content.") and field.count(".") == 1:
        field += ".headline"
    sentence = problem.sentence.replace(problem.field, "This", 1) if problem.field else problem.sentence
    return Problem(problem.code, sentence, field, problem.remedy)


def languages_in(values: Iterable[str]) -> list[str]:
    """Of these names of fields."""
    return list(dict.fromkeys(name.split(".")[1] for name in values if name.startswith("content.")))


def _flat_words(words: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name in TEXTS:
        value = words.get(name) or ""
        yield name, value if isinstance(value, str) else "\n".join(value)
    for kind, parts in PARTS.items():
        for place, row in enumerate(words.get(kind) or ()):
            for part in parts:
                yield f"{kind}[{place}].{part}", str(row.get(part) or "")


def content_of(values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Languages in which something was written."""
    found: dict[str, dict[str, Any]] = {}
    for language in languages_in(values):
        start = f"content.{language}."
        own = {name.removeprefix(start): text for name, text in values.items() if name.startswith(start) and text}
        if not own:
            continue
        words: dict[str, Any] = {name: own[name] for name in TEXTS if name in own and name != "complications"}
        words["complications"] = [line for line in own.get("complications", "").split("\n") if line.strip()]
        for kind in PARTS:
            words[kind] = _rows(kind, own)
        found[language] = words
    return found


def _rows(kind: str, own: Mapping[str, str]) -> list[dict[str, str]]:
    rows: dict[int, dict[str, str]] = {}
    for name, text in own.items():
        match = _ROW.fullmatch(name)
        if match is not None and match[1] == kind:
            rows.setdefault(int(match[2]), {})[match[3]] = text
    return [rows[place] for place in sorted(rows)]


def rows(words: Mapping[str, str], language: str, kind: str) -> Sequence[int]:
    """Which rows of options or links the form has: two options, one link more than there are."""
    if kind == "options":
        return range(MOST_OPTIONS)
    start = f"content.{language}."
    own = [_ROW.fullmatch(name.removeprefix(start)) for name, text in words.items() if text and name.startswith(start)]
    filled = [int(match[2]) for match in own if match is not None and match[1] == kind]
    return range(max(filled, default=-1) + 1 + EMPTY_ROWS)


def _on_the_wall(value: object, timezone: str) -> str:
    at = parse_instant(str(value)) if value else None
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M") if at else ""


def _instant(name: str, value: str, timezone: str, problems: list[Problem]) -> str | None:
    if not value:
        return None
    try:
        return iso(datetime.fromisoformat(value).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC))
    except (ValueError, OverflowError):
        sentence = "This is not a day and time."
        problems.append(Problem("bad_time", sentence, name, "Write it like 2026-11-22T14:30."))
        return None


def _number(value: str, problems: list[Problem]) -> int | None:
    digits = "".join(each for each in value if each not in " ,.'’\u00a0\u202f")
    if not digits:
        return None
    if not digits.isascii() or not digits.isdigit():
        problems.append(Problem("bad_number", "This is not a whole number.", "recipients_per_hour", ""))
        return None
    return int(digits)
