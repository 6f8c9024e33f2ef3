"""Begin without a playbook: a crisis with an empty first word, or one more update of a crisis there is."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.crisis import Severity, Stage
from app.domain.principals import Actor, permit
from app.domain.promises import usual_pause
from app.domain.reading import iso
from app.errors import Invalid, Problem
from app.store import audiences, crises, endpoints, staff, updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.draft_update import draft_in, read_draft
from app.usecases.open_crisis import open_in, read_crisis

LONGEST_SLUG: Final = 40
GOES_ON: Final = (
    "audience",
    "endpoints",
    "need",
    "drill",
    "help",
    "placements",
    "topic",
    "message_class",
    "language_policy",
)
"""What the next update of a crisis takes over from the one before."""


def begin_blank(
    db: Database, actor: Actor, title: str, language: str, severity: Severity, now: datetime, *, drill: bool = False
) -> UpdateRow:
    """The empty first word of a new crisis, by all ways out that customers read; to the only audience, if there is one.

    Raise Invalid for a title that is none.
    """
    permit(actor, "open_crisis")
    permit(actor, "draft_update")
    if not title.strip():
        raise Invalid(Problem("missing_field", "This is needed.", "title", "A few words for the staff and the page."))
    with db.writing() as tx:
        document = {"slug": _free_slug(tx, title, now), "titles": {language: title}, "severity": severity.value}
        crisis = open_in(tx, actor, read_crisis(document, now), now)
        first: dict[str, Any] = {"stage": Stage.HOLDING.value, "drill": drill, "endpoints": _public_ways(tx)}
        listed = audiences.page(tx, limit=2).items
        if len(listed) == 1:
            first["audience"] = listed[0].slug
        first["next_update_by"] = _promise(severity, now)
        return draft_in(tx, actor, crisis.slug, read_draft(crisis.slug, first, now), now)


def begin_next(db: Database, actor: Actor, crisis_slug: str, stage: Stage, now: datetime) -> UpdateRow:
    """An empty update of this stage that goes where the last one went. Raise NotFound, Conflict `crisis_resolved`."""
    permit(actor, "draft_update")
    with db.writing() as tx:
        crisis = crises.get(tx, crisis_slug)
        before = updates.page(tx, crisis_slug=crisis_slug, rests=False, limit=1).items
        kept = {name: before[0].document.get(name) for name in GOES_ON} if before else {"endpoints": _public_ways(tx)}
        document = {name: value for name, value in kept.items() if value is not None}
        if stage not in (Stage.RESOLVED, Stage.FOLLOWUP):
            document["next_update_by"] = _promise(crisis.severity, now)
        return draft_in(tx, actor, crisis_slug, read_draft(crisis_slug, {**document, "stage": stage.value}, now), now)


def _public_ways(tx: Connection) -> list[str]:
    rooms = {one.endpoint for one in staff.recipients(tx) if not one.address}
    return [one.slug for one in endpoints.everything(tx) if one.slug not in rooms]


def _promise(severity: Severity, now: datetime) -> str:
    return iso((now + usual_pause(severity, {})).replace(second=0, microsecond=0))


def _free_slug(tx: Connection, title: str, now: datetime) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or "crisis"
    taken = set(crises.everything(tx))
    dated = f"{base}-{now:%Y-%m-%d}"
    return next(slug for number in range(1, len(taken) + 2) if (slug := _numbered(dated, number)) not in taken)


def _numbered(slug: str, number: int) -> str:
    return slug if number == 1 else f"{slug}-{number}"
