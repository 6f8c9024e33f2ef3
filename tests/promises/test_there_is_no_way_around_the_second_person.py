"""Twelve ways somebody under pressure might try to release their own words; each is refused, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.cli import main
from app.clock import FrozenClock
from app.console.forgery import form_token
from app.domain.crisis import UpdateState
from app.domain.principals import HOST, Role
from app.errors import Conflict, Forbidden
from app.store import accounts, updates, users
from app.usecases.approve_alone import approve_alone
from app.usecases.break_glass import break_glass, enter_through_broken_glass
from app.usecases.change_user import change_user
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user
from app.usecases.invite_user import invite_user
from app.usecases.resume_session import resume_session
from app.usecases.save_schedule import approve_schedule, save_schedule
from tests.console import Page, Visitor
from tests.faces import WORDS, Api
from tests.staff_accounts import HOME, POLICY


class Attempt:
    """The author, promoted so that only who they are stands in the way, and an update of theirs that waits."""

    def __init__(self, api: Api, environment: pytest.MonkeyPatch, streams: pytest.CaptureFixture[str]) -> None:
        self.api, self.environment, self.streams = api, environment, streams
        api.prepare()
        self.author = int(api.tokens["author"].split("_")[1])
        self.role(Role.APPROVER)
        self.update = api.submitted()

    def role(self, role: Role) -> None:
        change_user(self.api.db, HOST, self.author, role=role, disabled=False, now=self.api.clock.now())
        self.token("author", self.author, role)

    def token(self, name: str, user_id: int, role: Role = Role.APPROVER) -> None:
        made = create_token(self.api.db, HOST, name, role, self.api.clock.now(), user_id=user_id)
        self.api.tokens[name] = made.secret

    def approve(self, who: str, update: int | None = None, **more: Any) -> str:
        body = {"count": 4, **more}
        answer = self.api.post(who, f"/updates/{update or self.update}/approve", json=body)
        assert not answer.is_success, "the words were approved"
        return str(answer.json()["code"])

    def console(self) -> Visitor:
        visitor = Visitor(self.api)
        self.person = visitor.enter("author", Role.APPROVER)
        return visitor

    def code(self) -> str:
        return self.person.code(self.api.clock.now())

    def row(self, update: int | None = None) -> updates.UpdateRow:
        with self.api.db.reading() as connection:
            return updates.get(connection, update or self.update)


def another_token_of_the_same_person(attempt: Attempt) -> str:
    attempt.token("phone", attempt.author)
    return attempt.approve("phone")


def a_token_of_nobody(attempt: Attempt) -> str:
    return attempt.approve("machine")


def a_later_account_with_the_old_address(attempt: Attempt) -> str:
    """Left, came back under another name with the address of then."""
    api, now, keyring = attempt.api, attempt.api.clock.now(), attempt.api.wiring.keyring
    first = invite_user(api.db, keyring, HOST, "ann", Role.APPROVER, now, email="ann@example.org")
    with api.db.writing() as tx:
        updates.change(tx, attempt.update, UpdateState.SUBMITTED, authors=[first.user.id])
        accounts.change(tx, first.user.id, email="ann.new@example.org")
    again = invite_user(api.db, keyring, HOST, "anne", Role.APPROVER, now, email="ANN@example.org")
    attempt.token("again", again.user.id)
    return attempt.approve("again")


def a_new_account_of_ones_own_making(attempt: Attempt) -> str:
    """An admin who wrote it lets somebody in while it waits, and opens the link themselves."""
    api, now = attempt.api, attempt.api.clock.now()
    attempt.role(Role.ADMIN)
    actor = resume_as(attempt, "author")
    made = invite_user(api.db, api.wiring.keyring, actor, "helpful stranger", Role.APPROVER, now)
    attempt.token("stranger", made.user.id)
    return attempt.approve("stranger")


def a_key_made_for_a_colleague(attempt: Attempt) -> str:
    """An admin who wrote it makes a token of the approver, and uses it."""
    attempt.role(Role.ADMIN)
    api, actor = attempt.api, resume_as(attempt, "author")
    made = create_token(api.db, actor, "theirs", Role.APPROVER, api.clock.now(), user_name="approver")
    api.tokens["theirs"] = made.secret
    return attempt.approve("theirs")


def breaking_the_glass_on_the_host(attempt: Attempt) -> str:
    """The break-glass admin is nobody's account."""
    api, now, keyring = attempt.api, attempt.api.clock.now(), attempt.api.wiring.keyring
    made = break_glass(api.db, keyring, "Nobody answers tonight", now)
    entered = enter_through_broken_glass(api.db, keyring, made.code, HOME, POLICY, now)
    visitor = Visitor(api)
    visitor.client.cookies.set("__Host-clarion-session", entered.secret)
    page = visitor.open(f"/updates/{attempt.update}/approve")
    assert "not tied to a person" in page.words
    return code_of(post(visitor, attempt, "approve", count="4"))


