"""Posts: the same words never stand there twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import Accepted, Failure, FailureKind, Found, Medium, Outcome, Recipient, Secret
from channels.http import Http
from channels.social_bluesky import BlueskyPosts, facets, record, record_key
from channels.social_mastodon import MastodonPosts
from tests.conftest import NOON
from tests.rig import Rig
from tests.rig.accounts import BLUESKY_HANDLE, BLUESKY_PASSWORD, MASTODON_TOKEN
from tests.rig.wire import Reply, Request
from tests.unit.channels.answers import Answers, always
from tests.unit.channels.letters import batch, message

pytestmark = pytest.mark.anyio

POST = message(Medium.SOCIAL, text="La kurento mankas – ĝis 14:30. Legu: https://clarion.example/eo/crises/storm.")


def mastodon(url: str, http: Http) -> MastodonPosts:
    return MastodonPosts(MastodonPosts.Settings(url, Secret(MASTODON_TOKEN)), http)


def bluesky(url: str, http: Http) -> BlueskyPosts:
    return BlueskyPosts(BlueskyPosts.Settings(BLUESKY_HANDLE, Secret(BLUESKY_PASSWORD), url), http)


async def post(channel: MastodonPosts | BlueskyPosts, **changes: object) -> Outcome:
    words = replace(POST, **changes)  # type: ignore[arg-type]  # fields by name
    (outcome,) = await channel.send(batch(words, "account"))
    return outcome


def accepted(outcome: Outcome) -> str:
    assert isinstance(outcome, Accepted), outcome
    return outcome.provider_id


@pytest.mark.parametrize("effect", ["hang_after_accept", "reset_after_accept", "error_after_accept", "reset_mid_reply"])
@pytest.mark.parametrize("network", ["mastodon", "bluesky"])
async def test_a_post_whose_answer_was_lost_is_made_once(impatient: Http, rig: Rig, network: str, effect: str) -> None:
    make = mastodon if network == "mastodon" else bluesky
    channel = make(rig.url(network), impatient)
    rig.behave(network, effect, times=1)
    first = await post(channel)
    assert isinstance(first, Failure)
    assert first.kind is FailureKind.AMBIGUOUS
    assert accepted(await post(channel))
    assert rig.ledger.accepted(network) == 1


async def test_a_toot_names_its_language_and_thread(http: Http) -> None:
    async with Answers(always(200, {"id": "12"})) as server:
        assert accepted(await post(mastodon(server.url, http), language="gu-IN", reply_to="11")) == "12"
        document = orjson.loads(server.requests[0].body)
        assert server.requests[0].headers["idempotency-key"] == POST.key
    assert document == {"status": POST.text, "language": "gu", "visibility": "public", "in_reply_to_id": "11"}


async def test_a_toot_can_be_edited_and_taken_back(http: Http, rig: Rig) -> None:
    channel = mastodon(rig.url("mastodon"), http)
    toot = accepted(await post(channel))
    assert accepted(await channel.edit(toot, replace(POST, text="Ĝustigo."))) == toot
    assert accepted(await channel.retract(toot))
    assert accepted(await channel.retract(toot)) == toot
    assert rig.ledger.accepted("mastodon") == 1


async def test_a_provider_id_cannot_change_the_path_of_a_call(http: Http) -> None:
    async with Answers(always(200, {"id": "1"})) as server:
        await mastodon(server.url, http).retract("../accounts/1?x=")
        assert server.requests[0].path == "/api/v1/statuses/accounts1x"


async def test_words_an_instance_refuses_are_content(http: Http) -> None:
    async with Answers(always(422, {"error": "Validation failed"})) as server:
        outcome = await post(mastodon(server.url, http))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.CONTENT


async def test_a_session_is_opened_once_and_renewed_once_when_it_runs_out(http: Http, rig: Rig) -> None:
    channel = bluesky(rig.url("bluesky"), http)
    accepted(await post(channel))
    accepted(await post(channel, key="another"))
    rig.bluesky.expire_sessions()
    outcomes = await asyncio.gather(*(post(channel, key=f"key{number}") for number in range(3)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    paths = [one.path for one in rig.ledger.requests("bluesky")]
    assert len([path for path in paths if path.endswith("createSession")]) == 1
    assert len([path for path in paths if path.endswith("refreshSession")]) == 1


async def test_a_login_that_fails_has_posted_nothing(http: Http) -> None:
    async with Answers(lambda _: None) as server:
        outcome = await post(bluesky(server.url, http))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.NOT_ACCEPTED


async def test_a_wrong_password_is_the_accounts_fault_and_is_not_shown(http: Http, rig: Rig) -> None:
    settings = BlueskyPosts.Settings(BLUESKY_HANDLE, Secret("wrong-password"), rig.url("bluesky"))
    outcome = await post_with(BlueskyPosts(settings, http))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.ACCOUNT
    assert "wrong-password" not in repr((outcome, settings))


async def post_with(channel: BlueskyPosts) -> Outcome:
    return await post(channel)


async def test_a_session_that_is_stale_again_at_once_ends_as_the_accounts_fault(http: Http) -> None:
    session = Reply.of_json(200, {"did": "did:plc:x", "accessJwt": "a", "refreshJwt": "r"})
    stale = Reply.of_json(400, {"error": "ExpiredToken"})

    def say(request: Request) -> Reply:
        return session if request.path.endswith("Session") else stale

    async with Answers(say) as server:
        outcome = await post(bluesky(server.url, http))
        assert len([one for one in server.requests if one.path.endswith("putRecord")]) == 2
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (FailureKind.ACCOUNT, "ExpiredToken")


async def test_what_bluesky_has_is_found_and_can_be_taken_back(http: Http, rig: Rig) -> None:
    channel = bluesky(rig.url("bluesky"), http)
    nobody = Recipient("account", "ref1")
    assert (await channel.find(nobody, POST, NOON)).found is Found.NO
    uri = accepted(await post(channel))
    assert (await channel.find(nobody, POST, NOON)).provider_id == uri
    accepted(await channel.retract(uri))
    assert (await channel.find(nobody, POST, NOON)).found is Found.NO
    await rig.down("bluesky")
    assert (await channel.find(nobody, POST, NOON)).found is Found.CANNOT_TELL


async def test_a_thread_keeps_its_root(http: Http, rig: Rig) -> None:
    channel = bluesky(rig.url("bluesky"), http)
    first = accepted(await post(channel))
    second = accepted(await post(channel, key="k2", reply_to=first))
    third = accepted(await post(channel, key="k3", reply_to=second))
    replies = {uri: await reply_of(http, rig, uri) for uri in (second, third)}
    assert (replies[second]["root"]["uri"], replies[second]["parent"]["uri"]) == (first, first)
    assert (replies[third]["root"]["uri"], replies[third]["parent"]["uri"]) == (first, second)


async def reply_of(http: Http, rig: Rig, uri: str) -> dict[str, Any]:
    repository, collection, key = uri.removeprefix("at://").split("/")
    query = f"repo={repository}&collection={collection}&rkey={key}"
    reply = await http.call("GET", f"{rig.url('bluesky')}/xrpc/com.atproto.repo.getRecord?{query}", {})
    assert not isinstance(reply, Failure)
    found: dict[str, Any] = reply.document()["value"]["reply"]
    return found


async def test_a_reply_to_a_post_that_is_gone_stands_alone(http: Http, rig: Rig) -> None:
    channel = bluesky(rig.url("bluesky"), http)
    gone = f"at://{BLUESKY_HANDLE}/app.bsky.feed.post/3kaaaaaaaaa22"
    assert accepted(await post(channel, reply_to=gone))


async def test_on_mastodon_too_the_words_stand_alone_when_the_post_above_is_gone(http: Http, rig: Rig) -> None:
    channel = mastodon(rig.url("mastodon"), http)
    first = accepted(await post(channel, key="k1"))
    assert accepted(await post(channel, key="k2", reply_to=first))
    assert accepted(await post(channel, key="k3", reply_to="999999"))


async def test_without_a_date_or_a_key_nothing_is_posted(http: Http, rig: Rig) -> None:
    channel = bluesky(rig.url("bluesky"), http)
    for changes in ({"created_at": None}, {"key": ""}):
        outcome = await post(channel, **changes)
        assert isinstance(outcome, Failure)
        assert outcome.kind is FailureKind.OURS
    assert rig.ledger.tally("bluesky").requests == 0


def test_links_are_marked_by_their_bytes() -> None:
    text = "✨ ĝ: https://a.example/ĉu?x=1, (https://b.example)."
    raw = text.encode()
    found = [(raw[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(), one) for one in facets(text)]
    assert [words for words, _ in found] == ["https://a.example/ĉu?x=1", "https://b.example"]
    assert all(words == one["features"][0]["uri"] for words, one in found)


def test_a_record_is_the_same_at_every_attempt() -> None:
    assert record(POST, NOON, None) == record(POST, NOON, None)
    assert record(POST, NOON, None)["createdAt"] == "2026-03-10T12:00:00.000Z"


@given(st.text(min_size=1), st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_a_record_key_is_a_timestamp_identifier(key: str, later: timedelta) -> None:
    found = record_key(NOON + later, key)
    assert len(found) == 13
    assert found[0] in "234567abcdefghij"
    assert set(found) <= set("234567abcdefghijklmnopqrstuvwxyz")
    assert found == record_key(NOON + later, key)
    assert found < record_key(NOON + later + timedelta(milliseconds=2), key)
