from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from app.domain.principals import HOST, ROLE_FOR, Actor, Role, permit
from app.domain.scopes import SCOPE_FOR, Scope
from app.domain.signing_in import LONGEST_WAIT, Standing, wait_left
from app.domain.staff_notices import NoticeKind
from app.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from app.keyring import Keyring
from app.store import accounts, audit, staff, users
from app.store.account_tables import credential, recovery_code, session
from app.store.database import Database
from app.usecases.accept_invitation import accept_invitation, look_at_invitation
from app.usecases.authenticate import authenticate
from app.usecases.authenticator import matching_step, new_secret
from app.usecases.break_glass import break_glass, enter_through_broken_glass
from app.usecases.change_credentials import change_password, renew_recovery_codes
from app.usecases.change_user import change_user
from app.usecases.confirm_code import confirm_code
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user
from app.usecases.end_session import end_session, end_sessions
from app.usecases.invite_user import invite_user, renew_access
from app.usecases.resume_session import resume_session
from app.usecases.sign_in import Browser, complete_sign_in, sign_in
from tests.conftest import NOON
from tests.staff_accounts import HOME, PASSWORD, POLICY, come_in, enrol

STRANGER = Browser("203.0.113.9", "somebody else")
MINUTE = timedelta(minutes=1)


def actor_of(db: Database, secret: str, now: object = NOON) -> Actor:
    resumed = resume_session(db, secret, POLICY, now)  # type: ignore[arg-type]  # a datetime
    assert resumed is not None
    assert resumed.actor is not None
    return resumed.actor


def test_an_invitation_lets_in_once_with_password_authenticator_and_ten_codes(
    database: Database, keyring: Keyring
) -> None:
    invited = invite_user(database, keyring, HOST, "Mira", Role.APPROVER, NOON, email="Mira@Example.org")
    guest = look_at_invitation(database, keyring, invited.code, NOON)
    assert (guest.name, guest.user_id) == ("Mira", invited.user.id)
    secret = new_secret()
    with pytest.raises(Invalid) as refusal:
        accept_invitation(database, keyring, invited.code, password="short", secret=secret, totp="000000", now=NOON)
    assert {one.code for one in refusal.value.problems} == {"bad_password", "wrong_code"}
    code = pyotp.TOTP(secret).at(NOON)
    welcomed = accept_invitation(database, keyring, invited.code, password=PASSWORD, secret=secret, totp=code, now=NOON)
    assert len(set(welcomed.recovery_codes)) == 10
    with pytest.raises(NotFound):
        look_at_invitation(database, keyring, invited.code, NOON)
    half = sign_in(database, keyring, "mira@example.org", PASSWORD, HOME, POLICY, NOON)
    with pytest.raises(Invalid):  # the code that proved the authenticator is used up
        complete_sign_in(database, keyring, half.secret, code, HOME, POLICY, NOON)
    later = pyotp.TOTP(secret).at(NOON + timedelta(seconds=30))
    assert complete_sign_in(database, keyring, half.secret, later, HOME, POLICY, NOON).whole


def test_a_forged_an_expired_and_a_replaced_invitation_are_refused_alike(database: Database, keyring: Keyring) -> None:
    invited = invite_user(database, keyring, HOST, "Mira", Role.AUTHOR, NOON)
    number, random, signature = invited.code.split(".")
    forged = [f"{int(number) + 1}.{random}.{signature}", f"{number}.{random[::-1]}.{signature}", "x", ""]
    for code in forged:
        with pytest.raises(NotFound):
            look_at_invitation(database, keyring, code, NOON)
    with pytest.raises(NotFound):
        look_at_invitation(database, keyring, invited.code, NOON + timedelta(hours=72))
    again = renew_access(database, keyring, HOST, invited.user.id, NOON)
    with pytest.raises(NotFound):
        look_at_invitation(database, keyring, invited.code, NOON)
    assert look_at_invitation(database, keyring, again.code, NOON).name == "Mira"


