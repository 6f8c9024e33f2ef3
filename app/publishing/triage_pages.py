"""The pages of the finder: one question each, and at the end what to solve first and how to reach us for it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.domain.crisis import Severity
from app.domain.routing import Query, Registry, advise
from app.domain.triage import Answers, Question, QuestionKind, Tree, way
from app.domain.triage_views import question_view
from app.publishing.building import Press
from app.publishing.contact_views import option_view
from app.publishing.notices import form_headers
from app.publishing.pages import Frame
from app.publishing.tongue import View

ANSWER: Final = "a."
"""Before the slug of a question in the name of a form's field."""
ASKED: Final = "asked"
"""The field that names the question a form asked last."""
CHANNELS: Final = 2

Page = tuple[bytes, dict[str, str]]


def question_page(
    press: Press,
    tree: Tree,
    question: Question,
    answers: Answers,
    language: str,
    at: datetime,
    *,
    repeat: bool = False,
) -> Page:
    """One question with the answers so far in hidden fields. `repeat`: it was asked already and not answered."""
    frame = _frame(press, language, at)
    led = way(tree, answers)
    kept = [{"name": ANSWER + one.slug, "value": _written(led.answers[one.slug])} for one in led.answered]
    view: View = {
        "question": question_view(question, language),
        "kept": kept,
        "field": ANSWER + question.slug,
        "asked": ASKED,
        "number": len(led.answered) + 1,
        "open": question.kind is QuestionKind.OPEN,
        "repeat": repeat,
    }
    return _rendered(press, frame, tree, "site/triage_question.html", view)


def result_page(press: Press, tree: Tree, outcome: View, registry: Registry, language: str, at: datetime) -> Page:
    """`outcome`: as `app.domain.triage_views.outcome_view` gives it."""
    frame = _frame(press, language, at)
    query = Query(str(outcome["need"]), language, severity=Severity(str(outcome["severity"])))
    channels = [option_view(frame.tongue, option) for option in advise(registry, query, at)[:CHANNELS]]
    view: View = {"outcome": outcome, "channels": channels, "again": f"/t/{language}/{tree.slug}"}
    return _rendered(press, frame, tree, "site/triage_result.html", view)


def _frame(press: Press, language: str, at: datetime) -> Frame:
    return press.plain_frame(language, at)


def _rendered(press: Press, frame: Frame, tree: Tree, template: str, view: View) -> Page:
    heading = frame.tongue.text(tree.names)
    variables = {**frame.unlisted(frame.variables("", str(heading["text"]))), "heading": heading, **view}
    html = press.templating.render(template, variables, html=True)
    return html.encode(), form_headers(frame.tongue.language)


def _written(answer: object) -> str:
    return {True: "yes", False: "no"}[answer] if isinstance(answer, bool) else str(answer)
