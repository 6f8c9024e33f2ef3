"""Gated knowledge opened for a while: made by an approver, checked by anybody, refused with one reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.clock import FrozenClock
from app.domain.open_links import PURPOSE
from app.domain.reading import iso
from tests.faces import Api

COURSE = "https://learn.example.org/courses/first-aid"


def made(api: Api, **changes: Any) -> dict[str, Any]:
    body = {
        "url_pattern": "https://learn.example.org/courses/*",
        "until": iso(api.clock.now() + timedelta(days=2)),
        "urls": [COURSE],
        **changes,
    }
    found: dict[str, Any] = api.done(api.post("approver", "/open-links", json=body))
    return found


def check(api: Api, **more: Any) -> tuple[int, str]:
    answer = api.client.get("/open/check", **more)
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-clarion-reason"] == answer.json()["reason"]
    return answer.status_code, answer.json()["reason"]


def test_a_pass_is_checked_without_cookie_login_or_database(api: Api) -> None:
    link = made(api)
    api.db.close()
    assert check(api, params={"url": COURSE, "token": link["token"]}) == (200, "open")
    assert check(api, params={"url": link["urls"][0]}) == (200, "open")
    proxied = {"X-Original-URL": COURSE + "?x=1", "X-Clarion-Pass": link["token"]}
    assert check(api, headers=proxied) == (200, "open")


def test_each_refusal_names_its_one_reason(api: Api, clock: FrozenClock) -> None:
    token = made(api)["token"]
    other = "https://learn.example.org/exams/1"
    assert check(api, params={"url": COURSE}) == (403, "pass_missing")
    assert check(api, params={"url": COURSE, "token": token[:-2]}) == (403, "pass_not_genuine")
    assert check(api, params={"url": other, "token": token}) == (403, "pass_for_another_address")
    clock.advance(timedelta(days=2).total_seconds())
    assert check(api, params={"url": COURSE, "token": token}) == (403, "pass_expired")


def test_a_pass_can_be_taken_back(api: Api, clock: FrozenClock) -> None:
    kept, taken = made(api), made(api, until=iso(clock.now() + timedelta(days=3)))
    assert check(api, params={"url": COURSE, "token": taken["token"]}) == (200, "open")
    assert api.post("author", "/open-links/revoke", json={"token": taken["token"]}).status_code == 403
    assert api.post("approver", "/open-links/revoke", json={"token": "x" + taken["token"]}).status_code == 422
    for _ in range(2):
        closed = api.done(api.post("approver", "/open-links/revoke", json={"token": taken["token"]}))
        assert closed["until"] == taken["until"]
    clock.advance(6)
    assert check(api, params={"url": COURSE, "token": taken["token"]}) == (403, "pass_revoked")
    assert check(api, params={"url": COURSE, "token": kept["token"]}) == (200, "open")
    assert len(api.client.get("/open/revoked").json()["revoked"]) == 1
    again = api.post("approver", "/open-links", json={"url_pattern": taken["url_pattern"], "until": taken["until"]})
    assert "taken back" in again.text
    with api.db.writing() as tx:
        tx.execute(text("ALTER TABLE revoked_pass RENAME TO hidden"))
    clock.advance(6)
    assert check(api, params={"url": COURSE, "token": taken["token"]}) == (403, "pass_revoked"), "what was known holds"


def test_a_help_link_hands_over_its_pattern_its_end_and_its_addresses(api: Api) -> None:
    until = iso(api.clock.now() + timedelta(hours=6))
    link = {
        "slug": "course",
        "texts": {"en": "First aid", "gu": "પ્રાથમિક સારવાર"},
        "url": "https://learn.example.org/{language}/first-aid",
        "open_resources": {"url_pattern": "https://learn.example.org/*", "until": until},
    }
    api.done(api.post("approver", "/help-links", json=link))
    answer = api.done(api.post("approver", "/open-links", json={"help_link": "course"}))
    assert answer["until"] == until
    assert [url.partition("?")[0] for url in answer["urls"]] == [
        "https://learn.example.org/en/first-aid",
        "https://learn.example.org/gu/first-aid",
    ]
    assert all(check(api, params={"url": url}) == (200, "open") for url in answer["urls"])
    closed = {"slug": "closed", "texts": {"en": "x"}, "url": "https://example.org/"}
    api.done(api.post("approver", "/help-links", json=closed))
    refused = api.post("approver", "/open-links", json={"help_link": "closed"})
    assert (refused.status_code, refused.json()["code"]) == (422, "nothing_opened")


def test_only_an_approver_opens_and_the_audit_knows(api: Api) -> None:
    assert api.post("author", "/open-links", json={}).status_code == 403
    made(api)
    with api.db.reading() as connection:
        acts = list(connection.execute(text("SELECT action FROM audit")).scalars())
    assert acts.count("open_knowledge") == 1


def test_faults_are_named_and_nothing_is_made(api: Api) -> None:
    far = iso(api.clock.now() + timedelta(days=200))
    answer = api.post("approver", "/open-links", json={"url_pattern": "https://*/x", "until": far})
    assert answer.status_code == 422
    assert {one["code"] for one in answer.json()["errors"]} == {"bad_link", "too_long"}
    outside = {"url_pattern": "https://a.example.org/*", "until": iso(api.clock.now() + timedelta(days=1)),
               "urls": [COURSE]}  # fmt: skip
    assert api.post("approver", "/open-links", json=outside).json()["code"] == "not_opened"


def test_the_key_for_own_code_is_the_one_that_signs(api: Api) -> None:
    assert len(api.wiring.keyring.key(PURPOSE)) == 32
