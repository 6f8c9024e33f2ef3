"""What every channel file imports: the shared words, and three small tools for its settings and texts.

A channel is a class with `info: ClassVar[Info]`, a frozen dataclass `Settings` and
`__init__(self, settings: Settings, http: Http)`. It holds no retry, clock, log or database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final, Generic, Protocol, TypeVar, runtime_checkable

from app.domain.message import (
    EMPTY,
    Accepted,
    Batch,
    Channel,
    Edits,
    Failure,
    FailureKind,
    FindResult,
    Finds,
    Forged,
    Found,
    HearsReplies,
    Inbound,
    Info,
    Limits,
    Medium,
    Message,
    Outcome,
    People,
    Receipt,
    ReceiptKind,
    Recipient,
    Reply,
    ReportsReceipts,
    Retracts,
    Secret,
    TellsLater,
    Wish,
)
from app.errors import Problem

__all__ = [
    "EMPTY",
    "HEADER_BREAKERS",
    "Accepted",
    "Batch",
    "Channel",
    "ChecksSettings",
    "Closes",
    "Edits",
    "Failure",
    "FailureKind",
    "FindResult",
    "Finds",
    "Forged",
    "Found",
    "HearsReplies",
    "Inbound",
    "Info",
    "Label",
    "Limits",
    "Marked",
    "Medium",
    "Message",
    "Outcome",
    "People",
    "PerMessage",
    "Problem",
    "Receipt",
    "ReceiptKind",
    "Recipient",
    "Reply",
    "ReportsReceipts",
    "Retracts",
    "Secret",
    "TellsLater",
    "Wish",
    "breaks_header",
]

T = TypeVar("T")

HEADER_BREAKERS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_MESSAGES_KEPT: Final = 64


@runtime_checkable
class Closes(Protocol):
    """A channel that keeps connections of its own, beside the shared HTTP client."""

    async def aclose(self) -> None: ...


class ChecksSettings(Protocol):
    """A `Settings` class that can find more faults than a missing or mistyped field."""

    def problems(self) -> Iterable[Problem]: ...


@dataclass(frozen=True, slots=True)
class Label:
    """What the console's form and the documentation say of a `Settings` field: `name: Annotated[str, Label("Name")]`.

    A field without a default is required; one of type `Secret` is stored sealed and never shown again.
    """

    text: str
    hint: str = ""


def breaks_header(value: str) -> bool:
    """Whether `value` could end a header line early, in mail or HTTP."""
    return HEADER_BREAKERS.search(value) is not None


class Marked:
    """A text cut once at its marks, so that splicing one recipient's fields is a single join.

    Only the names given count as marks: a text may hold `well-known-words` without harm.
    """

    __slots__ = ("_pieces",)

    def __init__(self, text: str, names: Iterable[str], encode: Callable[[str], str] | None = None) -> None:
        """`encode` is applied to the text between the marks, `splice` does so for the values."""
        known = sorted(names, key=len, reverse=True)
        pattern = "|".join(re.escape(name) for name in known)
        pieces = re.split(rf"-({pattern})(-html)?-", text) if known else [text]
        texts = [encode(piece) if encode else piece for piece in pieces[0::3]]
        marks: list[tuple[str, bool]] = [
            (name, html is not None) for name, html in zip(pieces[1::3], pieces[2::3], strict=True)
        ]
        self._pieces = (texts, marks)

    def splice(self, fields: Mapping[str, str], encode: Callable[[str], str] = str) -> str:
        """The text for one recipient, each value put through `encode`. A missing field is blank.

        `-name-html-` is HTML-escaped first.
        """
        texts, marks = self._pieces
        if not marks:
            return texts[0]
        parts = [texts[0]]
        for (name, html), text in zip(marks, texts[1:], strict=True):
            value = fields.get(name, "")
            parts.append(encode(escape(value) if html else value))
            parts.append(text)
        return "".join(parts)


class PerMessage(Generic[T]):
    """Work done once for each `Message` object, kept for the last few of them.

    Keyed by identity, since a message is immutable and far too big to hash for every recipient; the
    object itself is kept with the value so that its identity cannot be used again.
    """

    __slots__ = ("_kept", "_make")

    def __init__(self, make: Callable[[Message, tuple[str, ...]], T]) -> None:
        """`make(message, names)` gets the names of the fields its marks may stand for."""
        self._make = make
        self._kept: dict[tuple[int, tuple[str, ...]], tuple[Message, T]] = {}

    def get(self, message: Message, fields: Mapping[str, str]) -> T:
        key = (id(message), tuple(fields))
        kept = self._kept.get(key)
        if kept is not None:
            return kept[1]
        if len(self._kept) >= _MESSAGES_KEPT:
            del self._kept[next(iter(self._kept))]
        value = self._make(message, key[1])
        self._kept[key] = (message, value)
        return value
