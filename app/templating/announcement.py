"""What an announcement's templates are given: plain data built from the update, the registry and the clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import phonenumbers

from app.domain.cldr import duration_text, language_name, list_text, moment_text, zone_text
from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import ContactChannel, dial_text, href
from app.domain.content import Content
from app.domain.help_choice import Help
from app.domain.routing import Option, RouteLine
from app.domain.texts import Texts, direction, pick
from app.templating.words import Words

LITERAL_EXERCISE: Final = "EXERCISE"
_STOPS: Final = ".!?…।؟"
_LEFT_TO_RIGHT: Final = "\u200e"
_WIDE_MOMENT: Final = datetime(2026, 11, 25, 22, 40, tzinfo=UTC)
"""A Wednesday late in the evening: about the longest a moment gets in any language."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Whom the words are for: the language of the words around the content, the clock and the zone."""

    words: Words
    at: datetime
    timezone: str
    fallback: str
    """The organisation's default language, for names that are not translated."""

    @property
    def language(self) -> str:
        return self.words.language


def exercise_mark(words: Words) -> str:
    """“EXERCISE”, with the reader's own word beside it where that is another one."""
    own = words.texts["exercise"]
    return LITERAL_EXERCISE if own == LITERAL_EXERCISE else f"{LITERAL_EXERCISE} ({own})"


def content_view(content: Content, language: str, routes: Sequence[RouteLine], words: Words) -> dict[str, object]:
    """The content's fields, the headline as a sentence too, and each option with the way its need is served."""
    by_need = {line.need.slug: line for line in routes}
    options: list[dict[str, str]] = []
    for option in content.options:
        line = by_need.get(option.need)
        options.append(
            {
                "text": option.text,
                "url": option.url,
                "route": address_text(line.channel, words.language) if line else "",
                "href": href(line.channel) if line else "",
            }
        )
    headline = content.headline
    return {
        "language": language,
        "direction": direction(language),
        "headline": headline,
        "headline_stop": headline if headline[-1:] in _STOPS else f"{headline}.",
        "acknowledgement": content.acknowledgement,
        "impact": content.impact,
        "duration": content.duration,
        "explanation": content.explanation,
        "complications": content.complications,
        "options": options,
        "perspective": content.perspective,
        "reassurance": content.reassurance,
        "links": [{"text": link.text, "url": link.url, "route": ""} for link in content.links],
    }


def one_line(text: str) -> str:
    """Short media have no room for paragraphs."""
    return re.sub(r"\s+", " ", text).strip()


def address_text(channel: ContactChannel, language: str) -> str:
    """What to dial or open. In right-to-left text a mark keeps the + in front of its number."""
    text = dial_text(channel)
    return _LEFT_TO_RIGHT + text if text.startswith("+") and direction(language) == "rtl" else text


def shown_address(channel: ContactChannel) -> str:
    """For where there is room: phone numbers in groups, the rest as it is dialled or opened."""
    text = dial_text(channel)
    if not text.startswith("+"):
        return text
    try:
        return phonenumbers.format_number(phonenumbers.parse(text), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return text


def short_route(line: RouteLine, readers: Readers, *, note: str) -> dict[str, object]:
    label, _language = pick(line.need.labels, readers.language, readers.fallback)
    return {"need": label, "address": address_text(line.channel, readers.words.language), "note": note}


def full_route(line: RouteLine, readers: Readers) -> dict[str, object]:
    """A line of the contact block for e-mail: name, address, state, waiting time, language and instructions."""
    need, need_language = pick(line.need.labels, readers.language, readers.fallback)
    name, name_language = pick(line.channel.names, readers.language, readers.fallback)
    return {
        "need": need,
        "need_language": need_language,
        "need_direction": direction(need_language),
        "name": name,
        "name_language": name_language,
        "name_direction": direction(name_language),
        "address": address_text(line.channel, readers.words.language),
        "shown": shown_address(line.channel),
        "href": href(line.channel),
        "note": state_note(line.option, readers),
        "details": list(_details(line, readers)),
    }


def help_view(found: Help, readers: Readers) -> dict[str, object]:
    """`links` {name, url, note, free_until} and `faq` {question, answer}, each text with its language and direction."""

    def said(texts: Texts, language: str = "") -> dict[str, str]:
        known = language in texts
        text, spoken = (texts[language], language) if known else pick(texts, readers.language, readers.fallback)
        return {"text": text, "language": spoken, "direction": direction(spoken)}

    links: list[dict[str, object]] = []
    for link in found.links:
        name, opened = said(link.texts), link.opens
        until = moment_text(opened.until, readers.timezone, readers.language, now=readers.at) if opened else ""
        links.append(
            {
                "name": name,
                "url": link.url_in(name["language"]),
                "note": said(link.notes) if link.notes else None,
                "free_until": readers.words.say("free_until", time=until) if until else "",
            }
        )
    faq: list[dict[str, object]] = []
    for entry in found.faq:
        question = said(entry.questions)
        faq.append({"question": question, "answer": said(entry.answers, question["language"])})
    return {"links": links, "faq": faq}


def _details(line: RouteLine, readers: Readers) -> Iterable[dict[str, str]]:
    words = readers.words

    def detail(text: str, language: str) -> dict[str, str]:
        return {"text": text, "language": language, "direction": direction(language)}

    def told(texts: Texts) -> Iterable[dict[str, str]]:
        text, language = pick(texts, readers.language, readers.fallback)
        if text:
            yield detail(text, language)

    yield from told(line.channel.instructions)
    yield from told(line.channel.accessibility.notes)
    if line.channel.status is ContactStatus.BUSY or line.channel.in_force is not None:
        yield from told(line.channel.status_reasons)
    if line.option.wait_minutes:
        wait = duration_text(timedelta(minutes=line.option.wait_minutes), readers.language)
        yield detail(words.say("wait", duration=wait), readers.language)
    if not line.option.language_match:
        names = [language_name(code, readers.language) for code in line.channel.languages]
        spoken = list_text(names, readers.language)
        yield detail(words.say("speaks", languages=spoken), readers.language)


def state_note(option: Option, readers: Readers) -> str:
    """“24 h”, “until 6:00 PM CET”, “opens Mon, Nov 23, 8:00 AM CET” or “closed”, by the readers' clock."""
    words = readers.words
    if option.open and option.closes_at is None:
        return words.texts["open_always"]
    moment = option.closes_at if option.open else option.opens_at
    if moment is None:
        return words.texts["closed"]
    told = moment_text(moment, readers.timezone, readers.language, now=readers.at)
    return words.say("open_until" if option.open else "opens_at", time=told)


def longest_note(readers: Readers) -> str:
    """The longest a state note gets in this language; what preflight reserves for whatever the hour may bring."""
    wide = moment_text(_WIDE_MOMENT, readers.timezone, readers.language)
    notes = [readers.words.say("open_until", time=wide), readers.words.say("opens_at", time=wide)]
    return max([*notes, readers.words.texts["open_always"], readers.words.texts["closed"]], key=len)


def promise(next_update_by: datetime | None, readers: Readers) -> str:
    """“Next update by 2:30 PM CET.”, "" without a promise."""
    if next_update_by is None:
        return ""
    told = moment_text(next_update_by, readers.timezone, readers.language, now=readers.at)
    return readers.words.say("next_update", time=told)


def as_of(readers: Readers) -> str:
    told = moment_text(readers.at, readers.timezone, readers.language, zone=False)
    zone = zone_text(readers.at, readers.timezone, readers.language, long=True)
    return readers.words.say("contact_as_of", time=f"{told} ({zone})")
