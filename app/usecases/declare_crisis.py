"""Declare a crisis from the answers of a triage: the crisis and the first draft in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.content import content_hash
from app.domain.crisis import Severity, Stage
from app.domain.holding import sentences_hash
from app.domain.playbooks import Playbook, fill_playbook
from app.domain.principals import Actor, permit
from app.domain.promises import usual_pause
from app.domain.reading import iso
from app.domain.slots import Reading
from app.domain.triage import Answers, Outcome, Tree, next_question, result
from app.domain.triage_views import answer_problems
from app.errors import Invalid, Problem
from app.store import approvals, audiences, audit, crises, documents, endpoints, staff
from app.store.approvals import HoldingUse
from app.store.crises import CrisisRow
from app.store.database import Database
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.ask_triage import find_tree
from app.usecases.draft_update import draft_in, read_draft
from app.usecases.open_crisis import open_in, read_crisis

STAGE: Final = Stage.HOLDING
"""The first word."""


class Source(StrEnum):
    """Why something is set to what it is."""

    ANSWERS = "answers"
    """The triage's result, see its own `why`."""
    PLAYBOOK = "playbook"
    GIVEN = "given"
    """Whoever declares said so."""
    SEVERITY = "severity"
    """As usual for how bad it is."""
    ALL_ENDPOINTS = "all_endpoints"
    """The playbook names none, so every way out that customers read."""
    MISSING = "missing"
    """Named by the playbook or the tree, but not there: somebody has to choose."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What whoever declares says beside the answers; empty = as triage and playbook say."""

    slug: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    playbook: str = ""
    severity: Severity | None = None
    audience: str = ""
    endpoints: Sequence[str] = ()
    languages: Sequence[str] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: Any
    why: Source


@dataclass(frozen=True, slots=True)
class Declared:
    crisis: CrisisRow
    update: UpdateRow
    outcome: Outcome
    settings: tuple[Setting, ...]
    """severity, playbook, title, need, audience, endpoints, next_update_by: what was set and why."""


def declare_crisis(
    db: Database,
    actor: Actor,
    shipped: Mapping[str, Tree],
    tree_slug: str,
    answers: Answers,
    said: Declaration,
    now: datetime,
    *,
    timezone: str = "UTC",
) -> Declared:
    """One act, all of it or nothing; the draft still goes the way of every draft: preview, submit, second person.

    Raise NotFound for the tree, Invalid with one Problem per fault: an answer that is none, a question still open, a
    playbook that is not stored, a variable of the first word that is missing. Conflict `crisis_exists`.
    """
    permit(actor, "open_crisis")
    permit(actor, "draft_update")
    with db.writing() as tx:
        tree = find_tree(tx, shipped, tree_slug)
        outcome = _outcome(tree, answers)
        playbook = _playbook(tx, said.playbook or outcome.trouble.playbook)
        severity = said.severity or outcome.severity
        languages = list(said.languages) or list(playbook.languages(STAGE.value))
        content = fill_playbook(playbook, STAGE.value, dict(said.variables), languages, Reading(timezone, now))
        settings = (
            Setting("severity", severity.value, Source.GIVEN if said.severity else Source.ANSWERS),
            Setting("playbook", playbook.slug, Source.GIVEN if said.playbook else Source.ANSWERS),
            Setting("titles", dict(said.titles or playbook.names), Source.GIVEN if said.titles else Source.PLAYBOOK),
            _need(tx, outcome),
            _audience(tx, said, playbook),
            _endpoints(tx, said, playbook),
            _promise(playbook, severity, now),
        )
        chosen = {setting.name: setting.value for setting in settings}
        crisis = open_in(tx, actor, read_crisis(_crisis_document(said, outcome, chosen, now), now), now)
        document = {
            "stage": STAGE.value,
            "content": content,
            "drill": said.drill,
            **{name: chosen[name] for name in ("need", "audience", "endpoints", "next_update_by") if chosen[name]},
        }
        drafted = read_draft(crisis.slug, document, now)
        update = draft_in(tx, actor, crisis.slug, drafted, now, sentences_of=playbook.slug)
        if not said.titles:  # a title of one's own is free text, and customers read it
            use = HoldingUse(playbook.slug, sentences_hash(playbook), content_hash(update.document))
            approvals.note_use(tx, update.id, use, now)
        body = {
            "tree": tree.slug,
            "problem": outcome.trouble.slug,
            "why": outcome.why.value,
            "update": update.id,
            "settings": {setting.name: [setting.value, setting.why.value] for setting in settings},
        }
        crises.add_timeline(tx, crisis.slug, actor.name, "declared", body, now)
        audit.append(tx, actor.name, "declare_crisis", f"crisis/{crisis.slug}", body, now)
    return Declared(crisis, update, outcome, settings)


def _outcome(tree: Tree, answers: Answers) -> Outcome:
    problems = list(answer_problems(tree, answers))
    waiting = next_question(tree, answers)
    if waiting is not None and not problems:
        sentence = f"The question “{waiting.slug}” is still open."
        problems.append(Problem("triage_incomplete", sentence, f"answers.{waiting.slug}", "Answer it, then declare."))
    if problems:
        raise Invalid(problems)
    return result(tree, answers)


def _playbook(tx: Connection, slug: str) -> Playbook:
    row = documents.find(tx, Kind.PLAYBOOK, slug) if slug else None
    if row is None:
        words = f"There is no playbook “{slug}”." if slug else "No playbook is meant for this problem."
        raise Invalid(Problem("unknown_playbook", words, "playbook", "Save it, or name one that exists."))
    return Playbook.from_document(row.document)


def _crisis_document(
    said: Declaration, outcome: Outcome, chosen: Mapping[str, Any], now: datetime
) -> dict[str, object]:
    slug = said.slug or f"{outcome.trouble.slug[:50].rstrip('-')}-{now:%Y-%m-%d}"
    return {"slug": slug, **{name: chosen[name] for name in ("titles", "severity", "playbook")}}


def _need(tx: Connection, outcome: Outcome) -> Setting:
    need = outcome.trouble.need
    if documents.find(tx, Kind.NEED, need) is None:
        return Setting("need", None, Source.MISSING)
    return Setting("need", need, Source.ANSWERS)


def _audience(tx: Connection, said: Declaration, playbook: Playbook) -> Setting:
    """One that was given must exist, which the draft's own check says; the playbook's may have another name here."""
    if said.audience:
        return Setting("audience", said.audience, Source.GIVEN)
    if playbook.audience and audiences.find(tx, playbook.audience) is not None:
        return Setting("audience", playbook.audience, Source.PLAYBOOK)
    return Setting("audience", None, Source.MISSING)


def _endpoints(tx: Connection, said: Declaration, playbook: Playbook) -> Setting:
    if said.endpoints:
        return Setting("endpoints", list(said.endpoints), Source.GIVEN)
    rooms = {one.endpoint for one in staff.recipients(tx) if not one.address}
    known = [one.slug for one in endpoints.everything(tx) if one.slug not in rooms]
    named = [slug for slug in playbook.endpoints if slug in known]
    if named:
        return Setting("endpoints", named, Source.PLAYBOOK)
    return Setting("endpoints", known, Source.ALL_ENDPOINTS if known else Source.MISSING)


def _promise(playbook: Playbook, severity: Severity, now: datetime) -> Setting:
    source = Source.PLAYBOOK if playbook.cadence.get(severity.value) else Source.SEVERITY
    by = (now + usual_pause(severity, playbook.cadence)).replace(microsecond=0)
    return Setting("next_update_by", iso(by), source)
