"""A list being taken in: how it is to be read, where it stands, and what came of it."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, cast

from app.domain.subscribers import KNOWN_COLUMNS, Defaults, check_header
from app.errors import Invalid, Problem

ROWS_A_CHUNK: Final = 250
"""The unit in which a file is read and its position kept. A file begun with one size is finished with it."""

ENCODINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "utf-8": "utf-8-sig",
        "utf-16": "utf-16",
        "windows-1250": "cp1250",
        "windows-1251": "cp1251",
        "windows-1252": "cp1252",
        "windows-1253": "cp1253",
        "windows-1254": "cp1254",
        "windows-1255": "cp1255",
        "windows-1256": "cp1256",
        "windows-1257": "cp1257",
        "windows-1258": "cp1258",
        "iso-8859-1": "latin-1",
        "iso-8859-2": "iso8859-2",
        "iso-8859-15": "iso8859-15",
        "macintosh": "mac-roman",
        "shift-jis": "cp932",
        "gb18030": "gb18030",
        "big5": "big5",
        "euc-kr": "cp949",
    }
)
"""Name as people choose it -> Python's codec. Only the first two are ever recognised; the others are asked for."""
DELIMITERS: Final = (",", ";", "\t", "|")


class ImportState(StrEnum):
    DRAFT = "draft"
    """The file is there; how it is to be read has not been confirmed."""
    WAITING = "waiting"
    """For a process to take it on."""
    RUNNING = "running"
    STOPPING = "stopping"
    """Somebody said stop; it ends with the transaction under way."""
    STOPPED = "stopped"
    TRIED = "tried"
    """Read to its end without changing anybody."""
    DONE = "done"
    FAILED = "failed"
    """The file cannot be read further; see its problem."""


ENDED: Final = frozenset({ImportState.TRIED, ImportState.DONE, ImportState.FAILED})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is to be read."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    """Column -> one of KNOWN_COLUMNS or the name of an own column; "" = not taken in. Others keep their name."""
    encoding: str = ""
    """A key of ENCODINGS; "" = UTF-8 or UTF-16, whichever it is."""
    delimiter: str = ""
    """"" = whichever of DELIMITERS the header uses."""
    defaults: Defaults = Defaults()  # noqa: RUF009 - frozen
    dry: bool = False
    """Only say what would come of it."""

    def to_document(self) -> dict[str, object]:
        defaults = self.defaults
        return {
            "mapping": dict(self.mapping), "encoding": self.encoding, "delimiter": self.delimiter, "dry": self.dry,
            "languages": list(defaults.languages), "timezone": defaults.timezone, "region": defaults.region,
        }  # fmt: skip

    @classmethod
    def of_document(cls, document: Mapping[str, object]) -> Plan:
        """Of what `to_document` gave."""
        mapping, languages = cast("dict[str, str]", document["mapping"]), cast("list[str]", document["languages"])
        defaults = Defaults(tuple(languages), str(document["timezone"]), str(document["region"]))
        encoding, delimiter = str(document["encoding"]), str(document["delimiter"])
        return cls(mapping, encoding, delimiter, defaults, bool(document["dry"]))

    def fingerprint(self, digest: bytes) -> bytes:
        """The same only for the same bytes (`digest` of the file) read in the same way."""
        text = json.dumps(self.to_document(), sort_keys=True)
        return hashlib.sha256(digest + text.encode("utf-8", "surrogatepass")).digest()

    def targets(self, header: Sequence[str]) -> tuple[str, ...]:
        """What each column of the file becomes, "" = nothing.

        Raise Invalid (`csv_header`, `bad_mapping`) when columns are missing, doubled or without a usable name.
        """
        wanted = {_folded(column): target.strip() for column, target in self.mapping.items()}
        known = {_folded(column) for column in header}
        if strange := [column for column in self.mapping if _folded(column) not in known]:
            remedy = f"Its columns are: {', '.join(name[:40] for name in header[:30])}."
            raise Invalid(Problem("bad_mapping", f"The file has no column “{strange[0][:64]}”.", "mapping", remedy))
        targets = tuple(own(wanted.get(_folded(column), column.strip())) for column in header)
        taken = [
            target for target, column in zip(targets, header, strict=True)
            if target or wanted.get(_folded(column)) is None
        ]  # fmt: skip
        if problems := check_header(taken):
            raise Invalid(problems)
        return targets


def own(name: str) -> str:
    """Our own columns in any letter case; other people's as they wrote them."""
    plain = name.strip()
    return plain.lower() if plain.lower() in KNOWN_COLUMNS else plain


