"""Making words fit: what a message costs in a provider's own unit, and the longest form that is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import regex

from app.domain.message import Limits

# 3GPP TS 23.038 section 6.2.1, without the escape at 0x1B, which is not a character.
GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Section 6.2.1.1: an escape and a character, two septets that are never parted."""

Encoding = Literal["GSM-7", "UCS-2"]

_SINGLE: Final = {"GSM-7": 160, "UCS-2": 70}
_PART: Final = {"GSM-7": 153, "UCS-2": 67}

_GRAPHEME: Final = regex.compile(r"\X")
# What Mastodon counts as 23: an http(s) address with a real top-level domain, not glued to a word before it. Anything
# that might not be taken for a link there is counted in full, so this never counts too little.
_URL: Final = regex.compile(
    r"(?<![\p{L}\p{N}_@#/.-])https?://(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::\d+)?"
    r"(?:[/?#][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)?"
)
_URL_TAIL: Final = ".,;:!?'()[]"
_URL_LENGTH: Final = 23
# "@user@example.org" counts as "@user" there.
_MENTION: Final = regex.compile(r"(?<![\p{L}\p{N}_/@])(@[A-Za-z0-9_]+)@[A-Za-z0-9.-]+[A-Za-z0-9]")
_FULL_STOPS: Final = " \t\n\f\u00a0,;:-–—"


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text message costs."""

    encoding: Encoding
    units: int
    """Septets (GSM-7; two for an extension character) or UTF-16 code units (UCS-2)."""
    parts: int
    """Messages sent and billed; 0 for an empty text."""
    forced_by: str
    """The first character outside GSM-7, "" when there is none: one is enough to more than halve the room."""


def segments(text: str) -> Segments:
    """Encoding and number of parts by 3GPP TS 23.038: 160 or 70 alone, 153 or 67 a part when joined.

    Neither an escape pair nor a surrogate pair is parted; the part before it is left one short.
    """
    forced_by = next((one for one in text if one not in GSM_BASIC and one not in GSM_EXTENSION), "")
    encoding: Encoding = "UCS-2" if forced_by else "GSM-7"
    widths = [_width(one, encoding) for one in text]
    units = sum(widths)
    if units <= _SINGLE[encoding]:
        return Segments(encoding, units, 1 if units else 0, forced_by)
    parts, filled = 1, 0
    for width in widths:
        if filled + width > _PART[encoding]:
            parts, filled = parts + 1, 0
        filled += width
    return Segments(encoding, units, parts, forced_by)


def split_parts(text: str) -> tuple[str, ...]:
    """The text cut where `segments` counts: what each of the joined messages carries."""
    counted = segments(text)
    if counted.parts <= 1:
        return (text,) if text else ()
    parts, filled = [""], 0
    for one in text:
        width = _width(one, counted.encoding)
        if filled + width > _PART[counted.encoding]:
            parts.append("")
            filled = 0
        parts[-1] += one
        filled += width
    return tuple(parts)


def _width(character: str, encoding: Encoding) -> int:
    if encoding == "UCS-2":
        return 2 if ord(character) > 0xFFFF else 1
    return 2 if character in GSM_EXTENSION else 1


def graphemes(text: str) -> list[str]:
    """What readers call characters (Unicode extended grapheme clusters)."""
    return _GRAPHEME.findall(text)


def mastodon_length(text: str) -> int:
    """Graphemes, with each http(s) address as 23 and a remote mention without its server."""

    def link(found: regex.Match[str]) -> str:
        address = found[0].rstrip(_URL_TAIL)
        return "x" * _URL_LENGTH + found[0][len(address) :]

    return len(graphemes(_MENTION.sub(r"\1", _URL.sub(link, text))))


@dataclass(frozen=True, slots=True)
class Measure:
    """The most binding of a text's limits: one that is broken, else the one nearest to it."""

    size: int
    limit: int | None
    """None = nothing is limited; size is then in code points."""
    fits: bool
    unit: str
    """segments | bytes | characters | graphemes | utf16 | mastodon"""


def measure(text: str, limits: Limits) -> Measure:
    measures = list(_measures(text, limits))
    if not measures:
        return Measure(len(text), None, fits=True, unit="characters")
    return max(measures, key=lambda one: (not one.fits, one.size / one.limit if one.limit else 0.0))


def _measures(text: str, limits: Limits) -> Iterator[Measure]:
    if limits.segments is not None:
        parts = segments(text).parts
        yield Measure(parts, limits.segments, parts <= limits.segments, "segments")
    if limits.characters is not None:
        size = _count(text, limits.unit)
        yield Measure(size, limits.characters, size <= limits.characters, limits.unit)
    if limits.utf8_bytes is not None:
        size = len(text.encode())
        yield Measure(size, limits.utf8_bytes, size <= limits.utf8_bytes, "bytes")


def _count(text: str, unit: str) -> int:
    if unit == "graphemes":
        return len(graphemes(text))
    if unit == "utf16":
        return len(text.encode("utf-16-le")) // 2
    if unit == "mastodon":
        return mastodon_length(text)
    return len(text)


class Fit(StrEnum):
    """How the words came to fit."""

    WHOLE = "whole"
    """The first candidate, untouched."""
    SHORTER = "shorter"
    """A later candidate, untouched."""
    CUT = "cut"
    """The last candidate, shortened at a word (or between graphemes), an ellipsis at its end."""
    NOTHING = "nothing"
    """Not even an ellipsis fits: the text is empty."""


@dataclass(frozen=True, slots=True)
class Fitted:
    text: str
    index: int
    """Which candidate it comes from."""
    measure: Measure
    how: Fit


def fit(candidates: Sequence[str], limits: Limits) -> Fitted:
    """The first candidate within the limits, else the last one cut. `candidates` go from full to short, at least one.

    The result always fits, and never parts a grapheme or a link.
    """
    for index, text in enumerate(candidates):
        measured = measure(text, limits)
        if measured.fits:
            return Fitted(text, index, measured, Fit.SHORTER if index else Fit.WHOLE)
    last = len(candidates) - 1
    cut = _cut(candidates[last], limits)
    return Fitted(cut, last, measure(cut, limits), Fit.CUT if cut else Fit.NOTHING)


def _cut(text: str, limits: Limits) -> str:
    # The one-character ellipsis is outside GSM-7 and would cost more room than it saves.
    ellipsis = "..." if limits.segments is not None and segments(text).encoding == "GSM-7" else "…"
    clusters = graphemes(text)
    low, high = 0, len(clusters)
    while high - low > 1:  # invariant while lengths grow with the text: low fits, high does not
        middle = (low + high) // 2
        if measure("".join(clusters[:middle]) + ellipsis, limits).fits:
            low = middle
        else:
            high = middle
    for kept in _good_ends(clusters, low):
        shortened = "".join(clusters[:kept]).rstrip(_FULL_STOPS) + ellipsis
        if measure(shortened, limits).fits:
            return shortened
    return ""


def _good_ends(clusters: Sequence[str], most: int) -> Iterator[int]:
    """Numbers of graphemes to keep, best first: at a blank in the latter half, else anywhere outside a link."""
    for kept in range(most, most // 2, -1):
        if clusters[kept].isspace():
            yield kept
    text = "".join(clusters)
    links = [found.span() for found in regex.finditer(r"https?://\S+", text)]
    ends = [0]
    for cluster in clusters[:most]:
        ends.append(ends[-1] + len(cluster))
    for kept in range(most, -1, -1):
        if not any(start < ends[kept] < end for start, end in links):
            yield kept
