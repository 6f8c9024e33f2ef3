"""Triage: a few questions that lead to the one problem to solve first. For agents with a customer on the line."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field, StrictBool, StrictInt, StrictStr
from sqlalchemy import Connection

from app.api.access import Reader
from app.api.advice import route_view
from app.api.answers import Given, Route
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.schemas import Sent
from app.domain.triage import Answers, Tree, next_question, result
from app.domain.triage_views import answer_problems, outcome_view, question_view, said
from app.errors import Invalid
from app.store import triage_counts
from app.usecases.ask_triage import contact, count_answers, find_tree, hurts_most, proposal
from app.usecases.load_source import living_links

router = APIRouter(prefix="/triage", tags=["triage"], responses=REFUSALS)

Language = Annotated[str, Query(max_length=35)]


class TriageAnswers(Sent):
    """All answers so far, by question. The words of an open answer are used by nobody and kept nowhere."""

    answers: dict[str, StrictBool | StrictInt | StrictStr] = Field({}, max_length=100)
    language: str = Field("en", max_length=35)
    area: str = Field("", max_length=64)


class TriageStep(Given):
    tree: str
    name: str
    question: dict[str, Any] | None = Field(description="What to ask next; null when nothing is left to ask")
    result: dict[str, Any] = Field(
        description="What to solve first as far as is known: problem, why, relieves, need, severity, options, links"
    )
    contact: list[Route] = Field(description="Where to send this customer with the result's need, best first; three")
    declare: dict[str, Any] | None = Field(
        description="What staff would declare: playbook, severity, need, audience, endpoints, stage, variables"
    )


class AnswerCounts(Given):
    question: str = Field(description="Empty: `answer` is a result, the slug of a problem")
    answer: str
    count: int


class HurtsMost(Given):
    problem: str
    text: str
    count: int
    share_percent: float = Field(description="Of all finished rounds")


class TriageCounts(Given):
    tree: str
    counts: list[AnswerCounts]
    hurts_most: list[HurtsMost] = Field(description="What rounds ended in, the most frequent first")


@router.get("/{slug}", summary="The first question of a tree, or of a playbook's tree")
def start_triage(slug: str, context: Ctx, _actor: Reader, lang: Language = "en") -> TriageStep:
    with context.db.reading() as connection:
        tree = find_tree(connection, context.templating.trees, slug)
        return _step(connection, tree, {}, lang, "", context.clock.now())


@router.post("/{slug}", summary="Answers in, the next question and the result so far out")
def ask_triage(slug: str, body: TriageAnswers, context: Ctx, _actor: Reader) -> TriageStep:
    """Nothing is kept between the calls: send all answers each time. Complete ones are counted, without the person."""
    with context.db.reading() as connection:
        tree = find_tree(connection, context.templating.trees, slug)
        problems = answer_problems(tree, body.answers)
        if problems:
            raise Invalid(problems)
        step = _step(connection, tree, body.answers, body.language, body.area, context.clock.now())
    if step.question is None:
        count_answers(context.db, tree, body.answers, context.clock.now())
    return step


@router.get("/{slug}/counts", summary="How often each answer was given: what hurts most")
def count_triage(
    slug: str, context: Ctx, _actor: Reader, since: date | None = None, lang: Language = "en"
) -> TriageCounts:
    with context.db.reading() as connection:
        tree = find_tree(connection, context.templating.trees, slug)
        found = triage_counts.totals(connection, tree.slug, since)
    return TriageCounts(
        tree=tree.slug,
        counts=[AnswerCounts.model_validate(one) for one in found],
        hurts_most=[HurtsMost.model_validate(one) for one in hurts_most(tree, found, lang)],
    )


def _step(connection: Connection, tree: Tree, answers: Answers, language: str, area: str, now: datetime) -> TriageStep:
    links = living_links(connection, language)
    question, outcome = next_question(tree, answers), result(tree, answers)
    return TriageStep(
        tree=tree.slug,
        name=str(said(tree.names, language)["text"]),
        question=question_view(question, language) if question else None,
        result=outcome_view(tree, outcome, language, links, area),
        contact=[route_view(option) for option in contact(connection, outcome, language, area, now)],
        declare=proposal(connection, outcome),
    )
