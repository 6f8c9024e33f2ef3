from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.principals import HOST, Actor, Role
from app.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.store import audit
from app.store.database import Database
from app.store.tables import token
from app.usecases.authenticate import authenticate
from app.usecases.change_user import change_user
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user
from app.usecases.revoke_token import revoke_token
from tests.conftest import NOON
from tests.unit.usecases.people import APPROVER


def test_the_host_makes_the_first_admin_who_can_then_act(database: Database) -> None:
    user = create_user(database, HOST, "  Asha  ", Role.ADMIN, NOON)
    made = create_token(database, HOST, "laptop", Role.ADMIN, NOON, user_name="Asha")
    assert made.secret.startswith(f"clk_{made.token.id}_")
    assert authenticate(database, made.secret, NOON) == Actor("Asha", Role.ADMIN, user.id, made.token.id)


def test_a_secret_is_stored_only_as_a_hash_and_never_audited(database: Database) -> None:
    made = create_token(database, HOST, "robot", Role.VIEWER, NOON)
    with database.reading() as connection:
        stored = connection.execute(select(token.c.secret_hash)).scalar_one()
        bodies = [str(row.body) for row in audit.page(connection).items]
    random = made.secret.split("_", 2)[2]
    assert len(random) == 43
    assert random.encode() not in stored
    assert not any(random in body for body in bodies)


@pytest.mark.parametrize("presented", ["", "clk_1_short", "clk_999_" + "a" * 43, "Bearer x", "clk_1_" + "a" * 43])
def test_anything_but_the_secret_is_refused_in_the_same_words(database: Database, presented: str) -> None:
    create_token(database, HOST, "robot", Role.VIEWER, NOON)
    with pytest.raises(Unauthenticated) as refusal:
        authenticate(database, presented, NOON)
    assert refusal.value.problems[0].code == "token_refused"


def test_a_revoked_token_is_refused_from_then_on(database: Database) -> None:
    made = create_token(database, HOST, "robot", Role.VIEWER, NOON)
    revoke_token(database, HOST, made.token.id, NOON)
    assert revoke_token(database, HOST, made.token.id, NOON + timedelta(hours=1)).revoked_at == NOON
    with pytest.raises(Unauthenticated):
        authenticate(database, made.secret, NOON)


def test_a_token_has_the_lesser_of_both_roles_also_after_a_demotion(database: Database) -> None:
    user = create_user(database, HOST, "Boun", Role.APPROVER, NOON)
    made = create_token(database, HOST, "phone", Role.APPROVER, NOON, user_id=user.id)
    change_user(database, HOST, user.id, role=Role.AUTHOR, disabled=False, now=NOON)
    assert authenticate(database, made.secret, NOON).role is Role.AUTHOR
    change_user(database, HOST, user.id, role=Role.AUTHOR, disabled=True, now=NOON)
    with pytest.raises(Unauthenticated):
        authenticate(database, made.secret, NOON)


def test_a_token_cannot_exceed_its_user(database: Database) -> None:
    create_user(database, HOST, "Dina", Role.VIEWER, NOON)
    with pytest.raises(Invalid) as refusal:
        create_token(database, HOST, "phone", Role.ADMIN, NOON, user_name="Dina")
    assert refusal.value.problems[0].code == "role_above_user"
    with pytest.raises(NotFound):
        create_token(database, HOST, "phone", Role.VIEWER, NOON, user_name="Nobody")


def test_a_name_is_taken_in_any_letter_case(database: Database) -> None:
    create_user(database, HOST, "Asha", Role.VIEWER, NOON)
    with pytest.raises(Conflict):
        create_user(database, HOST, "asha", Role.VIEWER, NOON)
    with pytest.raises(Invalid):
        create_user(database, HOST, "As\nha", Role.VIEWER, NOON)


def test_the_last_admin_cannot_be_shut_out(database: Database) -> None:
    asha = create_user(database, HOST, "Asha", Role.ADMIN, NOON)
    with pytest.raises(Conflict) as refusal:
        change_user(database, HOST, asha.id, role=Role.ADMIN, disabled=True, now=NOON)
    assert refusal.value.problems[0].code == "last_admin"
    create_user(database, HOST, "Boun", Role.ADMIN, NOON)
    assert change_user(database, HOST, asha.id, role=Role.AUTHOR, disabled=False, now=NOON).role is Role.AUTHOR


def test_an_approver_makes_no_users_and_nothing_is_written(database: Database) -> None:
    with pytest.raises(Forbidden):
        create_user(database, APPROVER, "Eve", Role.ADMIN, NOON)
    with database.reading() as connection:
        assert audit.head(connection).seq == 0
