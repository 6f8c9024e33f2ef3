from __future__ import annotations

import re

import pytest

from tests.rig import Keep, Plan, Rig
from tests.unit.rig.conftest import ACCOUNT, Caller, Inbox, login, messages

pytestmark = pytest.mark.anyio

KEYS = frozenset({
    "body", "num_segments", "direction", "from", "to", "date_updated", "price", "error_message", "uri", "account_sid",
    "num_media", "status", "messaging_service_sid", "sid", "date_sent", "date_created", "error_code", "price_unit",
    "api_version", "subresource_uris",
})  # fmt: skip
"""api.v2010.account.message of Twilio's own OpenAPI document."""


async def test_an_accepted_message_is_answered_as_twilio_does_and_stands_in_the_ledger(caller: Caller) -> None:
    answer = await caller.text("+15005551001", "Ĝis baldaŭ", StatusCallback="https://x.example/callbacks/sms/ref-1?a=b")

    document = answer.json()
    assert answer.status == 201
    assert set(document) == KEYS
    assert re.fullmatch(r"(SM|MM)[0-9a-fA-F]{32}", document["sid"])
    assert (document["status"], document["to"], document["body"]) == ("queued", "+15005551001", "Ĝis baldaŭ")
    [entry] = caller.rig.ledger.entries("twilio")
    assert (entry.to, entry.reference, entry.body, entry.request) == ("+15005551001", "ref-1", "Ĝis baldaŭ", 1)


@pytest.mark.parametrize(
    ("to", "sender", "code"),
    [
        ("+15005550001", "+15005550006", 21211),
        ("+15005550002", "+15005550006", 21612),
        ("+15005550003", "+15005550006", 21408),
        ("+15005550004", "+15005550006", 21610),
        ("+15005550009", "+15005550006", 21614),
        ("+15005551001", "+15005550001", 21212),
        ("+15005551001", "+15005550007", 21606),
        ("+15005551001", "+15005550008", 21611),
        ("not a number", "+15005550006", 21211),
    ],
)
async def test_the_magic_numbers_are_refused_with_their_codes(caller: Caller, to: str, sender: str, code: int) -> None:
    answer = await caller.text(to, From=sender)

    assert answer.status == 400
    assert answer.json()["code"] == code
    assert answer.json()["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert caller.rig.ledger.accepted() == 0
    assert caller.rig.ledger.tally("twilio").refused == {str(code): 1}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"From": ""}, 21603),
        ({"StatusCallback": "somewhere"}, 21609),
        ({"ValidityPeriod": "36001"}, 20001),
    ],
)
async def test_a_malformed_message_is_refused(caller: Caller, form: dict[str, str], code: int) -> None:
    data = {"To": "+15005551001", "From": "+15005550006", "Body": "Hello", **form}

    answer = await caller.ask("POST", "twilio", messages(), data=data, headers=login())

    assert (answer.status, answer.json()["code"]) == (400, code)


async def test_a_wrong_login_is_refused(caller: Caller) -> None:
    answer = await caller.ask("POST", "twilio", messages(), data={"To": "+15005551001"})

    assert (answer.status, answer.json()["code"]) == (401, 20003)


async def test_the_list_finds_what_was_accepted_by_address_and_what_was_sent_by_day(
    caller: Caller, inbox: Inbox
) -> None:
    caller.rig.plan("twilio", Plan(statuses=("sent",), delay_seconds=0.0))
    await caller.text("+15005551001", "first", StatusCallback=inbox.url)
    await caller.text("+15005551001", "second", StatusCallback=inbox.url)
    await caller.text("+15005551002", "other")
    await caller.rig.until(lambda: len(inbox.calls) == 2)

    async def search(**parameters: str) -> list[str]:
        answer = await caller.ask("GET", "twilio", messages(), params=parameters, headers=login())
        return [message["body"] for message in answer.json()["messages"]]

    assert await search(To="+15005551001") == ["second", "first"]
    assert await search(To="+15005551001", **{"DateSent>": "2020-01-01"}) == ["second", "first"]
    assert await search(To="+15005551001", **{"DateSent<": "2020-01-01"}) == []
    assert await search(To="+15005551001", PageSize="1", Page="1") == ["first"]
    assert await search(To="+15005551001", From="+15005550000") == []
    assert await search(To="+15005559999") == []
    assert await search(To="+15005551002") == ["other"]
    assert await search(To="+15005551002", **{"DateSent>": "2020-01-01"}) == []  # still queued


async def test_one_message_can_be_read_cancelled_and_deleted(caller: Caller) -> None:
    sid = (await caller.text("+15005551001")).json()["sid"]
    path = messages(f"/{sid}.json")

    cancelled = await caller.ask("POST", "twilio", path, data={"Status": "canceled"}, headers=login())
    read = await caller.ask("GET", "twilio", path, headers=login())
    deleted = await caller.ask("DELETE", "twilio", path, headers=login())
    gone = await caller.ask("GET", "twilio", path, headers=login())

    assert [cancelled.json()["status"], read.json()["status"]] == ["canceled", "canceled"]
    assert (deleted.status, gone.status) == (204, 404)


async def test_a_rig_that_keeps_only_counts_refuses_to_search_rather_than_find_nothing() -> None:
    import aiohttp

    async with Rig(keep=Keep.COUNTS) as rig, aiohttp.ClientSession() as session:
        caller = Caller(rig, session)
        assert (await caller.text("+15005551001")).status == 201
        answer = await caller.ask("GET", "twilio", messages(), headers=login())
        assert answer.status == 503
        assert rig.ledger.accepted("twilio") == 1
        assert list(rig.ledger.entries()) == []


def test_the_account_of_the_tests_is_shaped_like_a_real_one() -> None:
    assert re.fullmatch(r"AC[0-9a-fA-F]{32}", ACCOUNT)
