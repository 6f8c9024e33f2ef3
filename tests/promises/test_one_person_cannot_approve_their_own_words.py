"""Words go out only when a second person, known by name, has read them."""

from __future__ import annotations

import pytest

from app.domain.principals import HOST, Role
from app.errors import Conflict
from app.usecases.change_user import change_user
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user
from app.usecases.invite_user import invite_user
from app.usecases.stage_update import stage_update
from tests.faces import WORDS, Api
from tests.staff_accounts import enrol


def approve(api: Api, who: str, update: int) -> tuple[int, str]:
    answer = api.post(who, f"/updates/{update}/approve", json={"count": 4})
    return answer.status_code, answer.json().get("code", answer.json().get("state"))


def promote_the_author(api: Api) -> None:
    author = int(api.tokens["author"].split("_")[1])
    change_user(api.db, HOST, author, role=Role.APPROVER, disabled=False, now=api.clock.now())
    for name in ("author", "second token of author"):
        made = create_token(api.db, HOST, name, Role.APPROVER, api.clock.now(), user_name="author")
        api.tokens[name] = made.secret


def test_the_author_is_refused_and_somebody_else_is_not(api: Api) -> None:
    api.prepare()
    promote_the_author(api)
    update = api.submitted()
    assert approve(api, "author", update) == (403, "approver_is_author")
    assert approve(api, "second token of author", update) == (403, "approver_is_author")
    assert approve(api, "approver", update) == (200, "approved")


def test_whoever_edited_a_single_word_is_an_author_too(api: Api) -> None:
    api.prepare()
    update = api.draft()
    document = api.done(api.get("approver", f"/updates/{update}"))["document"]
    edited = {**document, "content": {"en": {**WORDS, "headline": "Power is out"}}}
    api.done(api.put("approver", f"/updates/{update}", json=edited))
    api.done(api.post("author", f"/updates/{update}/submit"))
    stage_update(api.db, update, api.clock.now)
    assert approve(api, "approver", update) == (403, "approver_is_author")
    assert approve(api, "admin", update) == (200, "approved")


