from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rig.conftest import Caller

pytestmark = pytest.mark.anyio


async def test_every_personalization_of_an_accepted_request_is_one_entry(caller: Caller) -> None:
    answer = await caller.mail("a@example.org", "b@example.org")

    assert (answer.status, answer.body) == (202, b"")
    assert answer.headers["X-Message-Id"]
    entries = list(caller.rig.ledger.entries("sendgrid"))
    assert [(entry.to, entry.reference) for entry in entries] == [
        ("a@example.org", "ref-a@example.org"),
        ("b@example.org", "ref-b@example.org"),
    ]
    assert [entry.request for entry in entries] == [1, 1]


async def test_the_kept_words_have_their_personal_fields(caller: Caller) -> None:
    persons = [{"to": [{"email": "a@example.org"}], "substitutions": {"-name-": "Amara"}}]

    await caller.mail(personalizations=persons)

    [entry] = caller.rig.ledger.entries("sendgrid")
    assert entry.body == "News\nHello Amara"


def person(email: str, **more: object) -> dict[str, object]:
    return {"to": [{"email": email}], **more}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [person(f"a{n}@example.org") for n in range(1001)]}, "personalizations"),
        ({"personalizations": [person("a@b.cd"), person("nobody")]}, "personalizations.1.to.0.email"),
        ({"personalizations": [person("a@b.cd"), person("A@b.cd")]}, "personalizations.1.to.0.email"),
        ({"personalizations": [person("a@b.cd", custom_args={"n": 1})]}, "personalizations.0.custom_args"),
        ({"personalizations": [person("a@b.cd", headers={"Subject": "x"})]}, "personalizations.0.headers.Subject"),
        ({"from": {}}, "from.email"),
        ({"content": []}, "content"),
        ({"subject": ""}, "personalizations.0.subject"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
    ],
)
async def test_one_fault_refuses_the_whole_request_and_names_its_field(
    caller: Caller, changes: dict[str, Any], field: str
) -> None:
    answer = await caller.mail("a@example.org", **changes)

    assert answer.status == 400
    assert answer.json()["errors"][0]["field"] == field
    assert caller.rig.ledger.accepted() == 0


async def test_a_wrong_key_is_refused(caller: Caller) -> None:
    answer = await caller.ask("POST", "sendgrid", "/v3/mail/send", json={}, headers={"Authorization": "Bearer no"})

    assert answer.status == 401
    assert set(answer.json()["errors"][0]) == {"message", "field", "help"}


async def test_a_scripted_bad_address_fails_its_whole_batch_and_is_named(caller: Caller) -> None:
    caller.rig.behave("sendgrid", "invalid_recipient", address_suffix="@bad.example")

    answer = await caller.mail("a@example.org", "b@bad.example")

    assert answer.status == 400
    assert answer.json()["errors"][0]["field"] == "personalizations.1.to.0.email"
    assert (await caller.mail("a@example.org")).status == 202
    assert caller.rig.ledger.accepted() == 1
