"""The contact page and the contact block as plain data: which contact channel for which need, and its hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain import cldr, hours
from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import ContactChannel, as_of, href
from app.domain.crisis import Severity
from app.domain.routing import Option, Query, Registry, RouteLine, advise, route_lines
from app.domain.texts import direction
from app.publishing.tongue import Tongue, View
from app.templating.announcement import shown_address

DAYS = 7
BLOCK_LINES = 12


def block_lines(registry: Registry, tongue: Tongue, *, need: str, severity: Severity | None) -> tuple[RouteLine, ...]:
    """For each need its best contact channel: the update's own need first, then emergency, then the rest."""
    return route_lines(
        registry, need=need, language=tongue.language, severity=severity, at=tongue.at, limit=BLOCK_LINES
    )


def contact_block(tongue: Tongue, lines: Iterable[RouteLine]) -> list[View]:
    return [
        {"need": tongue.text(line.need.labels), "slug": line.need.slug, "option": option_view(tongue, line.option)}
        for line in lines
    ]


def finder(registry: Registry, tongue: Tongue) -> list[View]:
    """For each need, the most urgent first, all contact channels, best first."""
    return [
        {
            "slug": need.slug,
            "label": tongue.text(need.labels),
            "options": [
                option_view(tongue, option) for option in advise(registry, Query(need.slug, tongue.language), tongue.at)
            ],
        }
        for need in registry.needs.values()
    ]


def channels(registry: Registry, tongue: Tongue) -> list[View]:
    return [channel_view(tongue, as_of(channel, tongue.at)) for channel in registry.channels.values()]


def option_view(tongue: Tongue, option: Option) -> View:
    """One way to reach us as it stands now: where, whether open, how long the wait."""
    channel = option.contact_channel
    return {
        "slug": channel.slug,
        "name": tongue.text(channel.names),
        "kind": tongue.say(f"kind_{channel.kind.value}"),
        "address": shown_address(channel),
        "href": href(channel),
        "state": state_text(tongue, option),
        "open": option.open and channel.status is ContactStatus.OPEN,
        "wait": _wait(tongue, option.wait_minutes) if option.open else "",
        "reason": tongue.text(channel.status_reasons) if _is_unusual(channel) else None,
    }


def state_text(tongue: Tongue, option: Option) -> str:
    """Open until, opens at, day and night, busy or down; true at the page's "as of" time."""
    channel = option.contact_channel
    if channel.status is ContactStatus.DOWN:
        return tongue.say("down")
    if option.open and option.closes_at is None:
        opened = tongue.say("always")
    elif option.open and option.closes_at is not None:
        opened = _and(tongue, "open_now", "open_until", option.closes_at, channel.timezone)
    elif option.opens_at is not None:
        return _and(tongue, "closed", "opens_at", option.opens_at, channel.timezone)
    else:
        return tongue.say("closed")
    return f"{opened}. {tongue.say('busy')}" if channel.status is ContactStatus.BUSY else opened


def _is_unusual(channel: ContactChannel) -> bool:
    return channel.status is not ContactStatus.OPEN or channel.in_force is not None


def _unusual(tongue: Tongue, channel: ContactChannel) -> str:
    """Busy, down or closed; how long an override holds; "" when all is as usual."""
    words = [tongue.say(channel.status.value)] if channel.status is not ContactStatus.OPEN else []
    if channel.in_force is not None:
        words.append(tongue.say("open_until", time=tongue.day(channel.in_force.until, channel.timezone)))
    return tongue.say("comma").join(words)


def _and(tongue: Tongue, state: str, until: str, at: datetime, timezone: str) -> str:
    return tongue.say("comma").join((tongue.say(state), tongue.say(until, time=tongue.day(at, timezone))))


def channel_view(tongue: Tongue, channel: ContactChannel) -> View:
    """Everything about one contact channel, with its hours for a week."""
    days = week(tongue, channel)
    spoken = [cldr.language_name(code, tongue.language) for code in channel.languages]
    return {
        "slug": channel.slug,
        "name": tongue.text(channel.names),
        "kind": tongue.say(f"kind_{channel.kind.value}"),
        "address": shown_address(channel),
        "href": href(channel),
        "instructions": tongue.text(channel.instructions) if channel.instructions else None,
        "languages": tongue.say("speaks_in", languages=tongue.say("comma").join(spoken)) if spoken else "",
        "accessibility": _accessibility(tongue, channel),
        "first_response": _first_response(tongue, channel.first_response_minutes),
        "status": _unusual(tongue, channel),
        "reason": tongue.text(channel.status_reasons) if channel.status_reasons else None,
        "always": channel.schedule.never_closes,
        "days": days,
        "zone": tongue.say("zone", zone=cldr.zone_text(tongue.at, channel.timezone, tongue.language, long=True)),
    }


def _accessibility(tongue: Tongue, channel: ContactChannel) -> list[View]:
    """Sentences, each with the language it is really in."""
    access = channel.accessibility
    ours = [name for name, holds in (("relay", access.relay), ("sign_language", access.sign_language)) if holds]
    said = [{"text": tongue.say(name), **_own(tongue)} for name in ours]
    return [*said, tongue.text(access.notes)] if access.notes else said


def _first_response(tongue: Tongue, minutes: int | None) -> str:
    if minutes is None:
        return ""
    return tongue.say("first_response", duration=cldr.duration_text(timedelta(minutes=minutes), tongue.language))


def _own(tongue: Tongue) -> View:
    """The language of Clarion's own words on this page."""
    spoken = tongue.words_language
    return {"lang": spoken, "dir": direction(spoken), "foreign": spoken != tongue.language}


def week(tongue: Tongue, channel: ContactChannel) -> list[View]:
    """Seven days from today in the channel's own zone: `{day, times}`, times empty when closed."""
    zone = ZoneInfo(channel.timezone)
    today = tongue.at.astimezone(zone).date()
    found: list[View] = []
    for offset in range(DAYS):
        day = today + timedelta(days=offset)
        starts, ends = (datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, day + timedelta(days=1)))
        spans = [
            _span(opens, closes, ends, channel.timezone, tongue.language)
            for opens, closes in hours.intervals(channel.schedule, starts, ends)
        ]
        noon = datetime.combine(day, time(12), zone)
        found.append({"day": cldr.date_text(noon, channel.timezone, tongue.language), "times": spans})
    return found


def _span(opens: datetime, closes: datetime, midnight: datetime, timezone: str, language: str) -> str:
    first = cldr.clock_text(opens, timezone, language)
    last = "24:00" if closes == midnight else cldr.clock_text(closes, timezone, language)
    return f"{first} – {last}"


def _wait(tongue: Tongue, minutes: int | None) -> str:
    if minutes is None:
        return ""
    return tongue.say("wait", duration=cldr.duration_text(timedelta(minutes=minutes), tongue.language))
