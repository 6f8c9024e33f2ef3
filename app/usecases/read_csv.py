"""Rows out of a CSV file of any size: its encoding settled before the first row, no row lost to its neighbour."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple, TextIO

from app.domain.imports import DELIMITERS, ENCODINGS, own
from app.errors import Invalid, Problem

CHUNK: Final = 1 << 18
LONGEST_LINE: Final = 1 << 16
"""Characters; a longer line is one bad row."""
MOST_LINES: Final = 50
"""Lines that one quoted cell may span before we take its quotation mark for a mistake."""
MOST_SPOILED: Final = 0.1
"""Of the lines may be in another encoding than the file and cost only themselves; with more the file is refused."""


class Record(NamedTuple):
    line: int
    """On which it starts, the header being 1."""
    cells: list[str] | None
    """As many as the header; None = it cannot be read, see `code`."""
    code: str = ""
    sentence: str = ""


_PASSED: Final = Record(0, None)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look through a whole file found."""

    codec: str
    digest: bytes
    """SHA-256."""
    size: int


@contextmanager
def seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The stream, or a temporary copy of one that can be read only once; at its start."""
    if stream.seekable():
        stream.seek(0)
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        while chunk := stream.read(CHUNK):
            copy.write(chunk)
        copy.seek(0)
        yield copy


def look_through(stream: BinaryIO, encoding: str = "") -> Looked:
    """Read all of it once. `encoding`: a key of ENCODINGS, "" = UTF-8 with or without a mark, or UTF-16 with one.

    Raise Invalid (code `csv_encoding` or `csv_empty`) before anything was done with it.
    """
    stream.seek(0)
    chunk = stream.read(CHUNK)
    if not chunk:
        raise Invalid(Problem("csv_empty", "The file is empty.", "file", "Choose the file with the subscribers."))
    codec = ENCODINGS[encoding] if encoding else codec_of(chunk)
    decoder = codecs.getincrementaldecoder(codec)(errors=_mercy(codec, strict=True))
    digest, size, fault = hashlib.sha256(), 0, 0
    while chunk:
        digest.update(chunk)
        if not fault:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                fault = size + error.start + 1
        size += len(chunk)
        chunk = stream.read(CHUNK)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        fault = fault or size
    if fault:
        name = encoding or codec.removesuffix("-sig")
        if codec == "utf-16" or _spoiled(stream, codec) > MOST_SPOILED:
            raise _unreadable(f"The file is not {name.upper()}: byte {fault}")
    stream.seek(0)
    return Looked(codec, digest.digest(), size)


def _mercy(codec: str, *, strict: bool) -> str:
    """What a decoder does with bytes that are none of its encoding; those of lone surrogates are seen with the cell."""
    if codec == "utf-16":
        return "surrogatepass"
    return "strict" if strict else "surrogateescape"


def _spoiled(stream: BinaryIO, codec: str) -> float:
    """The share of lines that are not in the file's encoding; 1 when the header is one of them."""
    stream.seek(0)
    lines = spoiled = 0
    while line := stream.readline(LONGEST_LINE):
        lines += 1
        try:
            line.decode(codec)
        except UnicodeDecodeError:
            if lines == 1:
                return 1.0
            spoiled += 1
    return spoiled / lines


def codec_of(head: bytes) -> str:
    """UTF-8 or UTF-16, by how a file begins. Raise Invalid (`csv_encoding`)."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise _unreadable("The file is UTF-32")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head.partition(b"\n")[0][:200]:
        raise _unreadable("The file looks like UTF-16 without a byte order mark, or is not a text")
    return "utf-8-sig"


def _unreadable(fault: str) -> Invalid:
    return Invalid(
        Problem(
            "csv_encoding",
            f"{fault}. Nothing was imported.",
            "file",
            "Save it as “CSV UTF-8” (Excel: Save As, CSV UTF-8; LibreOffice: Unicode (UTF-8)) and import that, or say "
            "which encoding it has, such as windows-1252.",
        )
    )


@contextmanager
def as_text(stream: BinaryIO, codec: str) -> Iterator[TextIO]:
    """From its start; not closed at the end. Bytes of another encoding come out as lone surrogates."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=codec, errors=_mercy(codec, strict=False), newline="")
    try:
        yield text
    finally:
        text.detach()


class CsvFile:
    """Iterates over the records below the header. `delimiter` "" = whichever of DELIMITERS the header uses."""

    def __init__(self, text: TextIO, delimiter: str = "") -> None:
        """Raise Invalid (code `csv_header`) when the first line is longer than a line can be."""
        self._lines = _Lines(text)
        first = next(self._lines, "")
        if self._lines.cut:
            raise Invalid(Problem("csv_header", "The first line is too long.", "header", "Is this a CSV file?"))
        self.delimiter, self.header = _header(first, delimiter)
        """The columns as the file names them."""
        self.passing = False
        """Set while nobody looks at the records: those that are a plain line come without cells."""
        self._next_line = 2

    def __iter__(self) -> Iterator[Record]:
        lines, width, delimiter = self._lines, len(self.header), self.delimiter
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            plain = lines.plain()
            if plain is not None:  # nearly all: no quotation mark, so a line is a row and the delimiter a delimiter
                line = self._next_line
                self._next_line += 1
                if plain and self.passing:
                    yield _PASSED
                elif plain:
                    cells = plain.split(delimiter)
                    fault = "" if len(cells) == width else _miscounted(len(cells), width)
                    yield Record(line, None, "malformed", fault) if fault else Record(line, cells)
                continue
            fault = ""
            try:
                found = next(reader, None)
            except csv.Error:
                found, fault = None, "The quotation marks of this row do not match."
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
            if not lines.taken:
                return
            if lines.cut:
                found, fault = None, f"The row is longer than {LONGEST_LINE} characters."
            elif found is not None and len(found) != width:
                fault = _miscounted(len(found), width)
            if fault and len(lines.taken) > 1:
                lines.give_back()  # a stray quotation mark must not swallow the rows after it
            line = self._next_line
            self._next_line += len(lines.taken)
            if fault:
                yield Record(line, None, "malformed", fault)
            elif found:
                yield Record(line, found)


def _miscounted(cells: int, width: int) -> str:
    return f"The row has {cells} cells, the header {width}."


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

    def plain(self) -> str | None:
        """The next line without its end, if it is a row by itself; None when it needs a closer look, or is the end."""
        self.taken.clear()
        line = self._again.popleft() if self._again else self._text.readline(LONGEST_LINE)
        if '"' in line or len(line) >= LONGEST_LINE or not line:
            self._again.appendleft(line)
            return None
        return line.rstrip("\r\n")

    def give_back(self) -> None:
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def _skip_rest(self) -> None:
        while (more := self._text.readline(LONGEST_LINE)) and not more.endswith(("\n", "\r")):
            pass


def _header(line: str, wanted: str) -> tuple[str, tuple[str, ...]]:
    """Whichever delimiter finds our own column of ids, else the one that cuts the line into most."""
    best: tuple[str, tuple[str, ...]] = (wanted or ",", ())
    for delimiter in (wanted,) if wanted else DELIMITERS:
        names = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter), []))
        if "external_id" in {own(name) for name in names}:
            return delimiter, names
        if len(names) > len(best[1]):
            best = (delimiter, names)
    return best
