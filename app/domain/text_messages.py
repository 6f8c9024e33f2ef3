"""A text message as a phone gets it: its parts, and the characters that make it dear."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.domain.fitting import GSM_BASIC, GSM_EXTENSION, segments, split_parts

INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-",
        "…": "...", "•": "-", "·": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "´": "'", "`": "'",
        "×": "x", "−": "-", "′": "'", "″": '"', "\t": " ",
    }
)  # fmt: skip
"""What says the same and is among the characters of GSM-7 (3GPP TS 23.038): word processors put in the dear ones."""


@dataclass(frozen=True, slots=True)
class Dear:
    """One character outside GSM-7."""

    character: str
    name: str
    """By Unicode, in lower case: `right single quotation mark`."""
    instead: str | None
    """What could stand in its place, "" = nothing at all; None = nothing says the same."""
    before: str
    """The words just before its first place."""
    after: str


@dataclass(frozen=True, slots=True)
class OnThePhone:
    encoding: str
    parts: tuple[str, ...]
    dear: tuple[Dear, ...]
    """Each character once, in the order of the text; empty for GSM-7."""
    parts_without: int
    """Parts it would take if all that can be replaced were; equal to len(parts) when that is no gain."""


def on_the_phone(text: str) -> OnThePhone:
    counted = segments(text)
    plain = "".join(INSTEAD.get(one, one) if _dear(one) else one for one in text)
    dear = tuple(_named(one, text) for one in dict.fromkeys(text) if _dear(one))
    return OnThePhone(counted.encoding, split_parts(text), dear, min(counted.parts, segments(plain).parts))


def _dear(character: str) -> bool:
    return character not in GSM_BASIC and character not in GSM_EXTENSION


def _named(character: str, text: str) -> Dear:
    at = text.index(character)
    name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    return Dear(character, name, INSTEAD.get(character), text[max(0, at - 12) : at], text[at + 1 : at + 13])
