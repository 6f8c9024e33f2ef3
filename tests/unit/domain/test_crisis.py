from __future__ import annotations

import pytest

from app.domain.crisis import (
    CORRECTABLE,
    ENDED,
    LIVE,
    MOVING,
    Action,
    CrisisDocument,
    Fact,
    Severity,
    UpdateState,
    allowed,
    move,
)
from app.errors import Conflict, Invalid


def test_an_update_goes_from_draft_to_done() -> None:
    state = UpdateState.DRAFT
    for action in (Action.SUBMIT, Action.STAGED, Action.APPROVE, Action.SEND, Action.TRY_FIRST, Action.RELEASE):
        state = move(state, action)
    assert state is UpdateState.SENDING
    assert move(state, Action.FINISH) is UpdateState.DONE


@pytest.mark.parametrize("state", sorted(ENDED))
def test_what_has_ended_stays_ended(state: UpdateState) -> None:
    assert allowed(state) == ((Action.SEND_AGAIN,) if state is UpdateState.DONE else ())


@pytest.mark.parametrize("state", [state for state in UpdateState if state not in ENDED])
def test_everything_that_has_not_ended_can_be_cancelled(state: UpdateState) -> None:
    assert move(state, Action.CANCEL) is UpdateState.CANCELLED


def test_nothing_leaves_without_an_approval() -> None:
    reached_before_approval = {UpdateState.DRAFT}
    while True:
        further = {
            move(state, action)
            for state in reached_before_approval
            for action in allowed(state)
            if action is not Action.APPROVE
        } - reached_before_approval
        if not further:
            break
        reached_before_approval |= further
    assert not reached_before_approval & (LIVE | {UpdateState.APPROVED, UpdateState.DONE})


def test_only_drafts_and_returned_updates_can_be_edited() -> None:
    assert [state for state in UpdateState if Action.EDIT in allowed(state)] == [
        UpdateState.DRAFT,
        UpdateState.RETURNED,
    ]


def test_what_has_been_seen_can_be_corrected() -> None:
    assert MOVING < CORRECTABLE
    assert UpdateState.DONE in CORRECTABLE
    assert UpdateState.APPROVED not in CORRECTABLE


def test_a_refused_move_says_what_is_possible() -> None:
    with pytest.raises(Conflict) as refusal:
        move(UpdateState.DRAFT, Action.SEND)
    (problem,) = refusal.value.problems
    assert problem.code == "update_state"
    assert "draft" in problem.sentence
    assert "submit" in problem.remedy


def test_severities_sort_from_emergency_down() -> None:
    assert min(Severity, key=lambda one: one.rank) is Severity.EMERGENCY


def test_a_crisis_needs_a_title_and_a_severity() -> None:
    with pytest.raises(Invalid) as refusal:
        CrisisDocument.from_document({"slug": "Big Fire", "titles": {}})
    assert [problem.field for problem in refusal.value.problems] == ["slug", "titles", "severity"]


def test_a_crisis_comes_back_as_it_went_in() -> None:
    crisis = CrisisDocument.from_document({"slug": "fire", "titles": {"en": "Fire"}, "severity": "major"})
    assert CrisisDocument.from_document(crisis.to_document()) == crisis


def test_a_fact_names_its_source() -> None:
    fact = Fact.from_document(
        {
            "name": "restored_at",
            "value": "15:00",
            "source": "NOC",
            "at": "2026-03-10T10:00+05:30",
        }
    )
    assert fact.at is not None
    assert fact.at.isoformat() == "2026-03-10T04:30:00+00:00"
    with pytest.raises(Invalid) as refusal:
        Fact.from_document({"name": "x", "value": ["list"], "source": "", "at": "2026-03-10T10:00"})
    assert [problem.field for problem in refusal.value.problems] == ["value", "source", "at"]
