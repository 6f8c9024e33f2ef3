"""Who has seen to what in a crisis, and what the next shift must know."""

from __future__ import annotations

from datetime import datetime

from app.domain.checklist import ITEMS
from app.domain.principals import Actor, permit
from app.errors import Invalid, Problem
from app.store import audit, closing, crises
from app.store.database import Database


def check_item(db: Database, actor: Actor, slug: str, item: str, now: datetime, *, done: bool) -> None:
    """Done, or open again. Harmless to repeat. Raise NotFound, Invalid for an item that is none."""
    permit(actor, "keep_checklist")
    if item not in ITEMS:
        raise Invalid(Problem("unknown_item", f"There is no “{item}” on the list.", "item", "Open the page again."))
    with db.writing() as tx:
        crises.get(tx, slug)
        if done:
            closing.check(tx, slug, item, actor.name, now)
        else:
            closing.uncheck(tx, slug, item)
        audit.append(tx, actor.name, "check_item", f"crisis/{slug}", {"item": item, "done": done}, now)


def hand_over(db: Database, actor: Actor, slug: str, text: str, now: datetime) -> None:
    """A note to whoever comes next; every note stays."""
    permit(actor, "keep_checklist")
    if not text.strip():
        raise Invalid(Problem("missing_field", "Say what the next one must know.", "text", "Three lines are enough."))
    with db.writing() as tx:
        crises.get(tx, slug)
        closing.hand_over(tx, slug, actor.name, text.strip(), now)
        crises.add_timeline(tx, slug, actor.name, "handed_over", {}, now)
        audit.append(tx, actor.name, "hand_over", f"crisis/{slug}", {"text": text.strip()}, now)
