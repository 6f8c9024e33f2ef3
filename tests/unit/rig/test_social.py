from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.rig.accounts import (
    BLUESKY_DID,
    BLUESKY_HANDLE,
    BLUESKY_PASSWORD,
    MASTODON_TOKEN,
    WEBHOOK_SECRET,
)
from tests.unit.rig.conftest import Answer, Caller

pytestmark = pytest.mark.anyio


async def toot(caller: Caller, text: str, key: str = "", **fields: str) -> Answer:
    headers = {"Authorization": f"Bearer {MASTODON_TOKEN}", "Idempotency-Key": key}
    data = {"status": text, "language": "eo", **fields}
    return await caller.ask("POST", "mastodon", "/api/v1/statuses", data=data, headers=headers)


async def test_a_status_is_posted_once_for_its_key_and_edited_in_place(caller: Caller) -> None:
    first, again = await toot(caller, "Saluton", "key-1"), await toot(caller, "Saluton", "key-1")
    headers = {"Authorization": f"Bearer {MASTODON_TOKEN}"}
    path = f"/api/v1/statuses/{first.json()['id']}"
    edited = await caller.ask("PUT", "mastodon", path, json={"status": "Ĝis"}, headers=headers)
    deleted = await caller.ask("DELETE", "mastodon", path, headers=headers)

    assert (first.status, first.json()["id"]) == (200, again.json()["id"])
    assert edited.json()["edited_at"]
    assert deleted.status == 200
    [entry] = caller.rig.ledger.entries("mastodon")
    assert (entry.reference, entry.body) == ("key-1", "Saluton")
    assert caller.rig.ledger.tally("mastodon").words == {"replayed": 1, "edited": 1, "deleted": 1}


async def test_a_status_is_counted_in_graphemes_and_a_url_as_23(caller: Caller) -> None:
    url = "https://status.example.org/" + "x" * 200

    assert (await toot(caller, "👨‍👩‍👧" * 500)).status == 200
    assert (await toot(caller, "x" * 476 + " " + url)).status == 200
    assert (await toot(caller, "x" * 477 + " " + url)).status == 422
    assert (await toot(caller, " ")).status == 422
    assert (await toot(caller, "Hi", language="Esperanto")).status == 422
    assert (await toot(caller, "Hi", in_reply_to_id="1")).status == 422


async def test_mastodon_tells_its_limits_and_refuses_a_wrong_token(caller: Caller) -> None:
    instance = await caller.ask("GET", "mastodon", "/api/v2/instance")
    refused = await caller.ask("POST", "mastodon", "/api/v1/statuses", data={"status": "x"})

    assert instance.json()["configuration"]["statuses"]["max_characters"] == 500
    assert (refused.status, set(refused.json())) == (401, {"error"})


class Repository:
    def __init__(self, caller: Caller, token: str) -> None:
        self.caller = caller
        self.headers = {"Authorization": f"Bearer {token}"}

    async def write(self, method: str, record: dict[str, Any], **more: str) -> Answer:
        document = {"repo": BLUESKY_DID, "collection": "app.bsky.feed.post", "record": record, **more}
        path = f"/xrpc/com.atproto.repo.{method}"
        return await self.caller.ask("POST", "bluesky", path, json=document, headers=self.headers)


async def log_in(caller: Caller) -> Repository:
    document = {"identifier": BLUESKY_HANDLE, "password": BLUESKY_PASSWORD}
    answer = await caller.ask("POST", "bluesky", "/xrpc/com.atproto.server.createSession", json=document)
    assert answer.json()["did"] == BLUESKY_DID
    return Repository(caller, answer.json()["accessJwt"])


