"""What to solve first, for somebody with a customer on the line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from app.cli.advice import one_route, show_options
from app.cli.desk import AsJson, at_desk
from app.domain.triage import Answer, Question, QuestionKind, Tree, next_question, result
from app.domain.triage_views import answer_problems, outcome_view, question_view, read_answer
from app.errors import Invalid, Problem
from app.store import triage_counts
from app.terminal import table
from app.usecases.ask_triage import contact, count_answers, find_tree, hurts_most
from app.usecases.load_source import living_links

app = typer.Typer()

View = Mapping[str, Any]


@app.command()
def triage(
    tree: Annotated[str, typer.Argument(metavar="TREE", help="A triage tree, or a playbook that has one.")] = "default",
    answer: Annotated[list[str] | None, typer.Option(metavar="QUESTION=ANSWER", help="Any number of times.")] = None,
    lang: Annotated[str, typer.Option(help="The language to ask in.")] = "en",
    area: Annotated[str, typer.Option(help="Where the customer is.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask a few questions and name the problem to solve first. At a terminal it asks for what is missing."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            found = find_tree(connection, desk.wiring.api.templating.trees, tree)
            links = living_links(connection, lang)
        answers = given_answers(found, answer or ())
        if sys.stdin.isatty() and not as_json:
            ask(desk.out, found, answers, lang)
        question = next_question(found, answers)
        if question is None:
            count_answers(desk.db, found, answers, desk.now())
        asked = question_view(question, lang) if question else None
        led = result(found, answers)
        outcome = outcome_view(found, led, lang, links, area)
        with desk.db.reading() as connection:
            options = contact(connection, led, lang, area, desk.now())
        shown = {
            "tree": found.slug,
            "question": asked,
            "result": outcome,
            "contact": [one_route(one) for one in options],
        }

        def show(out: Console) -> None:
            _show(out, asked, outcome)
            if options:
                show_options(out, options, lang)

        desk.answer(shown, show, as_json=as_json)


@app.command()
def hurts(
    tree: Annotated[str, typer.Argument(metavar="TREE", help="A triage tree, or a playbook that has one.")] = "default",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on, UTC.")] = None,
    lang: Annotated[str, typer.Option(help="The language of the names.")] = "en",
    as_json: AsJson = False,
) -> None:
    """What hurts customers most, by what finished rounds of triage and finder ended in."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            found = find_tree(connection, desk.wiring.api.templating.trees, tree)
            counts = triage_counts.totals(connection, found.slug, since.date() if since else None)
        worst = hurts_most(found, counts, lang)

        def show(out: Console) -> None:
            shown = table("problem", "what", "rounds", "share", right=("rounds", "share"))
            for one in worst:
                shown.add_row(one.problem, one.text, f"{one.count:,}", f"{one.share_percent:g} %")
            out.print(shown if worst else "Nobody has finished a round yet.")

        desk.answer({"tree": found.slug, "hurts_most": worst}, show, as_json=as_json)


def given_answers(tree: Tree, pairs: Iterable[str]) -> dict[str, Answer]:
    """Raise Invalid with one Problem for each answer that is none."""
    answers: dict[str, Answer] = {}
    problems: list[Problem] = []
    for pair in pairs:
        slug, equals, text = pair.partition("=")
        question = tree.questions.get(slug)
        meant = read_answer(question, text) if question else None
        if not equals:
            problems.append(Problem("bad_answer", f"“{pair}” is no answer.", "--answer", "Write QUESTION=ANSWER."))
        elif meant is None:
            problems.extend(answer_problems(tree, {slug: None}))
        else:
            answers[slug] = meant
    if problems:
        raise Invalid(problems)
    return answers


def ask(out: Console, tree: Tree, answers: dict[str, Answer], language: str) -> None:
    """Ask at the terminal until nothing is left to ask; what was given is kept."""
    while (question := next_question(tree, answers)) is not None:
        _show_question(out, question_view(question, language))
        given = _meant(question, typer.prompt("", default="" if question.kind is QuestionKind.OPEN else None))
        if given is not None:
            answers[question.slug] = given


def _meant(question: Question, text: str) -> Answer | None:
    """A choice may be named or numbered."""
    if question.kind is QuestionKind.CHOICE and text.isdecimal() and 1 <= int(text) <= len(question.choices):
        return question.choices[int(text) - 1].slug
    return read_answer(question, text)


def _show(out: Console, question: View | None, outcome: View) -> None:
    if question is not None:
        _show_question(out, question)
        out.print(Text(f"Answer with --answer {question['slug']}=…", style="quiet"))
    so_far = "" if outcome["complete"] else " (so far)"
    out.print(Text.assemble((f"Solve first{so_far}: ", "quiet"), (str(outcome["text"]), "bold")), soft_wrap=True)
    reason = str(outcome["why"]).replace("_", " ")
    helps = ", ".join(str(one["text"]) for one in outcome["relieves"])
    out.print(Text(f"  {reason}{': ' if helps else ''}{helps}"), soft_wrap=True)
    playbook = f", playbook {outcome['playbook']}" if outcome["playbook"] else ""
    out.print(Text(f"  {outcome['severity']}, need {outcome['need']}{playbook}"), soft_wrap=True)
    for number, option in enumerate(outcome["options"], 1):
        out.print(Text(f"  {number}. {option['text']} {option['url'] or ''}".rstrip()), soft_wrap=True)
    for link in outcome["links"]:
        out.print(Text(f"  {link['text']}: {link['url']}"), soft_wrap=True)


def _show_question(out: Console, question: View) -> None:
    out.print(Text(str(question["text"]), style="bold"), soft_wrap=True)
    if question["hint"]:
        out.print(Text(f"  {question['hint']['text']}"), soft_wrap=True)
    for number, choice in enumerate(question["choices"], 1):
        out.print(Text(f"  {number}. {choice['text']}  [{choice['slug']}]"), soft_wrap=True)
    if question["kind"] == QuestionKind.YES_NO.value:
        out.print(Text("  yes or no"))
