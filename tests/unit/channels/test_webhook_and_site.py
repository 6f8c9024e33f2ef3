"""The two channels that speak to websites: a partner's, and our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
import pytest
from standardwebhooks import Webhook

from app.domain.message import Accepted, Failure, FailureKind, Medium, Message, Outcome, Secret
from channels.http import Http
from channels.site import Website, shows
from channels.webhook import WebhookCalls
from tests.rig import Rig
from tests.rig.accounts import WEBHOOK_SECRET
from tests.rig.wire import Reply, Request
from tests.unit.channels.answers import Answers, always
from tests.unit.channels.conftest import PATIENT
from tests.unit.channels.letters import batch, message

pytestmark = pytest.mark.anyio

EVENT = message(Medium.WEBHOOK)


@pytest.fixture
async def today(anyio_backend: str) -> AsyncIterator[Http]:
    """Signed times are checked against the real clock by the receiver."""
    client = Http(PATIENT, allow_private=True)
    yield client
    await client.aclose()


async def call(url: str, http: Http, words: Message = EVENT) -> Outcome:
    channel = WebhookCalls(WebhookCalls.Settings(url, Secret(WEBHOOK_SECRET)), http)
    (outcome,) = await channel.send(batch(words, "partner"))
    return outcome


async def test_the_receiver_can_check_the_signature(today: Http, rig: Rig) -> None:
    outcome = await call(f"{rig.url('webhook')}/hook", today)
    assert outcome == Accepted(EVENT.key)
    (entry,) = rig.ledger.entries("webhook")
    assert entry.reference == EVENT.key


async def test_the_payload_is_typed_dated_and_the_same_at_every_attempt(today: Http) -> None:
    async with Answers(always(200)) as server:
        await call(server.url, today)
        await call(server.url, today)
        first, again = server.requests
    assert first.body == again.body
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    Webhook(WEBHOOK_SECRET).verify(first.body, dict(first.headers))
    document = orjson.loads(first.body)
    assert (document["type"], document["timestamp"]) == ("crisis.update", "2026-03-10T12:00:00Z")
    assert document["data"]["crisis"] == "storm"
    assert document["data"]["text"] == EVENT.text
    assert document["data"]["drill"] is False


async def test_the_signature_is_that_of_the_standards_own_vector() -> None:
    at = datetime.fromtimestamp(1_614_265_330, UTC)
    signed = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (410, FailureKind.ACCOUNT, "endpoint_gone"),
        (404, FailureKind.ACCOUNT, "http_404"),
        (302, FailureKind.ACCOUNT, "http_302"),
        (422, FailureKind.CONTENT, "http_422"),
        (429, FailureKind.NOT_ACCEPTED, "http_429"),
        (502, FailureKind.AMBIGUOUS, "http_502"),
    ],
)
async def test_a_receivers_answer_has_its_meaning(today: Http, status: int, kind: FailureKind, code: str) -> None:
    async with Answers(always(status)) as server:
        outcome = await call(server.url, today)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (kind, code)


async def test_an_update_too_large_for_a_webhook_is_refused_before_it_leaves(today: Http) -> None:
    async with Answers(always(200)) as server:
        outcome = await call(server.url, today, message(Medium.WEBHOOK, text="x" * 20_000))
        assert isinstance(outcome, Failure)
        assert (outcome.kind, outcome.code) == (FailureKind.CONTENT, "too_large")
        assert server.requests == []


async def test_a_service_never_calls_inside_even_if_the_settings_say_so() -> None:
    http = Http(PATIENT)
    async with Answers(always(200)) as trap:
        for url in (trap.url, f"https://127.0.0.1:{trap.port}/", "https://169.254.169.254/"):
            outcome = await call(url, http)
            assert isinstance(outcome, Failure)
            assert outcome.kind is FailureKind.ACCOUNT
        assert trap.requests == []
    await http.aclose()


def banner(revision: int = 1, update: int = 7) -> dict[str, object]:
    return {"seq": 41, "updates": [{"update": 3, "revision": 9}, {"update": update, "revision": revision}]}


def website(url: str, http: Http) -> Website:
    return Website(Website.Settings("main", url), http)


async def test_the_site_is_accepted_once_readers_see_the_update(http: Http) -> None:
    asked = 0

    def say(request: Request) -> Reply:
        nonlocal asked
        asked += 1
        return Reply.of_json(200, banner() if asked > 2 else {"seq": 40, "updates": []})

    async with Answers(say) as server:
        assert await website(server.url, http).send(batch(EVENT, "main")) == [Accepted("seq-41")]


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [(200, {"updates": []}, "not_published"), (200, banner(revision=0), "not_published"), (503, {}, "http_503")],
)
async def test_a_site_that_does_not_show_the_update_in_time_has_not_taken_it(
    impatient: Http, status: int, document: object, code: str
) -> None:
    async with Answers(always(status, document)) as server:
        (outcome,) = await website(server.url, impatient).send(batch(EVENT, "main"))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (FailureKind.NOT_ACCEPTED, code)


def test_a_later_revision_shows_the_update_too() -> None:
    wanted = {"update": 7, "revision": 2}
    assert shows(banner(revision=3), wanted)
    assert shows({"update": 7, "revision": 2}, wanted)
    assert not shows(banner(revision=1), wanted)
    assert not shows({}, {})
