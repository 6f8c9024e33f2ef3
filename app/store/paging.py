"""Cursor paging: a page and where the next one starts."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from app.errors import Invalid, Problem

Item = TypeVar("Item")
Row = TypeVar("Row")

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
LARGEST: Final = 2**63 - 1
"""What a key of the database can be; more would be a fault of the driver instead of a refusal."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: tuple[Item, ...]
    next_cursor: str | None
    """Hand it back for the page after this one; None = this was the last."""


def check_limit(limit: int) -> int:
    """The limit itself; raise Invalid (code `bad_limit`) outside 1..MAX_LIMIT."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(
            Problem("bad_limit", f"A page holds 1 to {MAX_LIMIT} items, not {limit}.", "limit", "Ask for fewer.")
        )
    return limit


def encode_cursor(key: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def text_cursor(cursor: str | None) -> str | None:
    """The slug after which the page starts. Raise Invalid (code `bad_cursor`) for anything we did not make."""
    return None if cursor is None else _decode(cursor, str)


def number_cursor(cursor: str | None) -> int | None:
    """The id after which the page starts. Raise Invalid (code `bad_cursor`) for anything we did not make."""
    return None if cursor is None else _decode(cursor, int)


def cut_page(
    rows: Sequence[Row], limit: int, make: Callable[[Row], Item], key: Callable[[Item], str | int]
) -> Page[Item]:
    """A page from up to `limit` + 1 rows: the extra row only proves that there is a next page."""
    items = tuple(make(row) for row in rows[:limit])
    return Page(items, encode_cursor(key(items[-1])) if len(rows) > limit else None)


Key = TypeVar("Key", str, int)


def _decode(cursor: str, kind: type[Key]) -> Key:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        key = None
    if type(key) is not kind or not _is_possible(key):
        raise Invalid(
            Problem("bad_cursor", "This cursor was not made by us.", "cursor", "Start again without a cursor.")
        )
    return key


def _is_possible(key: str | int) -> bool:
    return isinstance(key, str) or 0 <= key <= LARGEST
