"""Rows for people's spreadsheets: streamed, and never a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_FORMULA: Final = frozenset("=+-@\t\r\n\0")
"""First characters that spreadsheets evaluate or drop (OWASP, CSV injection); full-width twins are folded below."""
_WIDE: Final = frozenset("＝＋－＠")


def safe_cell(value: object) -> str:
    """The value as text; an apostrophe in front when a spreadsheet would evaluate it."""
    text = "" if value is None else str(value)
    first = text.lstrip(" ")[:1]
    return f"'{text}" if first in _FORMULA or first in _WIDE else text


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """UTF-8 CSV with a byte order mark (RFC 4180 quoting), a few hundred rows at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        if buffer.tell() > 32_768:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()