def demoted_and_promoted_again(attempt: Attempt) -> str:
    for role in (Role.VIEWER, Role.ADMIN):
        attempt.role(role)
    return attempt.approve("author")


def one_word_edited_by_the_approver(attempt: Attempt) -> str:
    api = attempt.api
    api.done(api.post("admin", f"/updates/{attempt.update}/return", json={"reason": "One word."}))
    seen = api.done(api.get("approver", f"/updates/{attempt.update}"))["document"]
    changed = {**seen, "content": {"en": {**WORDS, "headline": "Power is out"}}}
    api.done(api.put("approver", f"/updates/{attempt.update}", json=changed))
    api.submit(attempt.update)
    return attempt.approve("approver")


def words_changed_after_the_approval(attempt: Attempt) -> str:
    """Approved words are edited; what the approver said yes to counts no longer."""
    api = attempt.api
    api.done(api.post("admin", f"/updates/{attempt.update}/approve", json={"count": 4}))
    seen = api.done(api.get("author", f"/updates/{attempt.update}"))["document"]
    changed = {**seen, "content": {"en": {**WORDS, "headline": "Something else"}}}
    return str(api.put("author", f"/updates/{attempt.update}", json=changed).json()["code"])


def an_old_page_of_other_words(attempt: Attempt) -> str:
    """Two tabs: the approver looks at one text, and approves after it was exchanged."""
    api, old = attempt.api, attempt.row().content_hash
    second = Visitor(api)
    person = second.enter("admin", Role.ADMIN)
    page = second.open(f"/updates/{attempt.update}/approve?revision=1")
    code = person.code(api.clock.now())
    api.done(api.post("approver", f"/updates/{attempt.update}/return", json={"reason": "One word."}))
    seen = api.done(api.get("author", f"/updates/{attempt.update}"))["document"]
    changed = {**seen, "content": {"en": {**WORDS, "headline": "Something else"}}}
    api.done(api.put("author", f"/updates/{attempt.update}", json=changed))
    api.submit(attempt.update)
    assert attempt.approve("approver", content_hash=old) == "words_changed"
    return code_of(second.send(page, "approve", count="4", code=code))


def the_command_line(attempt: Attempt) -> str:
    settings = attempt.api.wiring.settings
    for name, value in (
        ("DATABASE_URL", settings.database_url),
        ("SECRET_KEY", settings.resolved_secret_key()),
        ("TOKEN", attempt.api.tokens["author"]),
    ):
        attempt.environment.setenv(f"CLARION_{name}", value)
    attempt.streams.readouterr()
    assert main(["update", "approve", str(attempt.update), "--count", "4", "--json"]) != 0
    said = attempt.streams.readouterr()
    return said.out + said.err


def a_form_sent_again(attempt: Attempt) -> str:
    """The approver's own form for other words, sent again with its key, for the author's."""
    api, second = attempt.api, Visitor(attempt.api)
    person = second.enter("admin", Role.ADMIN)
    other = api.submitted()
    page = second.open(f"/updates/{other}/approve")
    fields = {**page.form("approve"), "count": "4", "code": person.code(api.clock.now())}
    assert "leaves" in second.post(page.action("approve"), fields).said
    again = second.post(f"/console/updates/{attempt.update}/approve", fields)
    assert again.status == 422, "a code counts once"
    key = {"Idempotency-Key": "once"}
    refused = api.post("author", f"/updates/{attempt.update}/approve", json={"count": 4}, headers=key)
    assert refused.json()["code"] == "approver_is_author"
    repeated = api.post("author", f"/updates/{attempt.update}/approve", json={"count": 4}, headers=key)
    return str(repeated.json()["code"])


def a_correction_of_approved_words(attempt: Attempt) -> str:
    api = attempt.api
    api.done(api.post("admin", f"/updates/{attempt.update}/approve", json={"count": 4}))
    api.done(api.post("author", f"/updates/{attempt.update}/send"))
    body = {"content": {"en": {**WORDS, "headline": "Free words"}}}
    correction = int(api.done(api.post("author", f"/updates/{attempt.update}/correct", json=body))["id"])
    api.submit(correction)
    assert api.post("author", f"/updates/{correction}/send").json()["code"] == "update_state"
    return attempt.approve("author", correction)


def a_schedule_approved_by_its_author_under_another_name(attempt: Attempt) -> str:
    api, now = attempt.api, attempt.api.clock.now()
    playbook = {"slug": "plan", "stages": {"progress": {"en": WORDS}}}
    api.done(api.post("approver", "/playbooks", json=playbook))
    document = {"playbook": "plan", "stage": "progress", "every": "1h", "policy": "no_change"}
    actor = resume_as(attempt, "author")
    save_schedule(api.db, actor, "hourly", document, None, now)
    invite_user(api.db, api.wiring.keyring, HOST, "author again", Role.APPROVER, now, again_of="author")
    with pytest.raises(Forbidden) as refused:
        approve_schedule(api.db, resume_as(attempt, "author again"), "hourly", now)
    return refused.value.problems[0].code


