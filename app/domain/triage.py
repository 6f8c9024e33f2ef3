"""Which one thing to solve first: questions with branches, and the problem that, once solved, relieves most others.

A tree is data (`app.domain.triage_documents` reads and checks it). Nothing here keeps or needs an answer longer than
the call: the same answers always lead to the same question and the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.crisis import Severity
from app.domain.texts import Texts

Answer = str | int | bool
Answers = Mapping[str, Answer]
"""By question: the slug of a choice, a whole number, yes or no, or the words of an open answer."""

LONGEST_OPEN_ANSWER: Final = 500
HIGHEST_NUMBER: Final = 10_000_000_000


class QuestionKind(StrEnum):
    CHOICE = "choice"
    NUMBER = "number"
    YES_NO = "yes_no"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Condition:
    """On the answer to one question; an empty one is met by any answer."""

    question: str
    among: tuple[Answer, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, answers: Answers) -> bool:
        answer = answers.get(self.question)
        if answer is None:
            return False
        if self.among and not any(_same(answer, one) for one in self.among):
            return False
        if self.at_least is None and self.at_most is None:
            return True
        if isinstance(answer, bool) or not isinstance(answer, int):
            return False
        return (self.at_least is None or answer >= self.at_least) and (self.at_most is None or answer <= self.at_most)


@dataclass(frozen=True, slots=True)
class Branch:
    when: Condition
    to: str
    """Slug of the next question, "" = there is nothing more to ask."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What an answer tells: these problems are there, and it is at least this bad."""

    when: Condition
    problems: tuple[str, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class AnswerChoice:
    slug: str
    texts: Texts


@dataclass(frozen=True, slots=True)
class Question:
    slug: str
    kind: QuestionKind
    texts: Texts
    choices: tuple[AnswerChoice, ...] = ()
    branches: tuple[Branch, ...] = ()
    """The first one whose condition holds is taken."""
    then: str = ""
    """Where it goes on without such a branch, "" = the end."""
    signals: tuple[Signal, ...] = ()
    hints: Texts | None = None

    def accepts(self, answer: object) -> bool:
        match self.kind:
            case QuestionKind.CHOICE:
                return any(choice.slug == answer for choice in self.choices)
            case QuestionKind.NUMBER:
                return isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer <= HIGHEST_NUMBER
            case QuestionKind.YES_NO:
                return isinstance(answer, bool)
            case QuestionKind.OPEN:
                return isinstance(answer, str) and len(answer) <= LONGEST_OPEN_ANSWER


@dataclass(frozen=True, slots=True)
class WayOut:
    """One of the two things that stop the bleeding."""

    texts: Texts
    need: str = ""
    url: str = ""
    """https, `{language}` stands for the reader's language."""


@dataclass(frozen=True, slots=True)
class HelpPointer:
    texts: Texts
    url: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that can be wrong for a customer."""

    slug: str
    texts: Texts
    need: str
    severity: Severity
    relieves: tuple[str, ...] = ()
    """Slugs of the troubles that get better when this one is solved."""
    options: tuple[WayOut, ...] = ()
    links: tuple[HelpPointer, ...] = ()
    topics: tuple[str, ...] = ()
    """Topics of the help library."""
    playbook: str = ""
    """The playbook staff would open for it, "" = none."""


@dataclass(frozen=True, slots=True)
class Tree:
    slug: str
    names: Texts
    languages: tuple[str, ...]
    start: str
    questions: Mapping[str, Question]
    troubles: Mapping[str, Trouble]
    """In the order of the document: the last resort among equals."""
    otherwise: str
    """The trouble assumed when no answer names one."""


class Why(StrEnum):
    """Why this trouble comes first; each reason only speaks when all before it left several."""

    DANGER = "danger"
    """It is an emergency and the only one named: life before everything else."""
    RELIEVES_MOST = "relieves_most"
    """Solving it relieves more of the others than any other would."""
    NAMED_MOST = "named_most"
    MOST_SEVERE = "most_severe"
    LISTED_FIRST = "listed_first"
    ONLY_ONE = "only_one"
    NOTHING_NAMED = "nothing_named"
    """No answer told of any trouble; the tree's own guess."""


@dataclass(frozen=True, slots=True)
class Outcome:
    trouble: Trouble
    why: Why
    relieves: tuple[str, ...]
    """Of the troubles named, those that solving this one relieves."""
    named: tuple[str, ...]
    """All troubles the answers told of, in the tree's order."""
    severity: Severity
    """The worst of what the answers told, at least this trouble's own."""
    complete: bool
    """False while there is something left to ask."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where answers have led so far. Answers that are not on the way are as if never given."""

    answered: tuple[Question, ...]
    answers: Answers
    waiting: Question | None
    """The first question without a usable answer; None when nothing is left to ask."""


def way(tree: Tree, answers: Answers) -> Way:
    """Ends for every tree, also one with a circle: no question comes twice."""
    answered: list[Question] = []
    kept: dict[str, Answer] = {}
    question = tree.questions.get(tree.start)
    while question is not None and question.slug not in kept:
        if not question.accepts(answers.get(question.slug)):
            return Way(tuple(answered), kept, question)
        kept[question.slug] = answers[question.slug]
        answered.append(question)
        question = tree.questions.get(_next(question, kept))
    return Way(tuple(answered), kept, None)


def next_question(tree: Tree, answers: Answers) -> Question | None:
    return way(tree, answers).waiting


def result(tree: Tree, answers: Answers) -> Outcome:
    """What to solve first, from the answers so far.

    Troubles that are emergencies come before all others, then the one that relieves most of the troubles named, then
    the one named by most answers, then the most severe, then the tree's order.
    """
    led = way(tree, answers)
    told = [one for question in led.answered for one in question.signals if one.when.holds(led.answers)]
    times: dict[str, int] = {}
    for signal in told:
        for slug in signal.problems:
            times[slug] = times.get(slug, 0) + 1
    named = [trouble for trouble in tree.troubles.values() if trouble.slug in times]
    first, why = _first(tree, named, times)
    grave = [signal.severity for signal in told if signal.severity] + [trouble.severity for trouble in named]
    return Outcome(
        trouble=first,
        why=why,
        relieves=_relieved(first, named),
        named=tuple(trouble.slug for trouble in named),
        severity=min([*grave, first.severity], key=lambda severity: severity.rank),
        complete=led.waiting is None,
    )


def _first(tree: Tree, named: list[Trouble], times: Mapping[str, int]) -> tuple[Trouble, Why]:
    if not named:
        return tree.troubles[tree.otherwise], Why.NOTHING_NAMED
    if len(named) == 1:
        return named[0], Why.ONLY_ONE
    left = [trouble for trouble in named if trouble.severity is Severity.EMERGENCY] or named
    if len(left) == 1:
        return left[0], Why.DANGER
    for why, weigh in (
        (Why.RELIEVES_MOST, lambda trouble: len(_relieved(trouble, named))),
        (Why.NAMED_MOST, lambda trouble: times[trouble.slug]),
        (Why.MOST_SEVERE, lambda trouble: -trouble.severity.rank),
    ):
        heaviest = max(weigh(trouble) for trouble in left)
        left = [trouble for trouble in left if weigh(trouble) == heaviest]
        if len(left) == 1:
            return left[0], why
    return left[0], Why.LISTED_FIRST


def _relieved(trouble: Trouble, named: list[Trouble]) -> tuple[str, ...]:
    return tuple(other.slug for other in named if other.slug in trouble.relieves and other.slug != trouble.slug)


def _next(question: Question, answers: Answers) -> str:
    return next((branch.to for branch in question.branches if branch.when.holds(answers)), question.then)


def _same(answer: Answer, other: Answer) -> bool:
    """Equal and of one type: in Python True equals 1, in a tree “yes” is not a number."""
    return type(answer) is type(other) and answer == other
