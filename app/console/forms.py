"""From what was typed to typed values: one Problem for each field that is wrong, all at once.

read = Fields(visit.entered)
wanted = NewUser(read.text("name"), read.choice("role", Role), read.text("email", required=False))
read.done()
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from app.console.entered import Entered
from app.domain.texts import forbidden_character, tidy
from app.errors import Invalid, Problem

E = TypeVar("E", bound=StrEnum)
_EMPTY: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Fields:
    """Each method returns a usable value after noting a problem; `done()` raises Invalid with all of them."""

    def __init__(self, entered: Entered) -> None:
        self._entered = entered
        self.problems: list[Problem] = []

    def text(self, name: str, *, required: bool = True, longest: int = 200, lines: bool = False) -> str:
        value = tidy(self._entered.one(name))
        if not value and required:
            self.problem("missing_field", name, "This is needed.")
        elif len(value) > longest:
            self.problem("too_long", name, f"This is {len(value)} characters long; {longest} are possible.")
        elif odd := forbidden_character(value, lines=lines):
            self.problem("forbidden_character", name, f"The character {odd} cannot be used here.", "Type it anew.")
        return value

    def choice(self, name: str, kind: type[E], default: E | None = None) -> E:
        value = self._entered.one(name)
        if not value and default is not None:
            return default
        if value not in set(kind):
            self.problem("bad_choice", name, "Choose one of these.")
            return default or next(iter(kind))
        return kind(value)

    def choices(self, name: str, kind: type[E]) -> frozenset[E]:
        values = self._entered.many(name)
        if any(value not in set(kind) for value in values):
            self.problem("bad_choice", name, "Choose from these.")
        return frozenset(kind(value) for value in values if value in set(kind))

    def flag(self, name: str) -> bool:
        return bool(self._entered.one(name))

    def number(self, name: str, least: int, most: int) -> int:
        """Blanks and separators of thousands are no harm: people copy what they see."""
        value = "".join(each for each in self._entered.one(name) if each not in " ,.'’\u00a0\u202f")
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            self.problem("bad_number", name, f"Type a whole number from {least} to {most}.")
            return least
        return int(value)

    def local_time(self, name: str, timezone: str, *, required: bool = True) -> datetime | None:
        """From `<input type="datetime-local">`, read in the organisation's time zone."""
        value = self._entered.one(name)
        if not value:
            if required:
                self.problem("missing_field", name, "This is needed.")
            return None
        try:
            return datetime.fromisoformat(value).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.problem("bad_time", name, "This is not a day and time.", "Write it like 2026-11-22T14:30.")
            return _EMPTY

    def problem(self, code: str, name: str, sentence: str, remedy: str = "") -> None:
        self.problems.append(Problem(code, sentence, name, remedy))

    def done(self) -> None:
        if self.problems:
            raise Invalid(self.problems)