def going_alone_before_anybody_could_answer(attempt: Attempt) -> str:
    row, now = attempt.row(), attempt.api.clock.now()
    with pytest.raises(Forbidden) as refused:
        approve_alone(
            attempt.api.db, resume_as(attempt, "author"), row.id, 4, now, row.content_hash or "", "I cannot wait at all"
        )
    return refused.value.problems[0].code


def free_words_as_prepared_ones(attempt: Attempt) -> str:
    """The button for words approved in advance, pressed for words written by hand."""
    visitor = attempt.console()
    page = visitor.open(f"/updates/{attempt.update}/first-word")
    assert "by hand" in page.words
    return code_of(post(visitor, attempt, "first-word", count="4"))


def sending_without_any_approval(attempt: Attempt) -> str:
    visitor = attempt.console()
    return code_of(post(visitor, attempt, "send"))


WAYS: dict[Callable[[Attempt], str], str] = {
    another_token_of_the_same_person: "approver_is_author",
    a_token_of_nobody: "approver_unknown",
    a_later_account_with_the_old_address: "approver_is_author",
    a_new_account_of_ones_own_making: "approver_made_by_author",
    a_key_made_for_a_colleague: "approver_made_by_author",
    breaking_the_glass_on_the_host: "not tied to a person",
    demoted_and_promoted_again: "approver_is_author",
    one_word_edited_by_the_approver: "approver_is_author",
    words_changed_after_the_approval: "update_state",
    an_old_page_of_other_words: "not the words you looked at",
    the_command_line: "approver_is_author",
    a_form_sent_again: "approver_is_author",
    a_correction_of_approved_words: "approver_is_author",
    a_schedule_approved_by_its_author_under_another_name: "approver_is_author",
    going_alone_before_anybody_could_answer: "somebody_may_answer",
    free_words_as_prepared_ones: "written or changed by hand",
    sending_without_any_approval: "cannot do",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_around_is_refused_and_nothing_leaves(
    api: Api, way: Callable[[Attempt], str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attempt = Attempt(api, monkeypatch, capsys)
    before = {one.id for one in everything(api) if one.approved_by}
    assert WAYS[way] in way(attempt)
    approved = [one for one in everything(api) if one.approved_by and one.id not in before]
    assert all(one.approved_by == "admin" for one in approved), "by somebody who wrote nothing"


def test_an_honest_second_person_is_not_refused(api: Api, clock: FrozenClock) -> None:
    """Somebody an admin lets in while words wait, when the admin wrote none of them."""
    api.prepare()
    update, now = api.submitted(), clock.now()
    with api.db.reading() as connection:
        assert accounts.by_login(connection, "admin") is not None
    made = create_user(api.db, HOST, "newcomer", Role.APPROVER, now)
    api.tokens["newcomer"] = create_token(api.db, HOST, "new", Role.APPROVER, now, user_id=made.id).secret
    api.done(api.post("newcomer", f"/updates/{update}/approve", json={"count": 4}))
    with pytest.raises(Conflict):
        create_user(api.db, HOST, "Newcomer", Role.APPROVER, now)


def everything(api: Api) -> list[updates.UpdateRow]:
    with api.db.reading() as connection:
        return list(updates.page(connection).items)


def resume_as(attempt: Attempt, name: str) -> Any:
    """Signed in, with a fresh code."""
    visitor = Visitor(attempt.api)
    with attempt.api.db.reading() as connection:
        user_id = accounts.by_login(connection, name)
        role = next(one.role for one in users.page(connection).items if one.id == user_id)
    visitor.enter(name, role)
    secret = visitor.client.cookies["__Host-clarion-session"]
    resumed = resume_session(attempt.api.db, secret, POLICY, attempt.api.clock.now())
    assert resumed is not None
    assert resumed.actor is not None
    return resumed.actor


def post(visitor: Visitor, attempt: Attempt, what: str, **typed: str) -> Page:
    """A form made by hand, with everything a page of ours would send."""
    bound = visitor.client.cookies["__Host-clarion-session"]
    spare = {"_csrf": form_token(attempt.api.wiring.keyring, bound), "_once": f"by hand {what}"}
    fields = {**spare, "content_hash": str(attempt.row().content_hash), "then": "send", "_form": what, **typed}
    return visitor.post(f"/console/updates/{attempt.update}/{what}", fields)


def code_of(page: Page) -> str:
    """What the refusal says."""
    assert page.status in (403, 409, 422), page.words
    return page.words
