"""A question and a result in one reader's language, as plain data for the API, the command line and the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from app.domain.help_library import LANGUAGE_MARK, HelpLink, helpful
from app.domain.texts import Texts, direction, pick
from app.domain.triage import Answer, Answers, Outcome, Question, QuestionKind, Tree, way
from app.errors import Problem

View = dict[str, object]

BUCKETS: Final = (1, 10, 100, 1_000, 10_000)
LONGEST_NUMBER: Final = 11
"""Digits."""


def said(texts: Texts, language: str) -> View:
    text, spoken = pick(texts, language)
    return {"text": text, "lang": spoken, "dir": direction(spoken)}


def question_view(question: Question, language: str) -> View:
    return {
        "slug": question.slug,
        "kind": question.kind.value,
        **said(question.texts, language),
        "hint": said(question.hints, language) if question.hints else None,
        "choices": [{"slug": choice.slug, **said(choice.texts, language)} for choice in question.choices],
    }


def outcome_view(
    tree: Tree, outcome: Outcome, language: str, help_links: Iterable[HelpLink] = (), area: str = ""
) -> View:
    """The result with its two options and its links; help of the library on its topics follows the tree's own links."""
    trouble = outcome.trouble
    library = (
        helpful(help_links, topics=trouble.topics, language=language, area=area, limit=6) if trouble.topics else ()
    )
    links = [{**said(link.texts, language), "url": _url(link.url, language)} for link in trouble.links]
    links += [{**said(link.texts, language), "url": link.url_in(language)} for link in library]
    return {
        "problem": trouble.slug,
        **said(trouble.texts, language),
        "why": outcome.why.value,
        "relieves": [_named(tree, slug, language) for slug in outcome.relieves],
        "named": [_named(tree, slug, language) for slug in outcome.named],
        "need": trouble.need,
        "severity": outcome.severity.value,
        "playbook": trouble.playbook or None,
        "options": [
            {**said(one.texts, language), "need": one.need or None, "url": _url(one.url, language) or None}
            for one in trouble.options
        ],
        "links": list({str(link["url"]): link for link in reversed(links)}.values())[::-1],
        "complete": outcome.complete,
    }


def answer_problems(tree: Tree, answers: Mapping[str, object]) -> tuple[Problem, ...]:
    """What is wrong with answers as given; those that are right but not asked for on this way are harmless."""
    problems = []
    for slug, answer in answers.items():
        question = tree.questions.get(slug)
        if question is None:
            known = ", ".join(tree.questions)
            sentence = f"There is no question “{slug[:64]}”."
            problems.append(Problem("unknown_question", sentence, f"answers.{slug[:64]}", f"Use one of: {known}."))
        elif not question.accepts(answer):
            sentence = f"This is no answer to “{slug}”."
            problems.append(Problem("bad_answer", sentence, f"answers.{slug}", _wanted(question)))
    return tuple(problems)


def read_answer(question: Question, text: str) -> Answer | None:
    """The answer a form or a command line means by these words; None when it cannot be one to this question."""
    answer: Answer | None = text
    if question.kind is QuestionKind.NUMBER:
        digits = text.strip()
        answer = int(digits) if digits.isdecimal() and len(digits) <= LONGEST_NUMBER else None
    elif question.kind is QuestionKind.YES_NO:
        answer = {"yes": True, "no": False}.get(text.strip().lower())
    return answer if question.accepts(answer) else None


def countable(tree: Tree, answers: Answers) -> tuple[tuple[str, str], ...]:
    """(question, answer) of the prepared answers on the way: choices, yes and no, numbers as their order of size.

    Never the words of an open answer, and never an exact number: neither can be led back to a person.
    """
    led = way(tree, answers)
    return tuple(
        (question.slug, _counted(question, led.answers[question.slug]))
        for question in led.answered
        if question.kind is not QuestionKind.OPEN
    )


def _counted(question: Question, answer: Answer) -> str:
    if question.kind is QuestionKind.YES_NO:
        return "yes" if answer else "no"
    if question.kind is QuestionKind.NUMBER and isinstance(answer, int):
        return f"{max((bucket for bucket in BUCKETS if answer >= bucket), default=0)}+"
    return str(answer)


def _named(tree: Tree, slug: str, language: str) -> View:
    return {"slug": slug, **said(tree.troubles[slug].texts, language)}


def _url(url: str, language: str) -> str:
    return url.replace(LANGUAGE_MARK, language)


def _wanted(question: Question) -> str:
    match question.kind:
        case QuestionKind.CHOICE:
            return f"Use one of: {', '.join(choice.slug for choice in question.choices)}."
        case QuestionKind.NUMBER:
            return "Give a whole number of 0 or more."
        case QuestionKind.YES_NO:
            return "Give true or false."
        case QuestionKind.OPEN:
            return "Give at most 500 characters."
