"""What somebody typed, as it came: fields by name, and which form of the page it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import BinaryIO, Final
from urllib.parse import parse_qsl

from app.errors import Invalid, Problem

CSRF: Final = "_csrf"
ONCE: Final = "_once"
FORM: Final = "_form"
HELD: Final = "_held"
OWN: Final = frozenset({CSRF, ONCE, FORM, HELD})
SECRETS: Final = frozenset({"password", "old", "code", "recovery", "secret", "sealed"})
"""Fields that are never shown again and never kept."""
HIDDEN: Final = "secret."
"""So is every field whose name begins like this."""
MOST_FIELDS: Final = 2_000
NO_FIELDS: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Entered:
    fields: Mapping[str, Sequence[str]] = field(default_factory=lambda: NO_FIELDS)
    file: BinaryIO | None = None
    """Of a screen that takes one: at its beginning."""
    file_name: str = ""

    def one(self, name: str) -> str:
        """The first value, "" when there is none."""
        values = self.fields.get(name, ())
        return values[0] if values else ""

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(self.fields.get(name, ()))

    @property
    def form(self) -> str:
        return self.one(FORM)

    @property
    def words(self) -> list[tuple[str, str]]:
        """Everything worth keeping over a sign-in: without secrets and what belongs to the old page."""
        drop = OWN - {FORM}
        kept = (name for name in self.fields if name not in drop and not is_secret(name))
        return [(name, value) for name in kept for value in self.fields[name]]


def is_secret(name: str) -> bool:
    return name in SECRETS or name.startswith(HIDDEN)


def read_body(body: bytes) -> Entered:
    """A urlencoded form. Raise Invalid (code `bad_form`) for anything else."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Invalid(
            Problem("bad_form", "What your browser sent cannot be read.", "", "Open the page again.")
        ) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Entered(fields)
