"""Draft what is known now about one crisis, for one slot of a schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.courtesy import A_DAY, MOST_A_DAY
from app.domain.crisis import REACHED
from app.domain.firing import Why
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.playbooks import Playbook
from app.domain.progress import Known, Written, say_unchanged, values_for, words_digest, write
from app.domain.promises import usual_pause
from app.domain.reading import iso
from app.domain.schedules import Schedule
from app.domain.slots import Reading, SlotValue
from app.domain.updates import DEFAULT_LIFETIME
from app.errors import Invalid
from app.store import crises, documents, endpoints, schedules, updates
from app.store.crises import CrisisRow
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.draft_update import LAST_STAGES

A_MINUTE: Final = timedelta(minutes=1)

Unchanged = Callable[[str, datetime], str]
"""(language, since when) -> the sentence that nothing has changed."""


@dataclass(frozen=True, slots=True)
class Progress:
    document: Mapping[str, Any]
    digest: str
    unchanged: bool
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One crisis as it stands, read inside the transaction that drafts."""

    crisis: CrisisRow
    playbook: Playbook
    facts: Mapping[str, Known]
    last: UpdateRow | None
    """The newest update that has gone out."""
    media: Mapping[str, Medium]
    """Of every endpoint."""
    told: int
    """Updates by person in the last 24 hours."""


def look(connection: Connection, crisis: CrisisRow, wanted: Schedule, now: datetime) -> Place | None:
    """None without a playbook, which the sentences come from. Raise Invalid for one that cannot be read."""
    slug = crisis.playbook or wanted.playbook
    row = documents.find(connection, Kind.PLAYBOOK, slug) if slug else None
    if row is None:
        return None
    media = {one.slug: one.medium for one in endpoints.everything(connection)}
    reached = updates.page(connection, crisis_slug=crisis.slug, states=REACHED, rests=False, limit=200).items
    by_person = [
        one
        for one in reached
        if one.sent_at is not None
        and now - one.sent_at < A_DAY
        and any(media.get(slug) in PERSONAL_MEDIA for slug in one.document.get("endpoints") or ())
    ]
    facts = {
        name: Known(fact.value, fact.at, fact.stale_at) for name, fact in crises.facts(connection, crisis.slug).items()
    }
    last = reached[0] if reached else None
    return Place(crisis, Playbook.from_document(row.document), facts, last, media, len(by_person))


def progress(
    connection: Connection,
    place: Place,
    wanted: Schedule,
    slot: datetime,
    now: datetime,
    *,
    fired: int,
    timezone: str,
    unchanged: Unchanged,
    quietly: bool = False,
) -> Progress | Why:
    """The document of the update that is due at `slot`.

    Words that were said before are not said again without saying that nothing changed, and then on the website only;
    `quietly`: that way in any case, because nobody could say what is new. `fired`: how often the schedule has, this
    time counted. Raise Invalid (`cannot_be_filled`).
    """
    written = _written(connection, place, wanted, now, timezone)
    stage = place.last.document.get("stage") if place.last else None
    same = quietly or (
        written.digest == _said(connection, place) and stage == wanted.stage.value and not _worse(place)
    )  # a stage is news, and so is a rise in severity
    ways = _ways(place, wanted, same=same)
    if not ways:
        return Why.NOWHERE if same else Why.NO_ENDPOINT
    since = place.last.sent_at if place.last and place.last.sent_at else place.crisis.opened_at
    content = say_unchanged(written.content, lambda one: unchanged(one, since)) if same else written.content
    promised = None if wanted.stage in LAST_STAGES else _promise(place, wanted, slot, now, fired)
    before = place.last.document if place.last else {}
    personal = any(place.media[slug] in PERSONAL_MEDIA for slug in ways)
    document = {
        "stage": wanted.stage.value,
        "content": content,
        "endpoints": list(ways),
        "audience": (wanted.audience or before.get("audience") or place.playbook.audience or None)
        if personal
        else None,
        "need": before.get("need") or _need(connection, place),
        "next_update_by": iso(promised) if promised else None,
        "expires_at": iso((promised or slot) + DEFAULT_LIFETIME),
        "drill": bool(before.get("drill", False)),
    }
    return Progress(document, written.digest, same, written.left_out)


def still_says_so(
    connection: Connection, place: Place, wanted: Schedule, digest: str, now: datetime, timezone: str
) -> bool:
    """Whether the facts of this moment still make the words that somebody confirmed."""
    try:
        return _written(connection, place, wanted, now, timezone).digest == digest
    except Invalid:
        return False


def _written(connection: Connection, place: Place, wanted: Schedule, now: datetime, timezone: str) -> Written:
    values = values_for(place.playbook, place.facts, wanted.variables, _live(connection, place, now), now)
    # The day is always named, so that the same facts make the same words tomorrow.
    return write(place.playbook, wanted.stage.value, values, wanted.languages, Reading(timezone, None))


def _worse(place: Place) -> bool:
    """Whether the crisis is called worse than when the last update was handed in."""
    last = place.last.severity if place.last else None
    return last is not None and place.crisis.severity.rank < last.rank


def _said(connection: Connection, place: Place) -> str:
    """What the last update said, without its sentence that nothing had changed."""
    if place.last is None:
        return ""
    planned = schedules.digest_of(connection, place.last.id)
    if planned is not None:
        return planned
    try:
        return words_digest(place.last.document.get("content") or {})
    except Invalid:
        return ""


def _ways(place: Place, wanted: Schedule, *, same: bool) -> Sequence[str]:
    before = (place.last.document.get("endpoints") or ()) if place.last else ()
    named = wanted.endpoints or before or place.playbook.endpoints
    ways = [slug for slug in named if slug in place.media]
    sites = [slug for slug, medium in place.media.items() if medium is Medium.SITE]
    if same:
        return [slug for slug in ways if place.media[slug] is Medium.SITE] or sites
    if place.told >= MOST_A_DAY[place.crisis.severity]:
        ways = [slug for slug in ways if place.media[slug] not in PERSONAL_MEDIA]
    return ways or sites


def _promise(place: Place, wanted: Schedule, slot: datetime, now: datetime, fired: int) -> datetime:
    """The next slot, a minute away at least, so that it is not past when it is read.

    After the last one somebody still has to say how it goes on: at what this severity is worth.
    """
    following = wanted.next_after(max(slot, now + A_MINUTE), fired)
    return following or max(slot, now) + usual_pause(place.crisis.severity, place.playbook.cadence)


def _need(connection: Connection, place: Place) -> str | None:
    known = (slug for slug in place.playbook.needs if documents.find(connection, Kind.NEED, slug) is not None)
    return next(known, None)


def _live(connection: Connection, place: Place, now: datetime) -> dict[str, SlotValue]:
    """See `domain.progress.LIVE`; in whole minutes."""
    opened = place.crisis.opened_at
    changed = max([opened, *(fact.at for fact in place.facts.values())])
    found: dict[str, SlotValue] = {"opened": opened, "last_change": changed}
    for name, since in (("open_for", opened), ("unchanged_for", changed)):
        minutes = (now - since) // timedelta(minutes=1)
        if minutes > 0:
            found[name] = timedelta(minutes=minutes)
    if "longest_wait" in place.playbook.variables:
        channels = documents.registry(connection).channels
        waits = [one.live.wait(now, one.live_max_age) for one in channels.values()]
        if longest := max((wait for wait in waits if wait), default=0):
            found["longest_wait"] = timedelta(minutes=longest)
    if place.last and place.last.recipients:
        found["told"] = place.last.recipients
    return found
