"""The language of the console: gettext catalogues in templates/console/locale, one .po a language, English the source.

A catalogue is read as it is written, so that adding a language is adding a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from gettext import NullTranslations
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, format_timedelta, get_day_names, get_month_names
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from app.domain.cldr import language_name
from app.domain.texts import direction
from app.templating.catalogues import NOTICE, read_catalogue
from app.templating.refusals import Sayings, read_sayings
from app.templating.words import Words as Texts

SOURCE: Final = "en"
MIRRORED: Final = "ar-XB"
"""Every word is there and marked, and the page runs from right to left: for tests, never offered."""
ENGLISH: Final = Sayings(MappingProxyType({}))
_ACCENTS: Final = str.maketrans("aeiouAEIOUcnsz", "áéíóúÁÉÍÓÚçñšž")


_GAP: Final = re.compile(r"(%\(\w+\)\w|\{\w+\}|<[^<>]+>)")
_BETWEEN: Final = "\ufffc"
"""Stands for each entry while a list's own words are written."""


class _Mirrored(NullTranslations):
    def gettext(self, message: str) -> str:
        return accented(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return accented(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return accented(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return accented(msgid1 if n == 1 else msgid2)


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says and how it writes times and numbers."""

    language: str
    catalogue: NullTranslations
    timezone: ZoneInfo
    sayings: Sayings = ENGLISH
    """How refusals are said."""

    @property
    def direction(self) -> str:
        return "rtl" if self.language == MIRRORED else direction(self.language)

    @property
    def locale(self) -> Locale:
        try:
            return Locale.parse(SOURCE if self.language == MIRRORED else self.language, sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale(SOURCE)

    def say(self, message: str) -> str:
        return self.catalogue.gettext(message) if message else ""  # "" is the catalogue's own header

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.catalogue.ngettext(one, many, number)

    def moment(self, at: datetime) -> str:
        """Day and minute in the organisation's time zone."""
        return self._written(format_datetime(at, "d MMM, HH:mm", tzinfo=self.timezone, locale=self.locale))

    def hour(self, at: datetime) -> str:
        return self._written(format_datetime(at, "HH:mm", tzinfo=self.timezone, locale=self.locale))

    def day(self, at: datetime, *, weekday: bool = True) -> str:
        """With the year, by the clocks that `at` has."""
        return self._written(format_date(at.date(), "full" if weekday else "long", locale=self.locale))

    def clock(self, at: time) -> str:
        return self._written(format_time(at, "HH:mm", locale=self.locale))

    def weekday(self, number: int) -> str:
        """0 is Sunday."""
        return self._written(get_day_names("wide", locale=self.locale)[(number - 1) % 7])

    def month(self, number: int) -> str:
        return self._written(get_month_names("wide", "stand-alone", locale=self.locale)[number])

    def listed(self, words: Sequence[str]) -> str:
        """“a, b and c”."""
        locale = Locale(SOURCE, "GB") if self.locale == Locale(SOURCE) else self.locale  # as the API lists
        frame = self._written(format_list([_BETWEEN] * len(words), "standard", locale)).split(_BETWEEN)
        return frame[0] + "".join(word + after for word, after in zip(words, frame[1:], strict=True))

    def named(self, language: str) -> str:
        """“Lao”, “ລາວ”: a language by its code; the code when CLDR has no name."""
        return self._written(language_name(language, self.locale.language))

    def apart(self, at: datetime, now: datetime) -> str:
        """`in 12 minutes`, `3 hours ago`; for eyes, not to the second."""
        return self._written(format_timedelta(at - now, add_direction=True, locale=self.locale, threshold=1.2))

    def notices(self, english: Texts) -> Texts:
        """What staff are told, in this language: its catalogue has each sentence of the English ones."""
        texts = {key: self.catalogue.pgettext(NOTICE, text) for key, text in english.texts.items()}
        return replace(english, language=self.language, direction=self.direction, texts=texts)

    def money(self, value: Decimal, currency: str) -> str:
        return format_currency(value, currency, locale=self.locale)

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self.locale)

    def _written(self, text: str) -> str:
        """What the language's own customs say; marked where every word is, so that what bypasses them stands out."""
        return accented(text) if self.language == MIRRORED else text


class Catalogues:
    """All of a folder; raises ValueError naming the file when one cannot be read."""

    def __init__(self, folder: Path, timezone: str) -> None:
        zone = ZoneInfo(timezone)
        self._words = {SOURCE: Words(SOURCE, NullTranslations(), zone)}
        for path in sorted(folder.glob("*.po")):
            self._words[path.stem] = Words(path.stem, read_catalogue(path), zone, read_sayings(path))
        self._mirrored = Words(MIRRORED, _Mirrored(), zone)

    @property
    def offered(self) -> Mapping[str, str]:
        """Language -> its own name for itself."""
        named = {language: words.locale.get_display_name() or language for language, words in self._words.items()}
        return MappingProxyType(named)

    def choose(self, chosen: str, accepted: str) -> Words:
        """By what somebody chose, then by `Accept-Language`, then English."""
        for wanted in (chosen, *_preferred(accepted)):
            if wanted == MIRRORED:
                return self._mirrored
            for known in (wanted, wanted.partition("-")[0]):
                if known in self._words:
                    return self._words[known]
        return self._words[SOURCE]


def _preferred(header: str) -> list[str]:
    ranked = []
    for place, part in enumerate(header[:500].split(",")):
        code, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=")
        try:
            ranked.append((-float(weight or 1), place, code.strip()))
        except ValueError:
            continue
    return [code for _, _, code in sorted(ranked)]


def accented(message: str) -> str:
    """Accented, gaps and tags left alone, `%(name)s` and `{name}`: what is not in a catalogue stands out."""
    pieces = _GAP.split(message)
    return "".join(piece if place % 2 else piece.translate(_ACCENTS) for place, piece in enumerate(pieces))
