"""“What do you need?” asked question by question: plain forms, no script, no cookie, nothing kept of who answers.

Every page carries the answers so far in its own form; the last one names the problem to solve first, two ways out,
the best contact channel and help. Finished rounds are counted by answer.
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from app.domain.audience import choose_language
from app.domain.triage import Answer, Answers, Tree, next_question, result
from app.domain.triage_views import outcome_view, read_answer
from app.errors import ClarionError, NotFound, Unavailable
from app.observe import TRIAGED
from app.publishing.notices import Notice, notice_page
from app.publishing.triage_pages import ANSWER, ASKED, question_page, result_page
from app.store import documents
from app.usecases.ask_triage import count_answers, counted_pairs, find_tree
from app.usecases.load_source import living_links
from app.visitors.forms import Context, Ctx

FORM_CAP: Final = 32 * 1024
"""Bytes of a form; ten times what the longest way through a tree needs."""

router = APIRouter(prefix="/t", include_in_schema=False)

Fields = dict[str, str]


async def _fields(request: Request) -> Fields:
    """The form's fields, none when it is too large or no text: then the questions start again."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_CAP:
            return {}
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        return {}


@router.get("/{language}/{slug}")
@router.head("/{language}/{slug}")
def begin(language: str, slug: str, context: Ctx) -> Response:
    return _page(context, language, slug, {})


@router.post("/{language}/{slug}")
def answer(language: str, slug: str, context: Ctx, fields: Annotated[Fields, Depends(_fields)]) -> Response:
    return _page(context, language, slug, fields)


def _page(context: Context, wanted: str, slug: str, fields: Fields) -> Response:
    press, now = context.press, context.clock.now()
    language = choose_language([wanted], press.templating.languages(), press.organisation.default_language)
    try:
        with context.db.reading() as connection:
            tree = find_tree(connection, press.templating.trees, slug)
            answers = read_answers(tree, fields)
            question = next_question(tree, answers)
            if question is not None:
                asked_before = fields.get(ASKED) == question.slug
                body, headers = question_page(press, tree, question, answers, language, now, repeat=asked_before)
                return Response(body, 200, headers)
            registry = documents.registry(connection)
            links = living_links(connection, language)
    except NotFound:
        return _notice(context, "missing", language, 404)
    except (SQLAlchemyError, ClarionError):
        return _notice(context, "later", language, 503)
    outcome = result(tree, answers)
    _count(context, tree, answers)
    view = outcome_view(tree, outcome, language, links)
    body, headers = result_page(press, tree, view, registry, language, now)
    return Response(body, 200, headers)


def read_answers(tree: Tree, fields: Fields) -> Answers:
    """The usable ones of a form's fields; anything else is as if not given, so that its question is asked again."""
    answers: dict[str, Answer] = {}
    for slug, question in tree.questions.items():
        given = read_answer(question, fields[ANSWER + slug]) if ANSWER + slug in fields else None
        if given is not None:
            answers[slug] = given
    return answers


def _count(context: Context, tree: Tree, answers: Answers) -> None:
    """Within the limits of `visitors.flood`; what is above them is answered all the same."""
    if not context.flood.admits(tree.slug, counted_pairs(tree, answers), context.clock.monotonic()):
        TRIAGED.labels("not_counted").inc()
        return
    TRIAGED.labels("counted").inc()
    try:
        count_answers(context.db, tree, answers, context.clock.now())
    except (SQLAlchemyError, Unavailable):
        return  # a count is worth less than the answer somebody waits for


def _notice(context: Context, key: str, language: str, status: int) -> Response:
    body, headers = notice_page(context.press, Notice(key, {}), language, context.clock.now())
    return Response(body, status, headers)
