"""banner.json: what a website shows, self-contained, true for as long as it says (docs/banner.schema.json).

Nothing in it depends on the moment of reading: opening hours are absolute UTC intervals, expiries are times. The
reader's own clock decides what is open and what is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.domain import hours as opening_hours
from app.domain.contacts import ContactChannel, as_of, dial_text, href, turns
from app.domain.content import Content
from app.domain.crisis import Severity
from app.domain.hours import Schedule
from app.domain.placements import EVERYWHERE, Placements, default_placements, dismissable
from app.domain.reading import iso
from app.domain.routing import Query, Registry, rule_for
from app.domain.sites import Placement, Site
from app.domain.texts import Texts, direction
from app.domain.updates import UpdateDocument

VERSION: Final = 1
HORIZON: Final = timedelta(days=8)
"""How far ahead opening intervals reach, and the longest time a snapshot can be believed."""


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """An update the website shows."""

    id: int
    revision: int
    document: UpdateDocument
    titles: Texts
    """Of its crisis."""
    severity: Severity
    """Of its crisis."""
    sent_at: datetime
    corrects: int | None = None

    @property
    def placements(self) -> Placements:
        """Where on a page it stands, before a site's slots are looked at."""
        stated = self.document.placements
        return default_placements(self.severity, self.document.stage) if stated is None else stated

    @property
    def age_order(self) -> tuple[datetime, int]:
        return self.sent_at, self.id


def live(updates: Iterable[LiveUpdate], at: datetime) -> tuple[LiveUpdate, ...]:
    """Those neither expired nor a drill, most severe first, then newest first."""
    shown = [one for one in updates if one.document.expires_at > at and not one.document.drill]
    newest_first = sorted(shown, key=lambda one: one.age_order, reverse=True)
    return tuple(sorted(newest_first, key=lambda one: one.severity.rank))


def choose(updates: Iterable[LiveUpdate], at: datetime) -> LiveUpdate | None:
    """The one to show: of each crisis its newest word, of those the most severe, then the newest; None = all is well.

    The newest word counts even once it is expired: an older one never comes back in its place.
    """
    newest: dict[str, LiveUpdate] = {}
    for one in updates:
        known = newest.get(one.document.crisis)
        if not one.document.drill and (known is None or one.age_order > known.age_order):
            newest[one.document.crisis] = one
    return next(iter(live(newest.values(), at)), None)


def next_change(registry: Registry, updates: Iterable[LiveUpdate], at: datetime) -> datetime | None:
    """When a snapshot taken at `at` should be taken again: the next opening, closing or expiry; None = never."""
    clocks = [channel.schedule for channel in registry.channels.values()]
    clocks += [Schedule(rule.when.hours, rule.when.timezone) for rule in registry.rules if rule.when.hours]
    changes: list[datetime | None] = [one.document.expires_at for one in updates]
    for channel in registry.channels.values():
        changes += turns(channel, at)
    for schedule in dict.fromkeys(clocks):
        state = opening_hours.opening(schedule, at)
        changes += [state.opens_at, state.closes_at]
    return min((change for change in changes if change is not None and change > at), default=None)


def banner_document(
    *,
    site: Site,
    updates: Sequence[LiveUpdate],
    registry: Registry,
    seq: int,
    at: datetime,
    public_base: str,
) -> dict[str, object]:
    """The whole document. `updates`: everything sent and not withdrawn; expired ones and drills are left out here.

    `public_base`: https://example.org, the pages' own address, without a slash at its end.
    """
    shown = choose(updates, at)
    current = live(updates, at)
    severity = shown.severity if shown else None
    base = public_base.rstrip("/")
    return {
        "version": VERSION,
        "site": site.slug,
        "seq": seq,
        "published_at": iso(at),
        "valid_until": iso(min(at + HORIZON, shown.document.expires_at) if shown else at + HORIZON),
        "next_update_by": _time(shown.document.next_update_by) if shown else None,
        "severity": severity.value if severity else None,
        "placements": {
            placement.value: _placement(placement, shown, site, base)
            if shown and placement in site.slots and placement in shown.placements
            else None
            for placement in Placement
        },
        "contact": _contact(site, registry, severity, at, base),
        "languages": list(site.languages),
        "updates": [_entry(one, base) for one in current],
    }


def _time(at: datetime | None) -> str | None:
    return iso(at) if at else None


