"""What to solve first, on the command line."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Clarion

ALL = (
    "affected=1200",
    "money=no-income",
    "hurts=worn-out",
    "dangerous=b-broken",
    "broken=connection",
    "first=the pump",
)


@pytest.fixture
def asked(clarion: Clarion) -> Clarion:
    clarion.become("ann", "viewer")
    return clarion


def options(answers: tuple[str, ...]) -> list[str]:
    return [word for answer in answers for word in ("--answer", answer)]


def test_the_next_question_and_the_result_so_far_are_named(asked: Clarion) -> None:
    answer = asked.done("triage", *options(ALL[:1]))
    assert "What has the biggest effect on your finances right now?" in answer.out
    assert "--answer money=" in answer.out
    assert "(so far)" in answer.out


def test_all_answers_lead_to_what_must_be_solved_first(asked: Clarion) -> None:
    answer = asked.done("triage", "--lang", "eo", *options(ALL))
    assert "Mankas konekto" in answer.out
    assert "relieves most: Mono ne envenas, Homoj estas elĉerpitaj" in answer.out
    assert "major, need technical-issue, playbook service-outage" in answer.out
    assert "the pump" not in answer.out
    found = asked.json("triage", *options(ALL))
    assert (found["question"], found["result"]["problem"]) == (None, "no-connection")


def test_an_answer_that_cannot_be_is_explained(asked: Clarion) -> None:
    for bad in ("affected=many", "money=gold", "nowhere=1", "money"):
        answer = asked("triage", "--answer", bad)
        assert answer.code == 1, answer.out + answer.err
        assert "Traceback" not in answer.err
    missing = asked("triage", "nothing")
    assert missing.code != 0
    assert "There is no triage tree" in missing.err
