"""Slot sentences: approved words with typed gaps, such as “back by {time}”.

A slot is a lower-case name in braces and nothing else: no format specification, no attribute, no index.
Types: time (ISO 8601 with offset), duration (ISO 8601 or short, “PT1H30M”, “90m”), number, and place (a plain
name, or one name per language). A value can only ever be of its type, so that approved words stay approved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.cldr import duration_text, moment_text, number_text
from app.errors import Invalid, Problem

PLACE_LENGTH: Final = 60
_SLOT: Final = re.compile(r"\{([^{}]*)\}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DURATION: Final = re.compile(
    r"P?(?:(?P<days>\d{1,3})D)?T?(?:(?P<hours>\d{1,4})H)?(?:(?P<minutes>\d{1,5})M)?(?:(?P<seconds>\d{1,6})S)?",
    re.IGNORECASE,
)
_NOT_A_PLACE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/@<>{}\\|\u200e\u200f\u202a-\u202e\u2066-\u2069]|www\.|:")


class SlotType(StrEnum):
    TIME = "time"
    DURATION = "duration"
    PLACE = "place"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Reading:
    """For whom a sentence is filled: the zone times are told in, and the day that needs no naming."""

    timezone: str = "UTC"
    now: datetime | None = None


SlotValue = datetime | timedelta | int | float | str | Mapping[str, str]


def names_in(sentence: str) -> tuple[str, ...]:
    """The slots of a sentence in order, also malformed ones (`check_slots` refuses those)."""
    return tuple(match.group(1) for match in _SLOT.finditer(sentence))


def is_slot_name(text: str) -> bool:
    """Whether the words between two braces are a slot: a lower-case name."""
    return _NAME.fullmatch(text) is not None


def check_slots(sentence: str, known: Mapping[str, SlotType], field: str = "") -> tuple[Problem, ...]:
    """One Problem for each slot that is malformed or not among the known variables."""
    problems = [_slot_problem(name, known, field) for name in names_in(sentence) if name not in known]
    if any(brace in _SLOT.sub("", sentence) for brace in "{}"):
        problems.append(
            Problem(
                "slot_malformed", "A brace is not part of a slot.", field, "Write slots as {name}, without nesting."
            )
        )
    return tuple(problems)


def _slot_problem(name: str, known: Mapping[str, SlotType], field: str) -> Problem:
    if not _NAME.fullmatch(name):
        return Problem(
            "slot_malformed", f"“{{{name[:40]}}}” is not a slot.", field, "A slot is a lower-case name in braces."
        )
    listed = ", ".join(sorted(known)) or "none"
    return Problem(
        "unknown_variable", f"There is no variable “{name}”.", field, f"Use one of the declared variables: {listed}."
    )


def read_value(kind: SlotType, raw: object, field: str = "") -> SlotValue:
    """The typed value, or Invalid with what is expected."""
    if kind is SlotType.TIME:
        return _read_time(raw, field)
    if kind is SlotType.DURATION:
        return _read_duration(raw, field)
    if kind is SlotType.NUMBER:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) < 1e15:
            raise _wrong(field, "a number", "Give a number without quotes.")
        return raw
    if isinstance(raw, Mapping):
        return {str(language): _read_place(name, field) for language, name in raw.items()}
    return _read_place(raw, field)


def _read_time(raw: object, field: str) -> datetime:
    try:
        at = raw if isinstance(raw, datetime) else datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise _wrong(field, "a time with its zone", "Write it like 2026-11-22T14:30:00Z.")
    return at


def _read_duration(raw: object, field: str) -> timedelta:
    if isinstance(raw, timedelta) and raw > timedelta():
        return raw
    match = _DURATION.fullmatch(raw) if isinstance(raw, str) else None
    parts = {unit: int(count) for unit, count in match.groupdict().items() if count} if match else {}
    if not any(parts.values()):
        raise _wrong(field, "a duration", "Write it like PT1H30M or 90m.")
    return timedelta(**parts)


def _read_place(raw: object, field: str) -> str:
    if not isinstance(raw, str) or not raw.strip() or len(raw) > PLACE_LENGTH or _NOT_A_PLACE.search(raw):
        raise _wrong(
            field,
            "the name of a place",
            f"Give a plain name of at most {PLACE_LENGTH} characters, no link, no address.",
        )
    return raw.strip()


def _wrong(field: str, wanted: str, remedy: str) -> Invalid:
    return Invalid(Problem("variable_type", f"“{field}” is not {wanted}.", field, remedy))


def fill_slots(sentence: str, values: Mapping[str, SlotValue], language: str, reading: Reading | None = None) -> str:
    """The sentence with every slot written the way `language` writes it; Invalid for a slot without a value."""
    reading = reading or Reading()

    def written(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise Invalid(
                Problem("missing_variable", f"The variable “{name}” has no value.", name, "Give a value for it.")
            )
        return _written(values[name], name, language, reading)

    return _SLOT.sub(written, sentence)


def _written(value: SlotValue, name: str, language: str, reading: Reading) -> str:
    if isinstance(value, datetime):
        return moment_text(value, reading.timezone, language, now=reading.now)
    if isinstance(value, timedelta):
        return duration_text(value, language)
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        if language not in value:
            raise Invalid(
                Problem(
                    "missing_translation",
                    f"The place “{name}” has no name in “{language}”.",
                    f"{name}.{language}",
                    "Name the place in every language of the playbook, or give one name for all.",
                )
            )
        return value[language]
    return number_text(value, language)
