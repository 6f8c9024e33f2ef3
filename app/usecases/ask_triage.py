"""Find the tree to ask from, what staff would declare for its result, and count what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.crisis import Stage
from app.domain.playbooks import Playbook
from app.domain.routing import Option, Query, advise
from app.domain.texts import pick
from app.domain.triage import Answers, Outcome, Tree, result
from app.domain.triage_views import countable
from app.errors import not_found
from app.store import documents, triage_counts
from app.store.database import Database
from app.store.documents import Kind
from app.store.triage_counts import AnswerCount

OFFERED: Final = 3
"""Contact channels named beside a result."""


def find_tree(connection: Connection, shipped: Mapping[str, Tree], slug: str) -> Tree:
    """A tree by its own slug, or the tree of the playbook of that slug. Raises NotFound."""
    if slug in shipped:
        return shipped[slug]
    row = documents.find(connection, Kind.PLAYBOOK, slug)
    if row is None:
        raise not_found("triage tree", slug)
    playbook = Playbook.from_document(row.document)
    tree = playbook.own_tree or shipped.get(playbook.tree)
    if tree is None:
        raise not_found("triage tree", slug)
    return tree


def proposal(connection: Connection, outcome: Outcome) -> dict[str, object] | None:
    """What staff would declare for this outcome, from the stored playbook it leads to; None when there is none.

    `{playbook, severity, need, audience, endpoints, stage, languages, variables}`: the stage is the first word
    (holding), `variables` are those its sentences wait for, by name and type.
    """
    row = documents.find(connection, Kind.PLAYBOOK, outcome.trouble.playbook) if outcome.trouble.playbook else None
    if row is None:
        return None
    playbook = Playbook.from_document(row.document)
    stage = Stage.HOLDING.value
    return {
        "playbook": playbook.slug,
        "severity": outcome.severity.value,
        "need": outcome.trouble.need,
        "audience": playbook.audience,
        "endpoints": list(playbook.endpoints),
        "stage": stage,
        "languages": list(playbook.languages(stage)),
        "variables": {name: playbook.variables[name].value for name in playbook.wanted(stage)},
    }


def contact(connection: Connection, outcome: Outcome, language: str, area: str, now: datetime) -> tuple[Option, ...]:
    """Where a customer with this outcome is helped best, at most three; none for a need nobody has set up."""
    registry = documents.registry(connection)
    need = outcome.trouble.need
    if need not in registry.needs:
        return ()
    return advise(registry, Query(need, language, area, outcome.severity), now)[:OFFERED]


@dataclass(frozen=True, slots=True)
class Hurt:
    problem: str
    text: str
    count: int
    share_percent: float
    """Of all finished rounds."""


def hurts_most(tree: Tree, counts: Iterable[AnswerCount], language: str) -> list[Hurt]:
    """What finished rounds ended in, the most frequent first; a problem the tree has lost keeps its slug as name."""
    ends = [one for one in counts if one.question == triage_counts.RESULT]
    rounds = sum(one.count for one in ends)
    named = {slug: pick(trouble.texts, language)[0] for slug, trouble in tree.troubles.items()}
    return [
        Hurt(one.answer, named.get(one.answer, one.answer), one.count, round(100 * one.count / rounds, 1))
        for one in sorted(ends, key=lambda one: (-one.count, one.answer))
    ]


def count_answers(db: Database, tree: Tree, answers: Answers, now: datetime) -> None:
    """One more of each prepared answer on the way and of the result; nothing of who gave them is kept."""
    with db.writing() as tx:
        triage_counts.add(tx, tree.slug, counted_pairs(tree, answers), now)


def counted_pairs(tree: Tree, answers: Answers) -> set[tuple[str, str]]:
    """(question, answer) of all that one round adds to, the result among them."""
    return {*countable(tree, answers), (triage_counts.RESULT, result(tree, answers).trouble.slug)}
