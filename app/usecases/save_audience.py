"""Name a selection of subscribers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.audience import parse_rule, rule_document
from app.domain.message import Medium
from app.domain.principals import Actor, permit
from app.domain.reading import Reader
from app.store import audiences, audit
from app.store.audiences import AudienceRow
from app.store.database import Database


@dataclass(frozen=True, slots=True)
class AudienceSize:
    people: int
    addresses: dict[Medium, int]
    """Different addresses that would be written to now."""


def save_audience(
    db: Database,
    actor: Actor,
    slug: str,
    document: Mapping[str, object],
    expected_revision: int | None,
    now: datetime,
) -> AudienceRow:
    """`document`: {rule}. Insert or replace; updates already submitted keep the people they were staged for.

    Raise Invalid for a rule that is empty or not understood: it never means everyone. Conflict `stale_edit`.
    """
    permit(actor, "save_audience")
    read = Reader({**document, "slug": slug})
    read.only("slug", "rule")
    read.slug()
    read.done()
    rule = rule_document(parse_rule(document.get("rule")))
    with db.writing() as tx:
        row = audiences.save(tx, slug, rule, expected_revision)
        body = {"revision": row.revision, "rule": rule}
        audit.append(tx, actor.name, "save_audience", f"audience/{slug}", body, now)
    return row


def remove_audience(db: Database, actor: Actor, slug: str, expected_revision: int | None, now: datetime) -> AudienceRow:
    """The audience as it was."""
    permit(actor, "save_audience")
    with db.writing() as tx:
        row = audiences.remove(tx, slug, expected_revision)
        audit.append(tx, actor.name, "remove_audience", f"audience/{slug}", {"rule": row.rule}, now)
    return row


def measure_audience(db: Database, rule: object) -> AudienceSize:
    """How many a rule document means at this moment. Raise Invalid as `save_audience`."""
    typed = parse_rule(rule)
    with db.reading() as connection:
        return AudienceSize(audiences.count_people(connection, typed), audiences.count_by_medium(connection, typed))