def test_a_token_that_belongs_to_nobody_is_never_the_second_person(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    assert approve(api, "machine", update) == (403, "approver_unknown")


def test_whoever_comes_back_under_another_name_is_still_the_author(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    invited = invite_user(
        api.db, api.wiring.keyring, HOST, "a new name", Role.APPROVER, api.clock.now(), again_of="author"
    )
    made = create_token(api.db, HOST, "new", Role.APPROVER, api.clock.now(), user_id=invited.user.id)
    api.tokens["again"] = made.secret
    assert approve(api, "again", update) == (403, "approver_is_author")


def test_somebody_with_an_authenticator_approves_live_words_only_with_a_fresh_code(api: Api) -> None:
    api.prepare()
    update, now = api.submitted(), api.clock.now()
    tove = enrol(api.db, api.wiring.keyring, "approver", Role.APPROVER, now)
    assert approve(api, "approver", update) == (403, "code_wanted")
    wrong = api.post("approver", f"/updates/{update}/approve", json={"count": 4, "code": "000000"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_code")
    body = {"count": 4, "code": tove.code(now)}
    assert api.done(api.post("approver", f"/updates/{update}/approve", json=body))["state"] == "approved"


def test_a_submitted_text_cannot_be_changed_behind_the_approvers_back(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    seen = api.done(api.get("approver", f"/updates/{update}"))
    assert api.put("author", f"/updates/{update}", json=seen["document"]).status_code == 409
    other = {"count": 4, "content_hash": "0" * 64}
    refused = api.post("approver", f"/updates/{update}/approve", json=other)
    assert (refused.status_code, refused.json()["code"]) == (409, "words_changed")


def test_nothing_is_sent_that_nobody_approved(api: Api) -> None:
    api.prepare()
    for update in (api.draft(), api.submitted()):
        for who in ("author", "approver", "admin"):
            answer = api.post(who, f"/updates/{update}/send")
            assert answer.status_code == 409
            assert answer.json()["code"]


def test_whoever_hands_it_in_is_one_of_its_authors(api: Api) -> None:
    api.prepare()
    update = api.draft()
    api.done(api.post("approver", f"/updates/{update}/submit"))
    stage_update(api.db, update, api.clock.now)
    assert approve(api, "approver", update) == (403, "approver_is_author")


def test_words_changed_after_an_approval_need_a_new_one_and_the_editor_cannot_give_it(api: Api) -> None:
    api.prepare()
    update = api.approved()
    seen = api.done(api.get("approver", f"/updates/{update}"))
    assert api.put("approver", f"/updates/{update}", json=seen["document"]).status_code == 409
    api.done(api.post("approver", f"/updates/{update}/return", json={"reason": "One word."}))
    edited = {**seen["document"], "content": {"en": {**WORDS, "headline": "Power is out everywhere"}}}
    api.done(api.put("approver", f"/updates/{update}", json=edited))
    assert api.post("author", f"/updates/{update}/send").status_code == 409
    api.submit(update)
    assert api.post("author", f"/updates/{update}/send").status_code == 409
    assert approve(api, "approver", update) == (403, "approver_is_author")
    old = {"count": 4, "content_hash": seen["content_hash"]}
    assert api.post("admin", f"/updates/{update}/approve", json=old).json()["code"] == "words_changed"
    assert approve(api, "admin", update) == (200, "approved")


def test_no_field_of_any_request_makes_an_update_approved(api: Api) -> None:
    api.prepare()
    document = api.done(api.get("author", f"/updates/{api.draft()}"))["document"]
    fields: tuple[dict[str, object], ...] = (
        {"state": "approved"},
        {"approved_by": "approver"},
        {"approved_at": "2026-03-10T12:00:00Z"},
        {"authors": []},
        {"submitted_by": "other"},
        {"revision": 7},
    )
    for smuggled in fields:
        for answer in (
            api.post("author", "/crises/outage/updates", json={**document, **smuggled}),
            api.put("author", "/updates/1", json={**document, **smuggled}),
            api.post("author", "/updates/1/submit?" + "&".join(f"{k}={v}" for k, v in smuggled.items())),
        ):
            assert answer.status_code in {409, 422} or answer.json()["state"] == "staging"
        with_approval = api.post("approver", "/updates/1/approve", json={"count": 4, **smuggled})
        assert with_approval.json()["code"] in {"unknown_field", "update_state"}
        assert api.done(api.get("viewer", "/updates/1"))["approved_by"] is None


def test_a_correction_needs_a_second_person_of_its_own(api: Api) -> None:
    api.prepare()
    update = api.approved()
    api.done(api.post("author", f"/updates/{update}/send"))
    body = {"content": {"en": {**WORDS, "headline": "It is the south"}}}
    correction = api.done(api.post("approver", f"/updates/{update}/correct", json=body))["id"]
    api.submit(correction)
    assert api.post("author", f"/updates/{correction}/send").status_code == 409
    assert approve(api, "approver", correction) == (403, "approver_is_author")


def test_an_author_cannot_come_back_under_their_own_name(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    author = int(api.tokens["author"].split("_")[1])
    change_user(api.db, HOST, author, role=Role.APPROVER, disabled=True, now=api.clock.now())
    assert approve(api, "author", update) == (401, "token_refused")
    with pytest.raises(Conflict) as refused:
        create_user(api.db, HOST, "author", Role.APPROVER, api.clock.now())
    assert refused.value.problems[0].code == "user_exists"
    with pytest.raises(Conflict):
        create_user(api.db, HOST, " Author ", Role.APPROVER, api.clock.now())


def test_a_role_that_was_taken_away_is_gone_with_the_next_request(api: Api) -> None:
    api.prepare()
    update = api.submitted()
    approver = int(api.tokens["approver"].split("_")[1])
    change_user(api.db, HOST, approver, role=Role.AUTHOR, disabled=False, now=api.clock.now())
    assert approve(api, "approver", update) == (403, "role_too_low")


def test_the_answer_kept_for_one_persons_click_is_not_given_to_another(api: Api) -> None:
    api.prepare()
    update, key = api.submitted(), {"Idempotency-Key": "yes"}
    first = api.post("approver", f"/updates/{update}/approve", json={"count": 4}, headers=key)
    assert first.status_code == 200
    answer = api.post("machine", f"/updates/{update}/approve", json={"count": 4}, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "approver_unknown")
