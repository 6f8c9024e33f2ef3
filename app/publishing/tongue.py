"""One language's way of saying things on a page: its small words, its dates, and which language a text really is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.domain import cldr
from app.domain.reading import iso
from app.domain.texts import Texts, direction, pick
from app.templating import Templating, Words

View = dict[str, object]
"""Plain data for a template."""

FALLBACK: Final = "en"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who speaks. `timezone` is the zone dates on pages are given in."""

    names: Texts
    default_language: str = FALLBACK
    timezone: str = "UTC"
    subscribing: bool = False
    """People may ask for messages themselves: the pages lead to the form."""


@dataclass(frozen=True, slots=True)
class Tongue:
    language: str
    words: Mapping[str, str]
    words_language: str
    """The language the words are in: another one where no translation of them exists."""
    organisation: Organisation
    at: datetime

    def say(self, key: str, **values: str) -> str:
        text = self.words[key]
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text

    def text(self, texts: Texts) -> View:
        """A text with the language and direction it is really in; `foreign` when that is not the page's."""
        words, language = pick(texts, self.language, self.organisation.default_language)
        return {"text": words, "lang": language, "dir": direction(language), "foreign": language != self.language}

    def moment(self, at: datetime, timezone: str = "") -> View:
        """A time in words, with its day and zone, and as a machine reads it."""
        zone = timezone or self.organisation.timezone
        return {"text": cldr.moment_text(at, zone, self.language), "iso": iso(at.replace(microsecond=0))}

    def month(self, at: datetime) -> str:
        return cldr.month_text(at, self.organisation.timezone, self.language)

    def date(self, at: datetime) -> str:
        """The full day."""
        return cldr.date_text(at, self.organisation.timezone, self.language)

    def dated(self, at: datetime) -> View:
        """The full day in words, with its year, and the moment as a machine reads it."""
        return {"text": self.date(at), "iso": iso(at.replace(microsecond=0))}

    def number(self, number: int) -> str:
        return cldr.number_text(number, self.language)

    def day(self, at: datetime, timezone: str = "") -> str:
        """A time as said on the day itself: without the day when it is today."""
        return cldr.moment_text(at, timezone or self.organisation.timezone, self.language, now=self.at)


class Tongues:
    """All words the site needs: those around announcements, and the site's own. Read once."""

    def __init__(self, templating: Templating, site_words: Mapping[str, Words], organisation: Organisation) -> None:
        self._templating = templating
        self._site_words = site_words
        self._organisation = organisation

    def of(self, language: str, at: datetime) -> Tongue:
        base = language.split("-", maxsplit=1)[0]
        own = self._site_words.get(language) or self._site_words.get(base) or self._site_words[FALLBACK]
        around = self._templating.words(language)
        texts = MappingProxyType({**around.texts, **own.texts})
        return Tongue(language, texts, own.language, self._organisation, at)
