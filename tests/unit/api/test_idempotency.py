from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import select

from app.store.tables import idempotency
from tests.faces import Api

NUMBER = "+442071838790"
FIRE = {"slug": "fire", "titles": {"en": "Fire"}, "severity": "major"}


def crises_of(api: Api) -> list[str]:
    return [crisis["slug"] for crisis in api.get("viewer", "/crises").json()["items"]]


def test_the_same_post_with_the_same_key_is_done_once_and_answered_the_same(api: Api) -> None:
    first = api.post("author", "/crises", json=FIRE, headers={"Idempotency-Key": "k-1"})
    again = api.post("author", "/crises", json=FIRE, headers={"Idempotency-Key": "k-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert crises_of(api) == ["fire"]


def test_a_key_used_for_another_body_is_refused(api: Api) -> None:
    api.post("author", "/crises", json=FIRE, headers={"Idempotency-Key": "k-1"})
    other = api.post("author", "/crises", json={**FIRE, "slug": "flood"}, headers={"Idempotency-Key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert crises_of(api) == ["fire"]


def test_a_refusal_is_kept_too_and_another_person_has_keys_of_their_own(api: Api) -> None:
    bad = {**FIRE, "severity": "terrible"}
    first = api.post("author", "/crises", json=bad, headers={"Idempotency-Key": "k-1"})
    again = api.post("author", "/crises", json=bad, headers={"Idempotency-Key": "k-1"})
    assert (first.status_code, again.headers["idempotency-replayed"]) == (422, "true")
    assert again.headers["content-type"] == "application/problem+json"
    mine = api.post("other", "/crises", json=FIRE, headers={"Idempotency-Key": "k-1"})
    assert mine.status_code == 201


def test_answers_that_tell_of_people_are_forgotten_when_one_of_them_is_erased(api: Api) -> None:
    api.done(api.put("author", "/subscribers/C-7", json={"addresses": [{"medium": "sms", "address": NUMBER}]}))
    refused, crisis, path = {"Idempotency-Key": "k-2"}, {"Idempotency-Key": "k-1"}, f"/subscribers/{NUMBER}/erase"
    first = api.post("approver", path, json={"confirm": NUMBER}, headers=refused)
    opened = api.post("author", "/crises", json=FIRE, headers=crisis)
    assert api.post("approver", path, json={"confirm": NUMBER}, headers=refused).content == first.content
    assert NUMBER.encode() in kept(api)
    api.done(api.post("approver", "/subscribers/C-7/erase", json={"confirm": "C-7"}, headers={"Idempotency-Key": "e"}))
    assert NUMBER.encode() not in kept(api)
    gone = api.post("approver", path, json={"confirm": NUMBER}, headers=refused)
    assert (gone.status_code, gone.json()["code"]) == (409, "answer_forgotten"), "and nothing is done twice"
    assert api.post("author", "/crises", json=FIRE, headers=crisis).content == opened.content
    again = api.post("approver", "/subscribers/C-7/erase", json={"confirm": "C-7"}, headers={"Idempotency-Key": "e"})
    assert again.headers["idempotency-replayed"] == "true", "that answer came after"


def kept(api: Api) -> bytes:
    with api.db.reading() as connection:
        return b"".join(body or b"" for body in connection.scalars(select(idempotency.c.response)))


def test_a_key_that_is_no_key_is_refused(api: Api) -> None:
    for key in ("", "a b", "x" * 256):
        answer = api.post("author", "/crises", json=FIRE, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_invalid"), key
    assert crises_of(api) == []


def test_twenty_at_once_with_one_key_open_one_crisis(api: Api) -> None:
    def ask(_: int) -> Any:
        return api.post("author", "/crises", json=FIRE, headers={"Idempotency-Key": "k-1"})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(20)))
    done = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer.json()["code"] for answer in answers if answer.status_code != 201]
    assert len({answer.content for answer in done}) == 1
    assert set(waiting) <= {"request_in_flight"}
    assert crises_of(api) == ["fire"]
