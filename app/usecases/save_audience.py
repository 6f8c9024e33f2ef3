"""Name a selection of subscribers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.audience_documents import parse_rule, rule_document
from app.domain.audience_rules import And, Not, Reachable, Rule
from app.domain.audience_text import parse_text
from app.domain.consent import ORDINARY, Hearing
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.principals import Actor, permit
from app.domain.reading import Reader
from app.store import audiences, audit, counting, left_out, membership
from app.store.audiences import AudienceRow
from app.store.database import Database
from app.usecases import counted
from app.usecases.check_audience import check_audience

ANY_MEDIUM: Final = tuple(sorted(PERSONAL_MEDIA))


@dataclass(frozen=True, slots=True)
class AudienceSize:
    people: int
    addresses: Mapping[Medium, int]
    """Different addresses that would be written to now."""
    left_out: Mapping[tuple[Medium, Hearing], int]
    """People who do not agree to be written to by a medium, about nothing in particular, and why."""
    stopped: Mapping[Medium, int]
    """People whose address of a medium is on the suppression list."""
    unreachable: int
    """People without any address that may be written to."""


def save_audience(
    db: Database,
    actor: Actor,
    slug: str,
    document: Mapping[str, object],
    expected_revision: int | None,
    now: datetime,
) -> AudienceRow:
    """`document`: {rule} or {text}. Insert or replace; updates already submitted keep the people they were staged for.

    Raise Invalid for a rule that is empty or not understood, or names what is not there: it never means everyone.
    Conflict `stale_edit`.
    """
    permit(actor, "save_audience")
    named = Reader({"slug": slug})
    named.slug()
    named.done()
    rule = read_rule(document)
    with db.writing() as tx:
        check_audience(tx, rule, slug)
        row = audiences.save(tx, slug, rule_document(rule), expected_revision)
        body = {"revision": row.revision, "rule": row.rule}
        audit.append(tx, actor.name, "save_audience", f"audience/{slug}", body, now)
    return row


def read_rule(document: Mapping[str, object]) -> Rule:
    """The rule of {rule} or {text}. Raise Invalid, also when both are given or none."""
    read = Reader(document)
    read.only("rule", "text")
    if read.has("rule") and read.has("text"):
        read.problem("two_rules", "text", "and rule are both given", "Send one of them.")
    text = read.text("text", longest=200_000) if read.has("text") else ""
    read.done()
    return parse_text(text) if read.has("text") else parse_rule(document.get("rule"))


def remove_audience(db: Database, actor: Actor, slug: str, expected_revision: int | None, now: datetime) -> AudienceRow:
    """The audience as it was."""
    permit(actor, "save_audience")
    with db.writing() as tx:
        row = audiences.remove(tx, slug, expected_revision)
        audit.append(tx, actor.name, "remove_audience", f"audience/{slug}", {"rule": row.rule}, now)
    return row


def measure_audience(db: Database, rule: Rule, slug: str = "") -> AudienceSize:
    """How many a rule means at this moment. Raise Invalid as `save_audience`."""
    with db.reading() as connection:
        whole = check_audience(connection, rule, slug)
        meant = membership.members(connection, whole)
        reachable = counted.reached(db, connection, whole, ORDINARY)
        return AudienceSize(
            counted.people(db, connection, whole),
            reachable.by_medium,
            counting.count_left_out(connection, whole, ORDINARY),
            left_out.count_stopped(connection, meant),
            counted.people(db, connection, And((whole, Not(Reachable(ANY_MEDIUM))))),
        )


def count_parts(db: Database, rules: Sequence[Rule], slug: str = "") -> list[int]:
    """How many people each of these means, for the parts of a rule. Raise Invalid as `save_audience`."""
    with db.reading() as connection:
        return [counted.people(db, connection, check_audience(connection, rule, slug)) for rule in rules]
