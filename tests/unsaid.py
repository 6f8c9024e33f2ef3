"""What stands out in the accented language for tests: words that came from no catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import html

from app.console.words import accented
from app.templating.refusal_words import WORDS
from app.templating.refusals import Sayings
from tests.refusal_catalogue import refusals
from tests.staff_catalogue import labels

PLAIN: Final = re.compile(r"[aeiouAEIOUcnsz]")
"""Letters that the accented language never has (app/console/words.py)."""
WORD: Final = re.compile(r"[^\W\d_]+")


READ_ALOUD: Final = ("alt", "title", "placeholder", "aria-label", "data-lost", "label")
UNREAD: Final = {"script", "style", "code", "textarea"}
NAMES: Final = {"Clarion", "UTC", "UCS"}
DATA: Final = re.compile(r"“[^”]*”|\{\w+\}|https?://\S+")
"""What stands in quotation marks, gaps to be filled in, addresses."""
SAYINGS: Final = Sayings(
    {one: accented(one) for one in refusals()},
    {one: accented(one) for one in WORDS},
    {one: accented(one) for one in labels()},
)


def unsaid(text: str) -> list[str]:
    return [word for word in WORD.findall(text) if PLAIN.search(word)]


def spoken(element: html.HtmlElement) -> Iterator[str]:
    """What a reader reads or hears, but for what says itself that no catalogue has it."""
    said_otherwise = element.get("translate") == "no" or (element.get("lang") and element.tag != "html")
    if not isinstance(element.tag, str) or element.tag in UNREAD or said_otherwise:
        return
    yield from (element.get(name) or "" for name in READ_ALOUD)
    yield element.text or ""
    for each in element:
        yield from spoken(each)
        yield each.tail or ""


def english(tree: html.HtmlElement) -> list[str]:
    pieces = (" ".join(piece.split()) for piece in spoken(tree))
    return [piece for piece in pieces if set(unsaid(DATA.sub("", piece))) - NAMES]