def check_plan(plan: Plan) -> Plan:
    """The plan. Raise Invalid for an encoding or delimiter that is none of ours."""
    if plan.encoding and plan.encoding.lower() not in ENCODINGS:
        remedy = f"Choose one of: {', '.join(ENCODINGS)}."
        raise Invalid(Problem("bad_encoding", "This encoding is not known.", "encoding", remedy))
    if plan.delimiter and plan.delimiter not in DELIMITERS:
        raise Invalid(
            Problem("bad_delimiter", "This is no delimiter.", "delimiter", "Use a comma, semicolon, tab or bar.")
        )
    return replace(plan, encoding=plan.encoding.lower())


@dataclass(frozen=True, slots=True)
class Tally:
    """What has come of the rows so far; rows = created + updated + unchanged + rejected."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    suppressed: int = 0
    """Addresses of the file that are on the suppression list, and stay there."""
    kept: int = 0
    """People of whom something was left as they set it themselves."""

    def plus(self, other: Tally) -> Tally:
        return Tally(
            self.rows + other.rows,
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
            self.suppressed + other.suppressed,
            self.kept + other.kept,
        )


_GUESSES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "external_id": (
            "id", "customerid", "customerno", "customernumber", "clientid", "userid", "accountid", "accountnumber",
            "contactid", "personid", "memberid", "crmid", "number", "kundennummer", "kundennr", "numeroclient",
        ),
        "name": ("fullname", "displayname", "customername", "contactname", "nom", "nombre", "nomo"),
        "email": ("mail", "emailaddress", "mailaddress", "emailadresse", "courriel", "correo", "retposto", "ईमेल"),
        "phone": (
            "mobile", "mobilephone", "mobilenumber", "cell", "cellphone", "phonenumber", "telephone", "tel", "msisdn",
            "sms", "telefon", "handy", "telefono", "telefone", "mobil", "gsm", "ફોન", "ໂທລະສັບ",
        ),
        "languages": ("language", "lang", "locale", "preferredlanguage", "sprache", "langue", "idioma", "lingvo"),
        "timezone": ("tz", "zone", "zeitzone"),
        "area": ("region", "district", "city", "town", "zone", "ort", "gebiet", "regiono"),
        "preferred_medium": (
            "medium", "preferredchannel", "preferredcontact", "contactmethod", "bestreachedby",
        ),
    }
)  # fmt: skip
_SEPARATOR: Final = re.compile(r"[\s_.\-/]+")


def guess(column: str) -> str:
    """Which of KNOWN_COLUMNS a column of a file looks like, "" = none. For people to confirm, never to act on."""
    plain = _SEPARATOR.sub("", _folded(column))
    for target in KNOWN_COLUMNS:
        if plain == target.replace("_", "") or plain in _GUESSES.get(target, ()):
            return target
    return ""


def guesses(header: Sequence[str]) -> dict[str, str]:
    """For each column its guess, each of KNOWN_COLUMNS once; a column nothing is guessed for keeps its name."""
    taken: set[str] = {own(column) for column in header if own(column) in KNOWN_COLUMNS}
    found: dict[str, str] = {}
    for column in header:
        target = own(column) if own(column) in KNOWN_COLUMNS else guess(column)
        if own(column) not in KNOWN_COLUMNS and (not target or target in taken):
            target = column.strip()
        taken.add(target)
        found[column] = target
    return found


def _folded(column: str) -> str:
    return unicodedata.normalize("NFC", column).strip().casefold()
