"""Notifications that only one device can read, and what push services say about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.message import Accepted, Failure, FailureKind, Medium, Message, Outcome, Secret
from channels import guard, registry
from channels.aes128gcm import CURVE, LONGEST_PLAIN, RECORD, device, encrypt
from channels.http import Http
from channels.pins import MOST_KEPT
from channels.push_services import SILENT, SILENT_AFTER, Services
from channels.push_web import SERVICES, WebPush
from channels.vapid import LASTS, Vapid, new_pair, read_private
from tests.rig import Rig, accounts
from tests.rig.push import HOST, Device, claims_of, decrypt, to_bytes
from tests.unit.channels.answers import Answers, always, closed_port
from tests.unit.channels.conftest import PATIENT
from tests.unit.channels.letters import batch, message

pytestmark = pytest.mark.anyio

CONTACT = "mailto:it@clarion.example"
KEYS = (accounts.VAPID_PUBLIC, Secret(accounts.VAPID_PRIVATE))
ANN = Device("ann")
NEWS = message(
    Medium.PUSH,
    language="ar",
    subject="",
    text="انقطع التيار. حتى ١٤:٣٠.\nhttps://clarion.example/eo/crises/storm",
    data={"crisis": "storm", "headline": "انقطع التيار", "severity": "emergency", "stage": "details"},
)
# RFC 8291 appendix A
PLAIN = b"When I grow up, I want to be a watermelon"
OURS = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
THEIRS = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
THEIR_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SHARED = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


@pytest.fixture
async def today(anyio_backend: str) -> AsyncIterator[Http]:
    """Tokens are checked against the real clock by the push service."""
    client = Http(PATIENT, allow_private=True)
    yield client
    await client.aclose()


async def push(url: str, http: Http, words: Message = NEWS, to: str = ANN.address, push_services: str = "") -> Outcome:
    channel = WebPush(WebPush.Settings(CONTACT, *KEYS, push_services=push_services, base_url=url), http)
    (outcome,) = await channel.send(batch(words, to))
    return outcome


def test_the_vector_of_the_standard() -> None:
    body = encrypt(PLAIN, device(to_bytes(THEIR_POINT), to_bytes(SHARED)), read_private(OURS), to_bytes(SALT))
    assert body == to_bytes(BODY)
    assert decrypt(body, read_private(THEIRS), to_bytes(SHARED)) == PLAIN


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=LONGEST_PLAIN), st.binary(min_size=16, max_size=16), st.text(max_size=8))
def test_only_the_device_itself_reads_what_was_written_to_it(plain: bytes, salt: bytes, name: str) -> None:
    theirs = Device(name)
    body = encrypt(plain, device(theirs.public, theirs.secret), ec.generate_private_key(CURVE), salt)
    assert len(body) <= RECORD
    assert theirs.read(body) == plain
    with pytest.raises(ValueError, match="another device"):
        Device(f"{name}'s neighbour").read(body)


async def test_what_a_device_shows(today: Http, rig: Rig) -> None:
    assert await push(rig.url("push"), today) == Accepted("1")
    (entry,) = rig.ledger.entries("push")
    shown = orjson.loads(entry.body or "")
    assert shown == {
        "title": "انقطع التيار",
        "body": "حتى ١٤:٣٠.",
        "url": "https://clarion.example/eo/crises/storm",
        "tag": entry.reference,
        "lang": "ar",
        "dir": "rtl",
    }
    assert 16 <= len(entry.reference) <= 32


async def test_a_newer_word_of_a_crisis_replaces_the_older_one_and_no_other(today: Http) -> None:
    words = (
        NEWS,
        replace(NEWS, language="eo", text="Alia"),
        replace(NEWS, data={**NEWS.data, "crisis": "flood", "severity": "minor"}, valid_seconds=None),
        replace(NEWS, data={**NEWS.data, "stage": "correction", "severity": "minor"}),
    )
    async with Answers(always(201)) as server:
        for one in words:
            assert isinstance(await push(server.url, today, one), Accepted)
    heads = [request.headers for request in server.requests]
    topics = [head["topic"] for head in heads]
    assert topics[0] == topics[1] == topics[3] != topics[2]
    assert [head["ttl"] for head in heads] == ["1800", "1800", "86400", "1800"]
    assert [head["urgency"] for head in heads] == ["high", "high", "normal", "high"]
    assert {claims_of(head["authorization"])["aud"] for head in heads} == {f"https://{HOST}"}


@pytest.mark.parametrize(
    ("status", "kind", "spared"),
    [
        (410, FailureKind.RECIPIENT, False),
        (401, FailureKind.RECIPIENT, True),
        (403, FailureKind.RECIPIENT, True),
        (413, FailureKind.CONTENT, False),
        (302, FailureKind.ACCOUNT, False),
        (202, None, False),
    ],
)
async def test_what_a_push_service_answers_has_its_meaning(
    today: Http, status: int, kind: FailureKind | None, *, spared: bool
) -> None:
    """A device that subscribed with another key is one device: it must not stop the endpoint for all others."""
    async with Answers(always(status, headers={"Location": "http://127.0.0.1/elsewhere"})) as server:
        outcome = await push(server.url, today)
    assert len(server.requests) == 1, "nowhere else is called"
    assert isinstance(outcome, Accepted) if kind is None else isinstance(outcome, Failure)
    assert not isinstance(outcome, Failure) or (outcome.kind, outcome.spares_address) == (kind, spared)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example.org/push/1",
        f"https://{HOST}.evil.example.org/1",
        f"https://evil{HOST.partition('.')[2]}/1",
        "https://push.services.mozilla.com/1",
        "https://127.0.0.1/1",
        f"https://xn--a{HOST.removeprefix('updates')}/1",
        f"https://evil.example.org%2f{HOST}/1",
        "http://fcm.googleapis.com/1",
    ],
)
async def test_only_push_services_that_are_known_are_called(today: Http, endpoint: str) -> None:
    address = ANN.address.replace(ANN.endpoint, endpoint)
    async with Answers(always(201)) as server:
        outcome = await push(server.url, today, to=address)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (FailureKind.RECIPIENT, "unknown_service")
    assert server.requests == []


async def test_a_push_service_of_your_own_may_be_added_but_never_one_inside(rig: Rig) -> None:
    asked: list[str] = []

    async def inside(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["10.0.0.7"]

    own = ANN.address.replace(HOST, "push.example.org")
    client = Http(PATIENT, resolve=inside)
    outcome = await push("", client, to=own, push_services="*.example.org")
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (FailureKind.ACCOUNT, "address_refused")
    assert asked == ["push.example.org"]
    assert guard.check_url(own.partition(" ")[0]) is None
    assert len(SERVICES) == 4


async def test_many_at_once_share_one_connection_pool_and_one_look_up(rig: Rig) -> None:
    asked: list[str] = []

    async def here(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    port = rig.url("push").rpartition(":")[2]
    client = Http(PATIENT, resolve=here, allow_private=True)
    channel = WebPush(WebPush.Settings(CONTACT, *KEYS, base_url=f"http://push.test:{port}"), client)
    people = [Device(f"d{number}").address for number in range(30)]
    outcomes = await channel.send(batch(NEWS, *people))
    await client.aclose()
    assert all(isinstance(one, Accepted) for one in outcomes)
    assert rig.ledger.accepted("push") == 30
    assert asked == ["push.test"]


async def test_however_many_push_services_there_are_no_call_is_broken_off_by_another() -> None:
    """Closing the connections to one host while a notification is on its way leaves it in doubt for ever."""

    async def here(host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    client = Http(PATIENT, resolve=here, allow_private=True)
    async with Answers(always(201)) as server:
        port = server.url.rpartition(":")[2]
        hosts = [f"http://push{number % (MOST_KEPT + 6)}.test:{port}" for number in range(2 * MOST_KEPT + 12)]
        outcomes = await asyncio.gather(*(push(url, client) for url in hosts))
        again = [await push(url, client) for url in hosts[: MOST_KEPT + 6]]
    await client.aclose()
    assert [one for one in (*outcomes, *again) if not isinstance(one, Accepted)] == []
    assert len(server.requests) == len(hosts) + len(again)


async def test_a_push_service_that_does_not_answer_is_looked_up_anew() -> None:
    asked: list[str] = []

    async def here(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with closed_port() as port:
        client = Http(PATIENT, resolve=here, allow_private=True)
        for _ in range(2):
            outcome = await push(f"http://push.test:{port}", client)
            assert isinstance(outcome, Failure)
            assert (outcome.kind, outcome.code) == (FailureKind.NOT_ACCEPTED, "refused")
        await client.aclose()
    assert len(asked) == 2


@pytest.mark.parametrize(("status", "alone"), [(503, True), (429, False)])
async def test_a_push_service_that_is_down_holds_up_its_own_devices_only(
    today: Http, status: int, *, alone: bool
) -> None:
    async with Answers(always(status, headers={"Retry-After": "7"})) as server:
        outcome = await push(server.url, today)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.retry_after) == (FailureKind.NOT_ACCEPTED, 7.0)
    assert (outcome.only_this_one, outcome.throttled) == (alone, not alone)


async def test_a_push_service_that_is_silent_is_left_alone_after_a_few_calls() -> None:
    with closed_port() as port:
        client = Http(PATIENT, allow_private=True)
        channel = WebPush(WebPush.Settings(CONTACT, *KEYS, base_url=f"http://127.0.0.1:{port}"), client)
        outcomes = await channel.send(
            batch(NEWS, *[Device(f"d{number}").address for number in range(SILENT_AFTER + 2)])
        )
        await client.aclose()
    failures = [one for one in outcomes if isinstance(one, Failure)]
    assert {one.kind for one in failures} == {FailureKind.NOT_ACCEPTED}
    assert [one.code for one in failures] == ["refused"] * SILENT_AFTER + ["service_silent"] * 2
    assert [one.only_this_one for one in failures] == [False] * SILENT_AFTER + [True] * 2, "maybe it is our network"
    assert 0 < (failures[-1].retry_after or 0) <= SILENT.total_seconds()


def test_a_silent_service_is_asked_by_one_call_at_a_time_whether_it_is_back() -> None:
    clock = [datetime(2026, 3, 10, 12, tzinfo=UTC)]
    services = Services(lambda: clock[0])
    assert not services.silent("a"), "nobody else has answered: the whole network may be gone"
    services.answered("b")
    assert [services.silent("a") for _ in range(SILENT_AFTER)] == [True] * SILENT_AFTER
    assert (services.left_alone("a"), services.left_alone("b")) == (SILENT.total_seconds(), 0.0)
    clock[0] += SILENT
    assert [services.left_alone("a") for _ in range(2)] == [0.0, SILENT.total_seconds()]
    assert not services.silent("a"), "the other one has not answered lately either"
    assert services.left_alone("a") == SILENT.total_seconds()
    clock[0] += SILENT
    assert services.left_alone("a") == 0.0
    services.answered("a")
    assert services.left_alone("a") == services.left_alone("a") == 0.0
    for number in range(500):
        services.silent(f"invented-{number}")
    assert services.left_alone("invented-1") == 0.0


async def test_a_message_nobody_could_take_never_leaves(today: Http) -> None:
    async with Answers(always(201)) as server:
        outcome = await push(server.url, today, replace(NEWS, text="ક" * 1400))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code, server.requests) == (FailureKind.CONTENT, "too_large", [])


def test_a_token_is_used_while_it_lasts_and_is_nobody_elses() -> None:
    moment = datetime(2026, 3, 10, 12, tzinfo=UTC)
    clock = [moment]
    vapid = Vapid(read_private(accounts.VAPID_PRIVATE), CONTACT, lambda: clock[0])
    first = vapid.header("https://a.example")
    assert claims_of(first) == {"aud": "https://a.example", "exp": (moment + LASTS).timestamp(), "sub": CONTACT}
    assert first.endswith(f", k={accounts.VAPID_PUBLIC}")
    assert vapid.header("https://b.example") != first
    clock[0] += LASTS - timedelta(hours=2)
    assert vapid.header("https://a.example") == first
    clock[0] += timedelta(hours=1, seconds=1)
    assert vapid.header("https://a.example") != first
    forged = first.replace(accounts.VAPID_PUBLIC, new_pair()[0])
    with pytest.raises(ValueError, match="somebody else"):
        claims_of(forged)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contact": "it@clarion.example"}, "settings.contact"),
        ({"contact": "mailto:it@localhost"}, "settings.contact"),
        ({"contact": "https://localhost/it"}, "settings.contact"),
        ({"public_key": new_pair()[0]}, "settings.private_key"),
        ({"private_key": "short"}, "settings.private_key"),
        ({"private_key": ""}, "settings.private_key"),
    ],
)
def test_settings_that_cannot_work_are_told_where_they_are_typed(changes: dict[str, str], field: str) -> None:
    given = {"contact": CONTACT, "public_key": KEYS[0], "private_key": accounts.VAPID_PRIVATE, **changes}
    assert [one.field for one in registry.check_settings("push_web", given)] == [field]
    assert registry.check_settings("push_web", {"contact": CONTACT}) == ()
    made = WebPush.fresh_settings()
    assert registry.check_settings("push_web", {"contact": CONTACT, **made}) == ()
