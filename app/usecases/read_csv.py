"""Rows out of a CSV file of any size: the encoding proven before the first row, no row lost to its neighbour."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final, TextIO

from app.domain.subscribers import COLUMNS, check_header
from app.errors import Invalid, Problem

CHUNK: Final = 1 << 18
LONGEST_LINE: Final = 1 << 16
"""Characters; a longer line is one bad row."""
MOST_LINES: Final = 50
"""Lines that one quoted cell may span before we take its quotation mark for a mistake."""


@dataclass(frozen=True, slots=True)
class Record:
    line: int
    """On which it starts, the header being 1."""
    cells: list[str] | None
    """As many as the header; None = it cannot be read, see `code`."""
    code: str = ""
    sentence: str = ""


@contextmanager
def text_of(stream: BinaryIO) -> Iterator[TextIO]:
    """The stream as text, from its start, after all of it was proven to be readable; not closed at the end.

    UTF-8 with or without a byte order mark, UTF-16 with one. Raise Invalid (code `csv_encoding` or `csv_empty`)
    before anything was done with it. A stream that cannot seek is copied to a temporary file first.
    """
    if stream.seekable():
        start = stream.tell()
        encoding = _prove(stream, None)
        stream.seek(start)
        yield from _decoded(stream, encoding)
        return
    with tempfile.TemporaryFile() as copy:
        encoding = _prove(stream, copy)
        copy.seek(0)
        yield from _decoded(copy, encoding)


def _decoded(stream: BinaryIO, encoding: str) -> Iterator[TextIO]:
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        yield text
    finally:
        text.detach()


def _prove(stream: BinaryIO, copy: BinaryIO | None) -> str:
    """Read everything once; the name of its encoding."""
    chunk = stream.read(CHUNK)
    if not chunk:
        raise Invalid(Problem("csv_empty", "The file is empty.", "file", "Choose the file with the subscribers."))
    encoding = _encoding(chunk)
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    read = 0
    try:
        while chunk:
            decoder.decode(chunk)
            if copy is not None:
                copy.write(chunk)
            read += len(chunk)
            chunk = stream.read(CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _unreadable(
            f"The file is not {encoding.upper().removesuffix('-SIG')}: byte {read + error.start + 1}"
        ) from None
    return encoding


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise _unreadable("The file is UTF-32")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head[:200]:
        raise _unreadable("The file looks like UTF-16 without a byte order mark, or is not a text")
    return "utf-8-sig"


def _unreadable(fault: str) -> Invalid:
    return Invalid(
        Problem(
            "csv_encoding",
            f"{fault}. Nothing was imported.",
            "file",
            "Save it as “CSV UTF-8” (Excel: Save As, CSV UTF-8; LibreOffice: Unicode (UTF-8)) and import that.",
        )
    )


class CsvFile:
    """Iterates over the records below the header. Comma, semicolon or tab, whichever the header uses."""

    def __init__(self, text: TextIO) -> None:
        """Raise Invalid (code `csv_header`) unless the first line names the columns."""
        self._lines = _Lines(text)
        self._delimiter, self.header = _header(next(self._lines, ""))
        self._next_line = 2

    def __iter__(self) -> Iterator[Record]:
        lines, width = self._lines, len(self.header)
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            lines.taken.clear()
            fault = ""
            try:
                cells = next(reader, None)
            except csv.Error:
                cells, fault = None, "The quotation marks of this row do not match."
                reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
            if not lines.taken:
                return
            if lines.cut:
                cells, fault = None, f"The row is longer than {LONGEST_LINE} characters."
            elif cells is not None and len(cells) != width:
                fault = f"The row has {len(cells)} cells, the header {width}."
            if fault and len(lines.taken) > 1:
                lines.give_back()  # a stray quotation mark must not swallow the rows after it
            line = self._next_line
            self._next_line += len(lines.taken)
            if fault:
                yield Record(line, None, "malformed", fault)
            elif cells:
                yield Record(line, cells)


class _Lines:
    """The lines of a text; remembers those of the current record, and takes back all but the first."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.cut = False
        """The last line taken was too long and its rest was thrown away."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MOST_LINES:
            raise StopIteration
        line = self._again.popleft() if self._again else self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.cut = len(line) >= LONGEST_LINE and not line.endswith(("\n", "\r"))
        if self.cut:
            self._skip_rest()
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def _skip_rest(self) -> None:
        while (more := self._text.readline(LONGEST_LINE)) and not more.endswith(("\n", "\r")):
            pass


def _header(line: str) -> tuple[str, tuple[str, ...]]:
    best: tuple[str, tuple[str, ...]] = (",", ())
    for delimiter in (",", ";", "\t"):
        names = tuple(_column(name) for name in next(csv.reader([line], delimiter=delimiter), []))
        if "external_id" in names or not best[1]:
            best = (delimiter, names)
    problems = check_header(best[1])
    if problems:
        raise Invalid(problems)
    return best


def _column(name: str) -> str:
    """Our own columns in any letter case; other people's as they wrote them."""
    plain = name.strip()
    return plain.lower() if plain.lower() in COLUMNS else plain