def post(text: str = "Saluton", **more: object) -> dict[str, Any]:
    return {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-03-10T12:00:00Z", "langs": ["eo"], **more}


async def test_the_same_record_put_twice_is_one_post(caller: Caller) -> None:
    repository = await log_in(caller)

    first = await repository.write("putRecord", post(), rkey="3lrig")
    again = await repository.write("putRecord", post(), rkey="3lrig")
    other = await repository.write("putRecord", post("Ĝis"), rkey="3lrig")

    assert first.json()["uri"] == f"at://{BLUESKY_DID}/app.bsky.feed.post/3lrig"
    assert first.json()["cid"] == again.json()["cid"] != other.json()["cid"]
    [entry] = caller.rig.ledger.entries("bluesky")
    assert (entry.reference, entry.to) == ("3lrig", BLUESKY_HANDLE)
    assert caller.rig.ledger.tally("bluesky").words == {"replayed": 1, "edited": 1}
    parameters = {"repo": BLUESKY_DID, "collection": "app.bsky.feed.post", "rkey": "3lrig"}
    found = await caller.ask("GET", "bluesky", "/xrpc/com.atproto.repo.getRecord", params=parameters)
    assert found.json()["value"]["text"] == "Ĝis"


@pytest.mark.parametrize(
    "record",
    [
        post("x" * 301),
        post("👨‍👩‍👧‍👦" * 150),
        post(createdAt="yesterday"),
        post(langs=["en", "gu", "lo", "eo"]),
        post("ĝ", facets=[{"index": {"byteStart": 0, "byteEnd": 3}, "features": [{"uri": "https://x.example"}]}]),
        post(reply={"root": {"uri": "at://x", "cid": "y"}}),
    ],
)
async def test_bluesky_refuses_a_record_its_lexicon_forbids(caller: Caller, record: dict[str, Any]) -> None:
    answer = await (await log_in(caller)).write("createRecord", record)

    assert (answer.status, answer.json()["error"]) == (400, "InvalidRequest")
    assert caller.rig.ledger.accepted() == 0


async def test_an_expired_session_is_told_apart_from_a_wrong_one(caller: Caller) -> None:
    repository = await log_in(caller)
    caller.rig.bluesky.expire_sessions()

    expired = await repository.write("createRecord", post())
    wrong = await Repository(caller, "something").write("createRecord", post())
    fresh = await (await log_in(caller)).write("createRecord", post())

    assert (expired.status, expired.json()["error"]) == (400, "ExpiredToken")
    assert (wrong.status, fresh.status) == (401, 200)


def signed(body: str, event: str = "msg_1", secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    from datetime import UTC, datetime

    at = datetime.now(UTC)
    signature = Webhook(secret).sign(event, at, body)
    return {"webhook-id": event, "webhook-timestamp": str(int(time.time())), "webhook-signature": signature}


async def test_a_webhook_is_taken_once_for_its_id_and_only_when_rightly_signed(caller: Caller) -> None:
    body = '{"type": "update.published"}'
    other = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()

    right = await caller.ask("POST", "webhook", "/hook", data=body, headers=signed(body))
    again = await caller.ask("POST", "webhook", "/hook", data=body, headers=signed(body))
    forged = await caller.ask("POST", "webhook", "/hook", data=body, headers=signed(body, "msg_2", other))
    bare = await caller.ask("POST", "webhook", "/hook", data=body)

    assert [right.status, again.status, forged.status, bare.status] == [200, 200, 401, 401]
    [entry] = caller.rig.ledger.entries("webhook")
    assert (entry.to, entry.reference) == ("/hook", "msg_1")
    assert caller.rig.ledger.tally("webhook").words == {"replayed": 1}


@pytest.mark.parametrize("status", [429, 503])
async def test_social_networks_throttle_in_their_own_words(caller: Caller, status: int) -> None:
    effect = {429: "throttle", 503: "unavailable"}[status]
    caller.rig.behave("mastodon", effect, seconds=3)
    caller.rig.behave("bluesky", effect, seconds=3)

    mastodon = await toot(caller, "Saluton")
    bluesky = await (await log_in(caller)).write("createRecord", post())

    assert (mastodon.status, mastodon.headers["Retry-After"], set(mastodon.json())) == (status, "3", {"error"})
    assert (bluesky.status, bluesky.headers["Retry-After"], set(bluesky.json())) == (status, "3", {"error", "message"})
