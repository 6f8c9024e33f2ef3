"""How the social networks count characters."""

from __future__ import annotations

from typing import Final

import regex

_URL: Final = regex.compile(r"https?://\S+")
_GRAPHEME: Final = regex.compile(r"\X")


def graphemes(text: str) -> int:
    return len(_GRAPHEME.findall(text))


def mastodon_length(text: str) -> int:
    """Graphemes, every URL as 23."""
    return graphemes(_URL.sub("x" * 23, text))
