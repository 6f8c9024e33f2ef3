from __future__ import annotations

import pytest

from app.domain.principals import HOST, ROLE_FOR, Actor, Role, approval_refusal, permit, require
from app.errors import Forbidden


def test_each_role_may_do_what_the_ones_before_it_may() -> None:
    for rank, role in enumerate(Role):
        assert [role.allows(other) for other in Role] == [n <= rank for n in range(4)]


def test_a_role_too_low_is_refused_by_name() -> None:
    with pytest.raises(Forbidden) as refusal:
        require(Actor("Dina", Role.VIEWER, 4, 4), Role.APPROVER)
    assert refusal.value.problems[0].code == "role_too_low"
    assert "approver" in refusal.value.problems[0].sentence


def test_stopping_never_asks_for_more_than_sending() -> None:
    assert all(ROLE_FOR[act] is Role.AUTHOR for act in ("send_update", "cancel_update", "pause_update"))


def test_only_an_admin_touches_keys_and_senders() -> None:
    for act in ("create_user", "change_user", "create_token", "revoke_token", "save_endpoint"):
        with pytest.raises(Forbidden):
            permit(Actor("Boun", Role.APPROVER, 2, 2), act)
        permit(HOST, act)


@pytest.mark.parametrize(
    ("user_id", "authors", "code"),
    [
        (2, frozenset({1}), None),
        (2, frozenset({1, None}), None),
        (2, frozenset({1, 2}), "approver_is_author"),
        (None, frozenset({1}), "approver_unknown"),
        (None, frozenset({None}), "approver_unknown"),
    ],
)
def test_the_second_person_is_a_known_other_person(
    user_id: int | None, authors: frozenset[int | None], code: str | None
) -> None:
    refusal = approval_refusal(Actor("Boun", Role.ADMIN, user_id, 9), authors)
    assert (refusal.code if refusal else None) == code