def test_what_is_stored_lets_nobody_in(database: Database, keyring: Keyring) -> None:
    mira = enrol(database, keyring, "Mira", Role.ADMIN, NOON)
    entered = come_in(database, keyring, mira, NOON)
    with database.reading() as connection:
        stored = [*connection.execute(select(credential)), *connection.execute(select(session))]
        stored += [*connection.execute(select(recovery_code))]
        said = repr([tuple(row) for row in stored] + [row.body for row in audit.page(connection).items])
    for secret in (PASSWORD, mira.secret, entered.secret, entered.device, *mira.recovery):
        assert secret not in said


def test_a_code_counts_once_and_for_a_minute_and_a_half(keyring: Keyring) -> None:
    secret = new_secret()
    step = int(NOON.timestamp()) // 30
    code = pyotp.TOTP(secret).at(NOON)
    assert matching_step(secret, f" {code[:3]} {code[3:]} ", NOON, 0) == step
    assert matching_step(secret, code, NOON, step) is None
    assert matching_step(secret, code, NOON + timedelta(seconds=30), 0) == step
    assert matching_step(secret, code, NOON + timedelta(seconds=61), 0) is None
    assert matching_step(secret, "১২৩৪৫৬", NOON, 0) is None


def test_wrong_guesses_wait_longer_and_the_owner_always_gets_in(database: Database, keyring: Keyring) -> None:
    mira = enrol(database, keyring, "Mira", Role.APPROVER, NOON)
    entered = come_in(database, keyring, mira, NOON)
    for _ in range(5):
        with pytest.raises(Unauthenticated) as refusal:
            sign_in(database, keyring, "mira", "not her password", STRANGER, POLICY, NOON)
        assert refusal.value.problems[0].code == "sign_in_refused"
    with pytest.raises(Unavailable) as wait:
        sign_in(database, keyring, "mira", PASSWORD, STRANGER, POLICY, NOON)
    assert wait.value.problems[0].code == "wait_before_guessing"
    known = replace(HOME, device=entered.device)
    assert not sign_in(database, keyring, "mira", PASSWORD, known, POLICY, NOON).whole
    rescued = sign_in(database, keyring, "mira", PASSWORD, STRANGER, POLICY, NOON, recovery=mira.recovery[0].upper())
    assert rescued.whole
    with pytest.raises(Unavailable):  # used up, so it is a guess like any other
        sign_in(database, keyring, "mira", PASSWORD, STRANGER, POLICY, NOON, recovery=mira.recovery[0])
    assert not sign_in(database, keyring, "mira", PASSWORD, STRANGER, POLICY, NOON + LONGEST_WAIT).whole


def test_one_place_that_tries_many_names_is_slowed_and_learns_nothing(database: Database, keyring: Keyring) -> None:
    refused = []
    for number in range(20):
        with pytest.raises(Unauthenticated) as refusal:
            sign_in(database, keyring, f"name {number}", "a guess", STRANGER, POLICY, NOON)
        refused.append(refusal.value.problems[0])
    assert len(set(refused)) == 1
    with pytest.raises(Unavailable):
        sign_in(database, keyring, "name 20", "a guess", STRANGER, POLICY, NOON)


def test_waiting_doubles_stops_growing_and_is_forgotten() -> None:
    waits = [wait_left(failures, NOON, NOON).total_seconds() for failures in (0, 4, 5, 6, 7, 30)]
    assert waits == [0, 0, 2, 4, 8, LONGEST_WAIT.total_seconds()]
    assert not wait_left(1_000_000, NOON, NOON + timedelta(hours=24))


