"""Triage trees as JSON documents (templates/triage/*.json, a playbook's `tree`), read and checked.

```
{slug, names, languages, start, otherwise,
 questions [{slug, kind, texts, hints, choices [{slug, texts}], branches [{when, to}], then,
             signals [{when, problems, severity}]}],
 problems  [{slug, texts, need, severity, relieves, options [{texts, need, url}], links [{texts, url}], topics,
             playbook}]}
when {question, is, at_least, at_most}      question left out = the one it stands in
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar

from app.domain.content import MOST_OPTIONS, is_public_link
from app.domain.crisis import Severity
from app.domain.reading import Reader
from app.domain.texts import Texts
from app.domain.triage import (
    Answer,
    AnswerChoice,
    Branch,
    Condition,
    HelpPointer,
    Question,
    QuestionKind,
    Signal,
    Tree,
    Trouble,
    WayOut,
)

MOST_QUESTIONS: Final = 50
MOST_TROUBLES: Final = 100
LANGUAGE_MARK: Final = "{language}"

T = TypeVar("T", Question, Trouble, AnswerChoice)


def read_tree(document: object, at: str = "") -> Tree:
    """Raises Invalid with one Problem per fault.

    Beyond the shape: targets that do not exist, circles, questions nobody can reach, texts missing in one of the
    tree's languages, conditions that can never hold, troubles without two options.
    """
    read = Reader(document, at)
    read.only("slug", "names", "review", "languages", "start", "otherwise", "questions", "problems")
    languages = read.languages() or ("en",)
    shelf = _Shelf(read, languages)
    questions = shelf.named([_question(shelf, one) for one in shelf.readers("questions", MOST_QUESTIONS)], "questions")
    troubles = shelf.named([_trouble(shelf, one) for one in shelf.readers("problems", MOST_TROUBLES)], "problems")
    tree = Tree(
        slug=read.slug(),
        names=shelf.texts(read, "names"),
        languages=languages,
        start=read.slug("start"),
        questions=MappingProxyType(questions),
        troubles=MappingProxyType(troubles),
        otherwise=read.slug("otherwise"),
    )
    _check_targets(read, tree)
    _check_ways(read, tree)
    read.done()
    return tree


class _Shelf:
    """The reader of the whole tree and what all its parts must keep to."""

    def __init__(self, read: Reader, languages: Sequence[str]) -> None:
        self.read, self.languages = read, languages

    def readers(self, field: str, most: int) -> Iterable[Reader]:
        return _inner(self.read, field, most)

    def texts(self, read: Reader, field: str, *, required: bool = True) -> Texts:
        texts = read.texts(field, required=required, longest=300)
        if texts:
            for language in self.languages:
                if language not in texts:
                    read.problem(
                        "missing_translation",
                        f"{read.path(field)}.{language}",
                        "is missing",
                        "Translate it, or take the language out of the tree's languages.",
                    )
        return texts

    def named(self, found: list[T], field: str) -> dict[str, T]:
        by_slug: dict[str, T] = {}
        for index, one in enumerate(found):
            if one.slug in by_slug:
                path = f"{self.read.path(field)}[{index}].slug"
                self.read.problem("duplicate", path, f"names “{one.slug}” a second time", "Give it another name.")
            by_slug.setdefault(one.slug, one)
        if not found:
            self.read.problem("missing", self.read.path(field), "is empty", "A tree needs at least one.")
        return by_slug


def _inner(read: Reader, field: str, most: int) -> list[Reader]:
    return [Reader(one, f"{read.path(field)}[{i}]", read.problems) for i, one in enumerate(read.items(field, most))]


def _question(shelf: _Shelf, read: Reader) -> Question:
    read.only("slug", "kind", "texts", "hints", "choices", "branches", "then", "signals")
    slug, kind = read.slug(), read.choice("kind", QuestionKind)
    choices = []
    for one in _inner(read, "choices", 20):
        one.only("slug", "texts")
        choices.append(AnswerChoice(one.slug(), shelf.texts(one, "texts")))
    if (kind is QuestionKind.CHOICE) != bool(choices):
        fault = "needs choices" if kind is QuestionKind.CHOICE else "has choices, which only a choice question can"
        read.problem("bad_choices", read.path("choices"), fault, "Give choices exactly when the kind is choice.")
    branches = []
    for one in _inner(read, "branches", 50):
        one.only("when", "to")
        branches.append(Branch(_condition(one, slug), one.slug("to", required=False)))
    signals = []
    for one in _inner(read, "signals", 50):
        one.only("when", "problems", "severity")
        severity = one.choice("severity", Severity) if one.has("severity") else None
        signals.append(Signal(_condition(one, slug), one.strings("problems", most=20, longest=64), severity))
    return Question(
        slug=slug,
        kind=kind,
        texts=shelf.texts(read, "texts"),
        choices=tuple(choices),
        branches=tuple(branches),
        then=read.slug("then", required=False),
        signals=tuple(signals),
        hints=shelf.texts(read, "hints", required=False) or None,
    )


def _condition(read: Reader, question: str) -> Condition:
    when = Reader(read.mapping("when"), read.path("when"), read.problems)
    when.only("question", "is", "at_least", "at_most")
    among: list[Answer] = []
    for index, one in enumerate(when.items("is", 50)):
        if isinstance(one, str | int):
            among.append(one)
        else:
            path = f"{when.path('is')}[{index}]"
            when.problem("wrong_type", path, "is no answer", "Name a choice, a whole number, true or false.")
    return Condition(
        question=when.slug("question", required=False) or question,
        among=tuple(among),
        at_least=when.number("at_least", 0, 10**10),
        at_most=when.number("at_most", 0, 10**10),
    )


def _trouble(shelf: _Shelf, read: Reader) -> Trouble:
    read.only("slug", "texts", "need", "severity", "relieves", "options", "links", "topics", "playbook")
    options = []
    for one in _inner(read, "options", 10):
        one.only("texts", "need", "url")
        options.append(WayOut(shelf.texts(one, "texts"), one.slug("need", required=False), _url(one, required=False)))
    if len(options) != MOST_OPTIONS:
        path = read.path("options")
        read.problem("two_options", path, f"has {len(options)} options", "Give two things that stop the bleeding.")
    links = []
    for one in _inner(read, "links", 10):
        one.only("texts", "url")
        links.append(HelpPointer(shelf.texts(one, "texts"), _url(one, required=True)))
    return Trouble(
        slug=read.slug(),
        texts=shelf.texts(read, "texts"),
        need=read.slug("need"),
        severity=read.choice("severity", Severity),
        relieves=read.strings("relieves", most=MOST_TROUBLES, longest=64),
        options=tuple(options),
        links=tuple(links),
        topics=read.strings("topics", most=10, longest=64),
        playbook=read.slug("playbook", required=False),
    )


def _url(read: Reader, *, required: bool) -> str:
    url = read.text("url", required=required, longest=2_000, lines=False)
    if url and not is_public_link(url.replace(LANGUAGE_MARK, "en")):
        read.problem("bad_link", read.path("url"), "is not an https address", "Use a full https:// address.")
    return url


def _check_targets(read: Reader, tree: Tree) -> None:
    def known(slug: str, among: Mapping[str, object], path: str, what: str) -> None:
        if slug and slug not in among:
            read.problem(f"unknown_{what}", path, f"names “{slug}”, which is no {what} of this tree", "Correct it.")

    known(tree.start, tree.questions, read.path("start"), "question")
    known(tree.otherwise, tree.troubles, read.path("otherwise"), "problem")
    for question in tree.questions.values():
        path = read.path(f"questions.{question.slug}")
        known(question.then, tree.questions, f"{path}.then", "question")
        for branch in question.branches:
            known(branch.to, tree.questions, f"{path}.branches", "question")
            _check_condition(read, tree, branch.when, f"{path}.branches")
        for signal in question.signals:
            _check_condition(read, tree, signal.when, f"{path}.signals")
            for slug in signal.problems:
                known(slug, tree.troubles, f"{path}.signals", "problem")
    for trouble in tree.troubles.values():
        for slug in trouble.relieves:
            known(slug, tree.troubles, read.path(f"problems.{trouble.slug}.relieves"), "problem")


def _check_condition(read: Reader, tree: Tree, when: Condition, path: str) -> None:
    question = tree.questions.get(when.question)
    if question is None:
        read.problem(
            "unknown_question", path, f"asks about “{when.question}”, which is no question here", "Correct it."
        )
        return
    bounded = when.at_least is not None or when.at_most is not None
    empty = when.at_least is not None and when.at_most is not None and when.at_least > when.at_most
    if empty or (bounded and question.kind is not QuestionKind.NUMBER) or not all(map(question.accepts, when.among)):
        fault = f"can never hold for the question “{question.slug}”"
        read.problem("impossible_condition", path, fault, "Compare with an answer that question can have.")


def _check_ways(read: Reader, tree: Tree) -> None:
    """Circles, and questions no answers lead to."""
    ways = {one.slug: [branch.to for branch in one.branches] + [one.then] for one in tree.questions.values()}
    done: set[str] = set()

    def walk(slug: str, above: tuple[str, ...]) -> None:
        if slug in above:
            circle = " → ".join((*above[above.index(slug) :], slug))
            read.problem("circle", read.path("questions"), f"goes round in a circle: {circle}", "Let one of them end.")
        elif slug in ways and slug not in done:
            for to in ways[slug]:
                walk(to, (*above, slug))
            done.add(slug)

    walk(tree.start, ())
    for slug in ways:
        if slug not in done:
            fault = "can never be reached"
            read.problem("unreachable_question", read.path(f"questions.{slug}"), fault, "Lead a branch to it.")
