from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.crisis import Severity
from app.domain.triage import (
    Answer,
    AnswerChoice,
    Branch,
    Condition,
    Question,
    QuestionKind,
    Signal,
    Tree,
    Trouble,
    Why,
    next_question,
    result,
    way,
)
from app.domain.triage_documents import read_tree
from app.errors import Invalid
from tests.unit.usecases.announcements import TEMPLATES

TROUBLES = ("leak", "flood", "mould", "noise", "smell")
QUESTIONS = ("q0", "q1", "q2", "q3", "q4")
TEXTS = MappingProxyType({"en": "?"})

answers = st.dictionaries(
    st.sampled_from(QUESTIONS), st.one_of(st.sampled_from(["a", "b", "words"]), st.integers(-5, 2000), st.booleans())
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Any shape, circles and dead ends included: what the functions promise must not hang on the checks."""
    targets = st.sampled_from(["", "nowhere", *QUESTIONS])
    conditions = st.builds(
        Condition,
        question=st.sampled_from(QUESTIONS),
        among=st.sampled_from([(), ("a",), ("b",), (True,), (7,)]),
        at_least=st.sampled_from([None, 10]),
    )
    signals = st.builds(
        Signal,
        when=conditions,
        problems=st.lists(st.sampled_from(TROUBLES), max_size=3).map(tuple),
        severity=st.sampled_from([None, *Severity]),
    )
    questions = {
        slug: Question(
            slug,
            draw(st.sampled_from(QuestionKind)),
            TEXTS,
            choices=(AnswerChoice("a", TEXTS), AnswerChoice("b", TEXTS)),
            branches=tuple(draw(st.lists(st.builds(Branch, when=conditions, to=targets), max_size=3))),
            then=draw(targets),
            signals=tuple(draw(st.lists(signals, max_size=3))),
        )
        for slug in QUESTIONS
    }
    troubles = {
        slug: Trouble(
            slug,
            TEXTS,
            "other",
            draw(st.sampled_from(Severity)),
            relieves=tuple(draw(st.lists(st.sampled_from(TROUBLES), max_size=4, unique=True))),
        )
        for slug in TROUBLES
    }
    return Tree("t", TEXTS, ("en",), "q0", MappingProxyType(questions), MappingProxyType(troubles), "noise")


USABLE: dict[QuestionKind, Answer] = {
    QuestionKind.CHOICE: "b",
    QuestionKind.NUMBER: 12,
    QuestionKind.YES_NO: True,
    QuestionKind.OPEN: "words",
}


@given(trees(), answers)
def test_asking_always_ends(tree: Tree, given_answers: dict[str, Answer]) -> None:
    kept = dict(given_answers)
    for _ in range(len(QUESTIONS) + 1):
        question = next_question(tree, kept)
        if question is None:
            break
        kept[question.slug] = USABLE[question.kind]
    assert next_question(tree, kept) is None
    assert result(tree, kept).complete


@given(trees(), answers)
def test_the_same_answers_lead_to_the_same_result_whatever_their_order(
    tree: Tree, given_answers: dict[str, Answer]
) -> None:
    turned = dict(reversed(given_answers.items()))
    assert result(tree, given_answers) == result(tree, turned)
    assert next_question(tree, given_answers) == next_question(tree, turned)


@given(trees(), answers)
def test_a_result_is_a_trouble_the_answers_named(tree: Tree, given_answers: dict[str, Answer]) -> None:
    outcome = result(tree, given_answers)
    assert (outcome.trouble.slug in outcome.named) == (outcome.why is not Why.NOTHING_NAMED)
    assert set(outcome.relieves) <= set(outcome.named) - {outcome.trouble.slug}
    assert outcome.severity.rank <= outcome.trouble.severity.rank


@given(trees(), answers, st.sampled_from(TROUBLES), st.sampled_from(TROUBLES))
def test_one_more_relieving_link_never_lowers_the_trouble_that_relieves(
    tree: Tree, given_answers: dict[str, Answer], from_: str, to: str
) -> None:
    assume(from_ != to)
    before = result(tree, given_answers)
    stronger = replace(tree.troubles[from_], relieves=(*tree.troubles[from_].relieves, to))
    after = result(replace(tree, troubles=MappingProxyType({**tree.troubles, from_: stronger})), given_answers)
    assert after.trouble.slug in (before.trouble.slug, from_)
    if before.trouble.slug == from_:
        assert after.trouble.slug == from_


@given(trees(), answers)
def test_answers_off_the_way_are_as_if_never_given(tree: Tree, given_answers: dict[str, Answer]) -> None:
    kept = way(tree, given_answers).answers
    assert set(kept) <= set(given_answers)
    assert result(tree, kept) == result(tree, given_answers)


def shipped() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((TEMPLATES / "triage" / "default.json").read_text(encoding="utf-8"))
    return loaded


def faults(document: dict[str, Any]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read_tree(document)
    return [problem.code for problem in refused.value.problems]


def test_the_default_tree_asks_the_five_questions_in_four_languages() -> None:
    tree = read_tree(shipped())
    five = ["affected", "money", "hurts", "dangerous", "first"]
    given_answers: dict[str, Answer] = {"affected": 40, "money": "goods", "hurts": "waiting", "dangerous": "c-missing"}
    assert [one.slug for one in way(tree, {**given_answers, "first": ""}).answered] == five
    assert next_question(tree, given_answers) == tree.questions["first"]
    assert [tree.questions[slug].kind.value for slug in five] == ["number", "choice", "choice", "choice", "open"]
    assert tree.languages == ("en", "gu", "lo", "eo")
    assert shipped()["review"] == dict.fromkeys(("gu", "lo", "eo"), "native review pending")


def test_what_relieves_most_comes_first_and_says_why() -> None:
    outcome = result(
        read_tree(shipped()),
        {"affected": 2500, "money": "no-income", "hurts": "worn-out", "dangerous": "b-broken", "broken": "connection"},
    )
    assert (outcome.trouble.slug, outcome.why) == ("no-connection", Why.RELIEVES_MOST)
    assert outcome.relieves == ("lost-income", "worn-out")
    assert (outcome.severity, outcome.trouble.need) == (Severity.MAJOR, "technical-issue")
    assert not outcome.complete


def test_somebody_in_danger_comes_before_everything_and_ends_the_questions() -> None:
    tree = read_tree(shipped())
    given_answers: dict[str, Answer] = {
        "affected": 3,
        "money": "no-income",
        "hurts": "unreachable",
        "dangerous": "a-people",
        "danger-now": True,
    }
    outcome = result(tree, given_answers)
    assert (outcome.trouble.slug, outcome.why, outcome.complete) == ("danger", Why.DANGER, True)
    assert (outcome.severity, outcome.trouble.need) == (Severity.EMERGENCY, "emergency")


def test_without_an_answer_the_tree_guesses_and_says_so() -> None:
    outcome = result(read_tree(shipped()), {})
    assert (outcome.trouble.slug, outcome.why, outcome.complete) == ("no-information", Why.NOTHING_NAMED, False)


@pytest.mark.parametrize(
    ("question", "answer", "good"),
    [
        ("affected", 0, True),
        ("affected", True, False),
        ("affected", -1, False),
        ("affected", "many", False),
        ("danger-now", False, True),
        ("danger-now", 0, False),
        ("money", "bills", True),
        ("money", "bill", False),
        ("money", ["bills"], False),
        ("first", "the pump", True),
        ("first", "x" * 501, False),
        ("first", None, False),
    ],
)
def test_an_answer_of_another_kind_counts_as_none(question: str, answer: object, good: bool) -> None:
    assert read_tree(shipped()).questions[question].accepts(answer) is good


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    document = shipped()
    inner: Any = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("start",), "nowhere", "unknown_question"),
        (("otherwise",), "nothing", "unknown_problem"),
        (("questions", 0, "then"), "nowhere", "unknown_question"),
        (("questions", 0, "then"), "affected", "circle"),
        (("questions", 3, "branches", 0, "to"), "money", "circle"),
        (("questions", 0, "then"), "first", "unreachable_question"),
        (("questions", 0, "texts"), {"en": "How many?"}, "missing_translation"),
        (("questions", 1, "choices"), [], "bad_choices"),
        (("questions", 0, "choices"), [{"slug": "x", "texts": {}}], "bad_choices"),
        (("questions", 1, "slug"), "affected", "duplicate"),
        (("questions", 1, "signals", 0, "when"), {"is": ["rich"]}, "impossible_condition"),
        (("questions", 1, "signals", 0, "when"), {"at_least": 3}, "impossible_condition"),
        (("questions", 0, "signals", 0, "when"), {"at_least": 3, "at_most": 2}, "impossible_condition"),
        (("questions", 1, "signals", 0, "when"), {"question": "nowhere"}, "unknown_question"),
        (("questions", 1, "signals", 0, "problems"), ["none"], "unknown_problem"),
        (("problems", 0, "relieves"), ["none"], "unknown_problem"),
        (("problems", 0, "options"), [], "two_options"),
        (("problems", 0, "links", 0, "url"), "http://example.org", "bad_link"),
        (("problems", 0, "colour"), "red", "unknown_field"),
        (("questions",), [], "missing"),
    ],
)
def test_a_faulty_tree_is_refused(path: tuple[str | int, ...], value: object, code: str) -> None:
    assert code in faults(changed(path, value))