def test_a_session_ends_when_idle_when_over_and_when_somebody_ends_it(database: Database, keyring: Keyring) -> None:
    mira = enrol(database, keyring, "Mira", Role.APPROVER, NOON)
    entered = come_in(database, keyring, mira, NOON)
    assert actor_of(database, entered.secret).user_id == mira.id
    at, standings = NOON, []
    while at < NOON + timedelta(hours=25):  # somebody works all day
        resumed = resume_session(database, entered.secret, POLICY, at)
        standings.append(resumed.standing if resumed else None)
        at += timedelta(hours=3)
    assert standings == [Standing.WHOLE] * 8 + [Standing.OVER]
    other = come_in(database, keyring, mira, NOON + MINUTE)
    resumed = resume_session(database, other.secret, POLICY, NOON + MINUTE + timedelta(hours=4, seconds=1))
    assert resumed is not None
    assert (resumed.standing, resumed.actor) == (Standing.IDLE, None)
    third = come_in(database, keyring, mira, NOON + 2 * MINUTE)
    end_session(database, actor_of(database, third.secret, NOON + 2 * MINUTE), other.session_id, NOON + 2 * MINUTE)
    ended = resume_session(database, other.secret, POLICY, NOON + 2 * MINUTE)
    assert ended is not None
    assert ended.standing is Standing.ENDED
    assert resume_session(database, "never given out", POLICY, NOON) is None


def test_only_an_admin_ends_sessions_of_others(database: Database, keyring: Keyring) -> None:
    mira, tove = (enrol(database, keyring, name, Role.APPROVER, NOON) for name in ("Mira", "Tove"))
    hers, other = come_in(database, keyring, mira, NOON), come_in(database, keyring, tove, NOON)
    with pytest.raises(Forbidden):
        end_session(database, actor_of(database, hers.secret), other.session_id, NOON)
    with pytest.raises(Forbidden):
        end_sessions(database, actor_of(database, hers.secret), tove.id, NOON)
    assert end_sessions(database, HOST, tove.id, NOON) == 1


def test_a_change_of_rights_signs_out_and_a_password_signs_out_elsewhere(database: Database, keyring: Keyring) -> None:
    mira = enrol(database, keyring, "Mira", Role.APPROVER, NOON)
    here, there = (come_in(database, keyring, mira, NOON) for _ in range(2))
    with pytest.raises(Invalid):
        change_password(database, actor_of(database, here.secret), "wrong", "another good long one", NOON)
    change_password(database, actor_of(database, here.secret), PASSWORD, "another good long one", NOON)
    assert actor_of(database, here.secret).name == "Mira"
    assert resume_session(database, there.secret, POLICY, NOON).actor is None  # type: ignore[union-attr]  # it was known
    change_user(database, HOST, mira.id, role=Role.AUTHOR, disabled=False, now=NOON)
    assert resume_session(database, here.secret, POLICY, NOON).actor is None  # type: ignore[union-attr]  # it was known


def test_a_fresh_code_counts_for_the_session_and_a_wrong_one_does_not(database: Database, keyring: Keyring) -> None:
    mira = enrol(database, keyring, "Mira", Role.APPROVER, NOON)
    entered = come_in(database, keyring, mira, NOON)
    later = NOON + timedelta(minutes=20)
    confirmed = confirm_code(database, keyring, actor_of(database, entered.secret), mira.code(later), later)
    assert confirmed.confirmed_at == later
    assert actor_of(database, entered.secret, later).confirmed_at == later
    with pytest.raises(Invalid):
        confirm_code(database, keyring, confirmed, "000000", later)
    before = mira.recovery[1]
    renew_recovery_codes(database, confirmed, later)
    with pytest.raises(Invalid):
        confirm_code(database, keyring, confirmed, before, later)


