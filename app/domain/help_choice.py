"""Which help an update carries: chosen by its topics, the reader's language and the areas it is about.

Every entry gets a named reason, so that staff see in the preview why something is shown or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from app.domain.help_library import FaqEntry, HelpLink
from app.domain.playbooks import Playbook
from app.domain.updates import HelpWanted

Entry = TypeVar("Entry", bound=HelpLink | FaqEntry)

LINKS_IN_MAIL: Final = 4
QUESTIONS_IN_MAIL: Final = 3
LINKS_ON_PAGE: Final = 6
QUESTIONS_ON_PAGE: Final = 8


class Why(StrEnum):
    CHOSEN = "chosen"
    SWITCHED_OFF = "switched_off"
    """The update shows no help."""
    OTHER_TOPIC = "other_topic"
    OTHER_AREA = "other_area"
    OTHER_LANGUAGE = "other_language"
    """There is no text in the reader's language, nor in the organisation's."""
    OVER = "over"
    """Its knowledge was open for a while and needs a login again."""
    DEAD = "dead"
    """The link checker found that nothing is behind it."""
    ENOUGH = "enough"
    """More fits than is shown."""


@dataclass(frozen=True, slots=True)
class Library:
    """All help there is. `dead`: addresses that lead nowhere."""

    links: tuple[HelpLink, ...] = ()
    faq: tuple[FaqEntry, ...] = ()
    dead: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Judged(Generic[Entry]):
    item: Entry
    why: Why


@dataclass(frozen=True, slots=True)
class Help:
    """What one reader is shown."""

    links: tuple[HelpLink, ...] = ()
    faq: tuple[FaqEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, and when."""

    language: str
    fallback: str
    """The organisation's language, for entries that lack the reader's."""
    at: datetime


def wanted_help(asked: HelpWanted, playbook: Playbook | None) -> HelpWanted:
    """What the update asks for; without topics of its own those of its playbook."""
    if asked.topics or playbook is None:
        return asked
    return HelpWanted(playbook.topics, asked.areas, asked.shown)


def choose(
    items: Iterable[Entry],
    wanted: HelpWanted,
    reader: Reading,
    *,
    limit: int,
    dead: frozenset[str] = frozenset(),
    own: Sequence[Entry] = (),
) -> tuple[Judged[Entry], ...]:
    """Every item once with its reason, the chosen ones first and in the order in which they are shown.

    The playbook's `own` come first and need no topic; then the reader's language, the earliest topic, position, slug.
    """
    known = list({one.slug: one for one in (*items, *own)}.values())
    mine = {one.slug for one in own}

    def rank(item: HelpLink | FaqEntry) -> tuple[bool, bool, int, int, str]:
        spoken = _speaks(item, reader.language)
        nearest = min((wanted.topics.index(topic) for topic in item.topics if topic in wanted.topics), default=0)
        return item.slug not in mine, not spoken, nearest, item.position, item.slug

    judged = [Judged(one, _judge(one, wanted, reader, dead, own=one.slug in mine)) for one in sorted(known, key=rank)]
    fitting: list[Judged[Entry]] = [one for one in judged if one.why is Why.CHOSEN]
    rest: list[Judged[Entry]] = [one for one in judged if one.why is not Why.CHOSEN]
    return (*fitting[:limit], *(Judged(one.item, Why.ENOUGH) for one in fitting[limit:]), *rest)


def chosen(judged: Iterable[Judged[Entry]]) -> tuple[Entry, ...]:
    return tuple(one.item for one in judged if one.why is Why.CHOSEN)


def help_for(
    library: Library, playbook: Playbook | None, asked: HelpWanted, reader: Reading, *, links: int, questions: int
) -> Help:
    """What this reader is shown: at most so many links and questions."""
    wanted = wanted_help(asked, playbook)
    own = playbook.faq if playbook else ()
    return Help(
        chosen(choose(library.links, wanted, reader, limit=links, dead=library.dead)),
        chosen(choose(library.faq, wanted, reader, limit=questions, own=own)),
    )


def _judge(item: HelpLink | FaqEntry, wanted: HelpWanted, reader: Reading, dead: frozenset[str], *, own: bool) -> Why:
    if not wanted.shown:
        return Why.SWITCHED_OFF
    if not own and not any(topic in wanted.topics for topic in item.topics):
        return Why.OTHER_TOPIC
    if item.areas and not any(area in wanted.areas for area in item.areas):
        return Why.OTHER_AREA
    if not (_speaks(item, reader.language) or _speaks(item, reader.fallback)):
        return Why.OTHER_LANGUAGE
    if isinstance(item, HelpLink):
        if item.opens is not None and item.opens.until <= reader.at:
            return Why.OVER
        spoken = reader.language if _speaks(item, reader.language) else reader.fallback
        if item.leads_nowhere(dead, spoken):
            return Why.DEAD
    return Why.CHOSEN


def _speaks(item: HelpLink | FaqEntry, language: str) -> bool:
    return language in item.languages or language.split("-", maxsplit=1)[0] in item.languages
