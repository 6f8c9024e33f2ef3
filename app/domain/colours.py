"""Whether a colour can be read on another: WCAG 2.2, success criterion 1.4.3."""

from __future__ import annotations

import re
from typing import Final

LEAST_CONTRAST: Final = 4.5
PAPER: Final = "#ffffff"
"""What the pages are written on by day; templates/site/style.css has the same."""
SOFT: Final = "#f3f5f8"
NIGHT: Final = "#101317"
NIGHT_CARD: Final = "#20262d"

_HEX: Final = re.compile(r"#[0-9a-f]{6}")


def is_colour(text: str) -> bool:
    """`#rrggbb` in lower case; nothing else may reach a style sheet."""
    return _HEX.fullmatch(text) is not None


def contrast(first: str, second: str) -> float:
    """1.0 to 21.0, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def weakest(colour: str, grounds: tuple[str, ...]) -> float:
    """The contrast on the ground where it is worst."""
    return min(contrast(colour, ground) for ground in grounds)


def readable(colour: str, grounds: tuple[str, ...]) -> str:
    """The colour nearest to `colour`, darker or lighter as the grounds ask, that can be read on all of them."""
    target = "#000000" if _luminance(grounds[0]) > 0.18 else "#ffffff"
    for step in range(101):
        mixed = _mix(colour, target, step / 100)
        if weakest(mixed, grounds) >= LEAST_CONTRAST:
            return mixed
    return target


DAY_GROUNDS: Final = (PAPER, SOFT)
NIGHT_GROUNDS: Final = (NIGHT, NIGHT_CARD)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def _mix(colour: str, other: str, share: float) -> str:
    mixed = (round(a + (b - a) * share) for a, b in zip(_channels(colour), _channels(other), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