def test_breaking_the_glass_needs_a_reason_tells_everybody_and_is_nobody(database: Database, keyring: Keyring) -> None:
    with pytest.raises(Invalid):
        break_glass(database, keyring, " ", NOON)
    let_in = break_glass(database, keyring, "nobody answers", NOON)
    with pytest.raises(Conflict):
        accept_invitation_of_glass(database, keyring, let_in.code)
    entered = enter_through_broken_glass(database, keyring, let_in.code, HOME, POLICY, NOON)
    actor = actor_of(database, entered.secret)
    assert (actor.role, actor.person_id) == (Role.ADMIN, None)
    with pytest.raises(NotFound):
        enter_through_broken_glass(database, keyring, let_in.code, HOME, POLICY, NOON)
    with database.reading() as connection:
        (notice,) = staff.standing(connection, NoticeKind.GLASS_BROKEN)
        acts = [row.action for row in audit.page(connection).items]
    assert notice.notice.details == {"reason": "nobody answers"}
    assert acts == ["sign_in", "break_glass"]
    only = create_user(database, HOST, "Mira", Role.ADMIN, NOON)
    with pytest.raises(Conflict):  # nobody's account is no reason to shut out the last admin
        change_user(database, HOST, only.id, role=Role.ADMIN, disabled=True, now=NOON)
    again = break_glass(database, keyring, "still nobody", NOON)
    assert again.user.id == let_in.user.id


def accept_invitation_of_glass(database: Database, keyring: Keyring, code: str) -> None:
    secret = new_secret()
    totp = pyotp.TOTP(secret).at(NOON)
    accept_invitation(database, keyring, code, password=PASSWORD, secret=secret, totp=totp, now=NOON)


def test_whoever_comes_back_is_the_same_person(database: Database, keyring: Keyring) -> None:
    first = invite_user(database, keyring, HOST, "Mira", Role.AUTHOR, NOON, email="mira@example.org").user
    change_user(database, HOST, first.id, role=Role.AUTHOR, disabled=True, now=NOON)
    with pytest.raises(Conflict):
        invite_user(database, keyring, HOST, "Mira B", Role.AUTHOR, NOON, email="MIRA@example.org")
    with database.writing() as tx:
        accounts.change(tx, first.id, email="")  # she has another address by now
    second = invite_user(database, keyring, HOST, "Mira B", Role.APPROVER, NOON, email="mira@example.org").user
    third = invite_user(database, keyring, HOST, "M. B.", Role.APPROVER, NOON, again_of="Mira B").user
    with database.reading() as connection:
        assert accounts.persons(connection, [second.id, third.id, None]) == frozenset({first.id, None})
    made = create_token(database, HOST, "phone", Role.APPROVER, NOON, user_id=third.id)
    assert authenticate(database, made.secret, NOON).person_id == first.id


def test_a_token_for_cron_does_nothing_else(database: Database) -> None:
    made = create_token(database, HOST, "cron", Role.APPROVER, NOON, scopes=frozenset({Scope.TICK, Scope.FACTS_WRITE}))
    actor = authenticate(database, made.secret, NOON)
    permit(actor, "tick")
    permit(actor, "record_fact")
    for act in set(ROLE_FOR) - {"tick", "record_fact", "check_links"}:
        with pytest.raises(Forbidden):
            permit(actor, act)
    assert set(SCOPE_FOR) <= set(ROLE_FOR)


def test_whoever_is_signed_in_makes_and_revokes_tokens_of_their_own_only(database: Database, keyring: Keyring) -> None:
    mira, tove = (enrol(database, keyring, name, Role.AUTHOR, NOON) for name in ("Mira", "Tove"))
    actor = actor_of(database, come_in(database, keyring, mira, NOON).secret)
    made = create_token(database, actor, "laptop", Role.AUTHOR, NOON, user_id=mira.id)
    with database.reading() as connection:
        assert [one.name for one in users.tokens_of(connection, mira.id)] == ["laptop"]
    for wanted in (Role.APPROVER,):
        with pytest.raises(Invalid):
            create_token(database, actor, "laptop", wanted, NOON, user_id=mira.id)
    with pytest.raises(Forbidden):
        create_token(database, actor, "laptop", Role.AUTHOR, NOON, user_id=tove.id)
    with pytest.raises(Forbidden):  # a token makes no tokens
        create_token(database, authenticate(database, made.secret, NOON), "more", Role.AUTHOR, NOON, user_id=mira.id)
