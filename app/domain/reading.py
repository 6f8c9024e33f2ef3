"""Reading JSON documents into domain types, collecting every fault instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from app.domain.texts import NO_TEXTS, Texts, forbidden_character, is_language, tidy
from app.errors import Invalid, Problem

E = TypeVar("E", bound=StrEnum)

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


def iso(at: datetime) -> str:
    """`2026-11-22T14:30:00Z`; fractions of a second only when there are any. `at` must be aware."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> datetime | None:
    """An aware UTC time from ISO 8601 with an offset or Z; None when it is anything else."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def is_slug(text: str) -> bool:
    """Whether this may be a name in addresses: 1 to 64 of a-z, 0-9 and inner hyphens."""
    return _SLUG.fullmatch(text) is not None


def is_timezone(name: str) -> bool:
    """Whether this is an IANA zone such as Asia/Kolkata."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed (absolute, ..), a directory such as "Asia"
        return False
    return bool(name)


class Reader:
    """Takes typed values out of one document; `problems` gathers what is wrong, `done()` raises it.

    Each method returns a usable empty value after noting a problem, so that reading goes on.
    `at` is the path of this document inside the whole one ("" = it is the whole).
    """

    def __init__(self, document: object, at: str = "", problems: list[Problem] | None = None) -> None:
        self.problems: list[Problem] = [] if problems is None else problems
        self._at = at
        self._document: Mapping[str, object] = {}
        if isinstance(document, Mapping):
            self._document = document
        else:
            self.problem("wrong_type", at, "must be an object", 'Send a JSON object: {"name": value}.')

    def path(self, field: str) -> str:
        return f"{self._at}.{field}" if self._at and field else self._at or field

    def problem(self, code: str, path: str, fault: str, remedy: str) -> None:
        self.problems.append(Problem(code, f"{path or 'The document'} {fault}.", path, remedy))

    def done(self) -> None:
        if self.problems:
            raise Invalid(self.problems)

    def has(self, field: str) -> bool:
        return self._document.get(field) is not None

    def raw(self, field: str) -> object:
        return self._document.get(field)

    def only(self, *fields: str) -> None:
        """Note every field that is not one of these: a mistyped name must not vanish silently."""
        for name in self._document:
            if name not in fields:
                self.problem(
                    "unknown_field", self.path(str(name)), "is not a known field", f"Use one of: {', '.join(fields)}."
                )

    def text(self, field: str, *, required: bool = False, longest: int = 5_000, lines: bool = True) -> str:
        """Tidied public words; refuses control and bidi characters, and line ends unless `lines`."""
        path, value = self.path(field), self._document.get(field)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.problem("wrong_type", path, "must be a text", "Send a string.")
            return ""
        words = tidy(value)
        if required and not words:
            self.problem("missing", path, "is missing", "Fill it in.")
        if len(words) > longest:
            self.problem("too_long", path, f"is longer than {longest} characters", "Shorten it.")
        if bad := forbidden_character(words, lines=lines):
            self.problem("forbidden_character", path, f"contains the character {bad}", "Remove that character.")
        return words

    def slug(self, field: str = "slug", *, required: bool = True) -> str:
        value = self.text(field, required=required, lines=False)
        if value and not is_slug(value):
            self.problem(
                "bad_slug",
                self.path(field),
                "cannot be used as a name in addresses",
                "Use 1 to 64 lower-case letters a-z, digits and hyphens, not starting or ending with a hyphen.",
            )
        return value

    def choice(self, field: str, kinds: type[E], default: E | None = None) -> E:
        """One word of an enumeration; absent gives `default` (None = it must be there)."""
        value = self._document.get(field)
        if value is None and default is not None:
            return default
        known = [kind.value for kind in kinds]
        if isinstance(value, str) and value in known:
            return kinds(value)
        code = "missing" if value is None else "unknown_word"
        self.problem(code, self.path(field), "must be one of the known words", f"Use one of: {', '.join(known)}.")
        return default if default is not None else next(iter(kinds))

    def flag(self, field: str, *, default: bool = False) -> bool:
        value = self._document.get(field)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem("wrong_type", self.path(field), "must be true or false", "Send a JSON boolean.")
            return default
        return value

    def number(self, field: str, lowest: int, highest: int) -> int | None:
        value = self._document.get(field)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            self.problem(
                "bad_number", self.path(field), f"must be a whole number from {lowest} to {highest}", "Correct it."
            )
            return None
        return value

    def instant(self, field: str) -> datetime | None:
        """Aware UTC; a time without an offset is refused, never guessed."""
        value = self._document.get(field)
        if value is None:
            return None
        at = parse_instant(value) if isinstance(value, str) else None
        if at is None:
            self.problem(
                "bad_time", self.path(field), "is not a time with an offset", "Write it as 2026-11-22T14:30:00Z."
            )
        return at

    def day(self, field: str) -> date | None:
        text = self.text(field, longest=10, lines=False)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.problem("bad_date", self.path(field), "is not a date", "Write it as 2026-12-24.")
            return None

    def timezone(self, field: str = "timezone", default: str = "UTC") -> str:
        value = self.text(field, longest=64, lines=False) or default
        if not is_timezone(value):
            self.problem("bad_timezone", self.path(field), "is not a time zone", "Use an IANA name: Asia/Kolkata.")
        return value

    def items(self, field: str, most: int = 1_000) -> Sequence[object]:
        value = self._document.get(field)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            self.problem("wrong_type", self.path(field), "must be a list", "Send a JSON array.")
            return ()
        if len(value) > most:
            self.problem("too_long", self.path(field), f"has more than {most} entries", "Shorten the list.")
            return ()
        return value

    def strings(self, field: str, *, most: int = 1_000, longest: int = 500, lines: bool = False) -> tuple[str, ...]:
        """A list of texts without the empty ones."""
        found = []
        for index, value in enumerate(self.items(field, most)):
            one = Reader({"": value}, f"{self.path(field)}[{index}]", self.problems)
            found.append(one.text("", longest=longest, lines=lines))
        return tuple(text for text in found if text)

    def languages(self, field: str = "languages") -> tuple[str, ...]:
        codes = self.strings(field, longest=35)
        for code in codes:
            self.check_language(self.path(field), code)
        return codes

    def check_language(self, path: str, code: str) -> None:
        if not is_language(code):
            self.problem("bad_language", path, f"names “{code}”, which is not a language code", "Use en, gu, pt-BR ...")

    def mapping(self, field: str) -> Mapping[str, object]:
        value = self._document.get(field)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            self.problem("wrong_type", self.path(field), "must be an object", 'Send a JSON object: {"name": value}.')
            return {}
        return value

    def texts(self, field: str, *, required: bool = False, longest: int = 500, lines: bool = False) -> Texts:
        """`{language: text}`, empty texts left out."""
        path = self.path(field)
        inner = Reader(self.mapping(field), path, self.problems)
        found = {}
        for language in self.mapping(field):
            self.check_language(path, language)
            if words := inner.text(language, longest=longest, lines=lines):
                found[language] = words
        if required and not found:
            self.problem("missing", path, "needs a text in at least one language", 'Send {"en": "..."}.')
        return MappingProxyType(found) if found else NO_TEXTS
