"""Planned work: on the status page, and as a calendar readers can subscribe to (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vText

from app.domain.planned_work import REMEMBERED, Phase, PlannedState, PlannedWork
from app.domain.snapshot import CALENDAR, File
from app.publishing.pages import Frame
from app.publishing.tongue import Tongue, View

PHASE_WORDS = {Phase.LATER: "planned_later", Phase.NOW: "planned_now", Phase.CANCELLED: "planned_cancelled"}
REFRESH = timedelta(hours=1)


def shown(planned: Iterable[PlannedWork], at: datetime) -> list[PlannedWork]:
    """What readers may still have to reckon with, called-off work included until it would have been over."""
    return [work for work in planned if work.phase(at) is not Phase.OVER]


def planned_view(tongue: Tongue, work: PlannedWork) -> View:
    phase = work.phase(tongue.at)
    return {
        "slug": work.slug,
        "title": tongue.text(work.titles),
        "text": tongue.text(work.texts) if work.texts else None,
        "phase": phase.value,
        "phase_word": tongue.say(PHASE_WORDS[phase]),
        "starts": tongue.moment(work.starts),
        "ends": tongue.moment(work.ends),
        "areas": tongue.say("areas", areas=tongue.say("comma").join(work.areas)) if work.areas else "",
    }


def calendar(frame: Frame, planned: Sequence[PlannedWork]) -> File:
    """Every planned work of the last 90 days and to come; changed ones have a higher SEQUENCE and the same UID."""
    tongue = frame.tongue
    made = Calendar()
    made.add("prodid", "-//Clarion//Planned work//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", _title(tongue))
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for work in planned:
        if work.ends > tongue.at - REMEMBERED:
            made.add_component(_event(frame, work))
    made.add_missing_timezones()
    return File(frame.href("calendar.ics").strip("/"), made.to_ical(), CALENDAR, language=tongue.language)


def _event(frame: Frame, work: PlannedWork) -> Event:
    tongue = frame.tongue
    zone = ZoneInfo(tongue.organisation.timezone)
    title, text = tongue.text(work.titles), tongue.text(work.texts)
    cancelled = work.state is PlannedState.CANCELLED
    event = Event()
    event.add("uid", f"planned-{work.slug}@{urlsplit(frame.public_base).hostname or 'localhost'}")
    event.add("dtstamp", work.changed_at or work.starts)
    event.add("last-modified", work.changed_at or work.starts)
    event.add("sequence", work.revision - 1)
    event.add("dtstart", work.starts.astimezone(zone))
    event.add("dtend", work.ends.astimezone(zone))
    event.add("summary", vText(str(title["text"])), parameters={"LANGUAGE": str(title["lang"])})
    if text["text"]:
        event.add("description", vText(str(text["text"])), parameters={"LANGUAGE": str(text["lang"])})
    if work.areas:
        event.add("location", tongue.say("comma").join(work.areas))
    event.add("url", f"{frame.url('')}#planned-{work.slug}")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["planned-work"])
    return event


def _title(tongue: Tongue) -> str:
    name = str(tongue.text(tongue.organisation.names)["text"])
    return f"{name} – {tongue.say('planned')}" if name else tongue.say("planned")
