"""Words go out only when a second person, known by name, has read them."""

from __future__ import annotations

from app.domain.principals import HOST, Role
from app.usecases.change_user import change_user
from app.usecases.create_token import create_token
from app.usecases.stage_update import stage_update
from tests.faces import WORDS, Api


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