def _page(base: str, language: str, update: LiveUpdate) -> str:
    return f"{base}/{language}/crises/{update.document.crisis}"


def _entry(update: LiveUpdate, base: str) -> dict[str, object]:
    document = update.document
    return {
        "update": update.id,
        "revision": update.revision,
        "crisis": document.crisis,
        "titles": dict(update.titles),
        "stage": document.stage.value,
        "severity": update.severity.value,
        "need": document.need or None,
        "corrects": update.corrects,
        "sent_at": iso(update.sent_at),
        "next_update_by": _time(document.next_update_by),
        "expires_at": iso(document.expires_at),
        "headlines": {language: words.headline for language, words in sorted(document.content.items())},
        "links": {language: _page(base, language, update) for language in document.languages},
    }


def _placement(placement: Placement, update: LiveUpdate, site: Site, base: str) -> dict[str, object]:
    scope = update.placements.get(placement, EVERYWHERE)
    return {
        "update": update.id,
        "revision": update.revision,
        "dismissable": dismissable(update.severity),
        "pages": list(scope.pages or site.page_patterns),
        "languages": list(scope.languages),
        "texts": {
            language: {
                "dir": direction(language),
                "link": _page(base, language, update),
                **_words(placement, update.document.content[language]),
            }
            for language in update.document.languages
        },
    }


def _words(placement: Placement, words: Content) -> Mapping[str, object]:
    whole = words.to_document()
    if placement is Placement.LANDING:
        return whole
    names = ("headline", "impact", "duration")
    return {name: whole[name] for name in (names if placement is Placement.BANNER else (*names, "options"))}


def _contact(site: Site, registry: Registry, severity: Severity | None, at: datetime, base: str) -> dict[str, object]:
    return {
        "links": {language: f"{base}/{language}/contact" for language in site.languages},
        "channels": [_channel(channel, at) for channel in registry.channels.values()],
        "needs": [
            {"slug": need.slug, "labels": dict(need.labels), **_channels_for(need.slug, site, registry, severity, at)}
            for need in registry.needs.values()
        ],
    }


def _channel(stored: ContactChannel, at: datetime) -> dict[str, object]:
    """What holds at `at`, and under `later` what takes its place when, so that a reader needs nobody to revert it."""
    channel = as_of(stored, at)
    return {
        "slug": channel.slug,
        "kind": channel.kind.value,
        **_changing(channel),
        "names": dict(channel.names),
        "instructions": dict(channel.instructions),
        "languages": list(channel.languages),
        "areas": list(channel.areas),
        "timezone": channel.timezone,
        "accessibility": channel.accessibility.to_document(),
        "open": [
            [iso(begins), iso(ends)] for begins, ends in opening_hours.intervals(channel.schedule, at, at + HORIZON)
        ],
        "later": [{"at": iso(turn), **_changing(as_of(stored, turn))} for turn in sorted(turns(stored, at))],
    }


def _changing(channel: ContactChannel) -> dict[str, object]:
    """The fields that time alone can change, besides `open`, whose intervals are absolute."""
    return {
        "address": channel.address,
        "dial": dial_text(channel),
        "href": href(channel) or None,
        "hours": channel.hours,
        "status": channel.status.value,
        "status_reasons": dict(channel.status_reasons),
        "wait_minutes": channel.wait_minutes,
    }


def _channels_for(
    need: str, site: Site, registry: Registry, severity: Severity | None, at: datetime
) -> dict[str, object]:
    """`contact_channels` for readers of the site's first language; `by_language` only where the order is another."""
    orders = {language: list(_order(need, language, registry, severity, at)) for language in site.languages}
    default = orders[site.languages[0]]
    return {
        "contact_channels": default,
        "by_language": {language: order for language, order in orders.items() if order != default},
    }


def _order(need: str, language: str, registry: Registry, severity: Severity | None, at: datetime) -> Iterator[str]:
    """As the rule says, channels that speak the language first; what is open, the reader's clock decides."""
    rule = rule_for(registry, Query(need, language, severity=severity), at)
    named = rule.contact_channels if rule else tuple(registry.channels)
    channels = [registry.channels[slug] for slug in dict.fromkeys(named) if slug in registry.channels]
    for channel in sorted(channels, key=lambda one: not one.speaks(language)):
        yield channel.slug
