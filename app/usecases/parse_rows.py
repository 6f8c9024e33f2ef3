"""Rows of a list made ready to be written, in chunks: everything slow about a row is done here, without a database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from app.domain.areas import postcode_in
from app.domain.imports import ROWS_A_CHUNK, Plan
from app.domain.listed_consent import CONSENT_COLUMNS, Listed
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.subscribers import LISTED_MEDIA, RowError, SubscriberRow, csv_row
from app.keyring import Keyring
from app.usecases.read_csv import CsvFile, as_text


@dataclass(slots=True)
class Chunk:
    """Good rows in columns, all of one length, and the faults of the bad ones; both in the order of the file."""

    rows: int = 0
    """Read, good or bad."""
    read: int = 0
    """Bytes of the file."""
    lines: list[int] = field(default_factory=list)
    external_ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    """Codes with commas between, best first."""
    timezones: list[str] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    """JSON objects."""
    postcodes: list[str] = field(default_factory=list)
    """As they are searched for."""
    values: dict[Medium, list[str]] = field(default_factory=dict)
    """Addresses; "" = none. Only media whose column the file has."""
    hashes: dict[Medium, list[bytes]] = field(default_factory=dict)
    preferred: list[str | None] = field(default_factory=list)
    """Media; empty when the file has no such column."""
    consents: list[Listed | None] = field(default_factory=list)
    """Empty when the file has no such column."""
    errors: list[RowError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reading:
    """How one file is read, the same in every process that reads a part of it."""

    codec: str
    plan: Plan
    keyring: Keyring
    now: datetime
    """Nobody has agreed to anything later."""

    def targets(self, stream: BinaryIO) -> tuple[str, ...]:
        """What each column of the file becomes. Raise Invalid when they cannot be used."""
        with as_text(stream, self.codec) as text:
            return self.plan.targets(CsvFile(text, self.plan.delimiter).header)

    def header(self, stream: BinaryIO) -> tuple[str, ...]:
        """The columns as the file names them."""
        with as_text(stream, self.codec) as text:
            return CsvFile(text, self.plan.delimiter).header

    def chunks(self, stream: BinaryIO, mine: Callable[[int], bool] = lambda _number: True) -> Iterator[Chunk]:
        """All of the file's chunks of ROWS_A_CHUNK rows, or those whose number is `mine`."""
        with as_text(stream, self.codec) as text:
            file = CsvFile(text, self.plan.delimiter)
            targets = self.plan.targets(file.header)
            records, number, more = iter(file), 0, True
            while more:
                file.passing = not mine(number)
                chunk = None if file.passing else _Filling(targets, self)
                rows = 0
                for record in records:
                    rows += 1
                    if chunk is not None:
                        chunk.take(record.line, record.cells, record.code, record.sentence)
                    if rows == ROWS_A_CHUNK:
                        break
                more = rows == ROWS_A_CHUNK
                number += 1
                if chunk is not None and rows:
                    yield chunk.filled(rows, text.buffer.tell())


class _Filling:
    """One chunk while its rows come in."""

    def __init__(self, targets: Sequence[str], reading: Reading) -> None:
        self._targets, self._reading = targets, reading
        self._ignores = "" in targets
        self._prefers = "preferred_medium" in targets
        self._consents = not set(CONSENT_COLUMNS).isdisjoint(targets)
        self._media = [(medium, column) for medium, column in LISTED_MEDIA.items() if column in targets]
        self._chunk = Chunk(
            values={medium: [] for medium, _ in self._media}, hashes={medium: [] for medium, _ in self._media}
        )

    def take(self, line: int, cells: Sequence[str] | None, code: str, sentence: str) -> None:
        if cells is None:
            self._chunk.errors.append(RowError(line, "", code, sentence))
            return
        named = dict(zip(self._targets, cells, strict=True))
        if self._ignores:
            del named[""]
        row, faults = csv_row(line, named, defaults=self._reading.plan.defaults, now=self._reading.now)
        if row is None:
            self._chunk.errors.extend(faults)
        else:
            self._keep(line, row)

    def _keep(self, line: int, row: SubscriberRow) -> None:
        chunk, keyring = self._chunk, self._reading.keyring
        chunk.lines.append(line)
        chunk.external_ids.append(row.external_id)
        chunk.names.append(row.name)
        chunk.languages.append(",".join(row.languages))
        chunk.timezones.append(row.timezone)
        chunk.areas.append(row.area)
        chunk.attributes.append(json.dumps(row.attributes) if row.attributes else "{}")
        chunk.postcodes.append(postcode_in(row.attributes) if "postcode" in row.attributes else "")
        if self._prefers:
            chunk.preferred.append(row.preferred_medium.value if row.preferred_medium else None)
        if self._consents:
            chunk.consents.append(row.consent)
        for medium, column in self._media:
            value = row.email if column == "email" else row.phone
            chunk.values[medium].append(value)
            chunk.hashes[medium].append(keyring.address_hash(MEDIUM_CODES[medium], value) if value else b"")

    def filled(self, rows: int, read: int) -> Chunk:
        self._chunk.rows, self._chunk.read = rows, read
        return self._chunk
