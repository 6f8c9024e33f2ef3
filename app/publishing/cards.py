"""The picture beside a shared link (Open Graph): the severity's colour and shape, the organisation's accent, no words.

The words are in `og:title` and `og:description` of each language, where every reader's own device shapes them. A
picture of words would need licensed fonts for each script on every server that publishes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import resvg_py

from app.domain.crisis import Severity
from app.domain.snapshot import PNG, File
from app.publishing.tongue import View

CALM: Final = "calm"
WIDTH: Final = 1200
HEIGHT: Final = 630

_COLOURS: Final = {
    Severity.EMERGENCY.value: "#a40e26",
    Severity.MAJOR.value: "#8a4b00",
    Severity.MINOR.value: "#0b4fae",
    Severity.INFO.value: "#33506b",
    CALM: "#1c6b3a",
}
"""As in templates/site/style.css."""
_BAR: Final = '<rect x="576" y="205" width="48" height="150" rx="24"/><circle cx="600" cy="415" r="30"/>'
_SHAPES: Final = {
    Severity.EMERGENCY.value: f'<path d="M600 95 L830 505 H370 Z" {{outline}}/>{_BAR}',
    Severity.MAJOR.value: f'<circle cx="600" cy="315" r="215" {{outline}}/>{_BAR}',
    Severity.MINOR.value: f'<path d="M600 85 L830 315 L600 545 L370 315 Z" {{outline}}/>{_BAR}',
    Severity.INFO.value: '<circle cx="600" cy="315" r="215" {outline}/><circle cx="600" cy="210" r="30"/>'
    '<rect x="576" y="270" width="48" height="170" rx="24"/>',
    CALM: '<circle cx="600" cy="315" r="215" {outline}/><path d="M500 320 L575 395 L710 240" fill="none" '
    'stroke="#fff" stroke-width="44" stroke-linecap="round" stroke-linejoin="round"/>',
}
_OUTLINE: Final = 'fill="none" stroke="#fff" stroke-width="28" stroke-linejoin="round"'


def card_view(base: str, accent: str, kind: str) -> View:
    return {"url": f"{base}/{card_path(kind)}?v={_name(accent, kind)}", "width": WIDTH, "height": HEIGHT}


def card_path(kind: str) -> str:
    return f"site/cards/{kind}.png"


def cards(accent: str) -> Iterator[File]:
    """One for each severity, and one for all is well."""
    for kind in _COLOURS:
        yield File(card_path(kind), _drawn(accent, kind), PNG)


def _svg(accent: str, kind: str) -> str:
    shape = _SHAPES[kind].format(outline=_OUTLINE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_COLOURS[kind]}"/>'
        f'<g fill="#fff">{shape}</g><rect y="594" width="{WIDTH}" height="36" fill="#fff"/>'
        f'<rect y="602" width="{WIDTH}" height="28" fill="{accent}"/></svg>'
    )


def _name(accent: str, kind: str) -> str:
    return hashlib.sha256(_svg(accent, kind).encode()).hexdigest()[:16]


@lru_cache(maxsize=16)
def _drawn(accent: str, kind: str) -> bytes:
    return bytes(resvg_py.svg_to_bytes(svg_string=_svg(accent, kind), skip_system_fonts=True))
