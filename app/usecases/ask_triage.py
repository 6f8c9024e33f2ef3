"""Find the tree to ask from, what staff would declare for its result, and count what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from app.domain.crisis import Stage
from app.domain.playbooks import Playbook
from app.domain.triage import Answers, Outcome, Tree, result
from app.domain.triage_views import countable
from app.errors import not_found
from app.store import documents, triage_counts
from app.store.database import Database
from app.store.documents import Kind


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


def count_answers(db: Database, tree: Tree, answers: Answers, now: datetime) -> None:
    """One more of each prepared answer on the way and of the result; nothing of who gave them is kept."""
    pairs = {*countable(tree, answers), (triage_counts.RESULT, result(tree, answers).trouble.slug)}
    with db.writing() as tx:
        triage_counts.add(tx, tree.slug, pairs, now)
