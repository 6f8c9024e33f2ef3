"""What every channel owes the engine, whoever it speaks to.

A channel that is registered without a way in tests/contract/ways.py fails here.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.message import PERSONAL_MEDIA, Accepted, Batch, Channel, Failure, FailureKind, Info, Outcome, Recipient
from app.errors import Invalid
from channels import registry
from channels.base import Closes
from channels.http import Http, Timeouts
from tests.contract.ways import HTTP_WAYS, SITE_WAY, SMTP_WAY, WAYS, Way
from tests.patience import PATIENCE
from tests.rig import Rig
from tests.rig.wire import Reply, Request
from tests.unit.channels.answers import Answers, closed_port

pytestmark = pytest.mark.anyio

NAMES = sorted(registry.CHANNELS)
SENDING = sorted([*HTTP_WAYS, "email_smtp"])
PERSONAL = [name for name in SENDING if registry.info(name).medium in PERSONAL_MEDIA]
SECONDS = 7.0

AMBIGUOUS, NOT_ACCEPTED = FailureKind.AMBIGUOUS, FailureKind.NOT_ACCEPTED
RIG_EFFECTS = {
    # effect: (over HTTP, over SMTP, where a reply before the last dot settles it)
    "throttle": (NOT_ACCEPTED, NOT_ACCEPTED),
    "unavailable": (NOT_ACCEPTED, NOT_ACCEPTED),
    "unauthorized": (FailureKind.ACCOUNT, FailureKind.ACCOUNT),
    "error_before": (AMBIGUOUS, NOT_ACCEPTED),
    "black_hole": (AMBIGUOUS, NOT_ACCEPTED),
    "reset_before": (AMBIGUOUS, NOT_ACCEPTED),
    "hang_after_accept": (AMBIGUOUS, AMBIGUOUS),
    "reset_after_accept": (AMBIGUOUS, AMBIGUOUS),
    "reset_mid_reply": (AMBIGUOUS, AMBIGUOUS),
}
SILENT = {"black_hole", "hang_after_accept"}
STATUSES = {
    400: FailureKind.CONTENT,
    401: FailureKind.ACCOUNT,
    403: FailureKind.ACCOUNT,
    404: FailureKind.ACCOUNT,
    405: FailureKind.ACCOUNT,
    429: NOT_ACCEPTED,
    500: AMBIGUOUS,
    502: AMBIGUOUS,
    503: NOT_ACCEPTED,
    504: AMBIGUOUS,
}
OWN_STATUSES = {
    ("social_mastodon", 404): FailureKind.CONTENT,
    **{("push_web", status): FailureKind.RECIPIENT for status in (401, 403, 404)},
    ("chat_telegram", 403): FailureKind.RECIPIENT,
}
"""Where a provider's own documentation says more: the post that is answered may be gone, or the device; or the chat is
the one that refuses.
"""
OWN_EFFECTS = {("push_web", "unauthorized"): FailureKind.RECIPIENT}


@pytest.fixture
async def http(anyio_backend: str) -> AsyncIterator[Http]:
    client = Http(Timeouts(connect=30.0, total=60.0), allow_private=True)
    yield client
    await client.aclose()


@pytest.fixture
async def impatient(anyio_backend: str) -> AsyncIterator[Http]:
    """For those who never answer, and for a website that does not show what it should."""
    client = Http(Timeouts(connect=30.0, total=1.5), allow_private=True)
    yield client
    await client.aclose()


@pytest.fixture
async def rig(anyio_backend: str) -> AsyncIterator[Rig]:
    async with Rig() as running:
        yield running


async def send(channel: Channel, way: Way, count: int = 1) -> list[Outcome]:
    """One outcome for each recipient, whatever happens; the engine relies on it."""
    people = tuple(Recipient(f"{number or ''}{way.address}", f"ref{number}") for number in range(count))
    try:
        async with asyncio.timeout(PATIENCE):
            outcomes = list(await channel.send(Batch(way.message, people)))
    finally:
        if isinstance(channel, Closes):
            await channel.aclose()
    assert len(outcomes) == count
    assert all(isinstance(outcome, Accepted | Failure) for outcome in outcomes)
    return outcomes


async def failure(channel: Channel, way: Way) -> Failure:
    (outcome,) = await send(channel, way)
    assert isinstance(outcome, Failure), outcome
    assert outcome.detail, "staff need a sentence"
    assert len(outcome.code) <= 40
    for canary in (way.address, way.secret):
        assert not canary or canary not in repr(outcome)
    assert "127.0.0.1" not in repr(outcome)
    return outcome


def opened(name: str, url: str, http: Http) -> Channel:
    return registry.open_channel(name, WAYS[name].settings(url), http)


def test_every_registered_channel_is_examined_here() -> None:
    assert set(WAYS) == set(registry.CHANNELS)


@pytest.mark.parametrize("name", NAMES)
def test_a_channel_declares_what_it_is(name: str) -> None:
    channel = registry.load(name)
    info: Info = channel.info
    assert info.name == name
    assert info.title
    assert info.docs_url.startswith("https://")
    assert info.batch_size >= 1
    assert info.rate_per_second > 0
    assert info.concurrency >= 1
    assert info.can_edit == hasattr(channel, "edit")
    assert info.can_retract == hasattr(channel, "retract")
    assert hasattr(channel, "verify") == hasattr(channel, "receipts")
    assert inspect.iscoroutinefunction(channel.send)


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_frozen_labelled_and_hide_their_secrets(name: str) -> None:
    way = WAYS[name]
    schema = registry.settings_schema(name)
    assert all(field.label and field.label != field.name for field in schema)
    assert all(field.default is None for field in schema if field.secret or field.required)
    settings = registry.load(name).Settings
    assert settings.__dataclass_params__.frozen
    channel = opened(name, "http://127.0.0.1:1", Http(allow_private=True))
    if way.secret:
        assert any(field.secret for field in schema)
        assert way.secret not in repr((channel, vars(channel)))


@pytest.mark.parametrize("name", NAMES)
def test_opening_a_channel_does_no_io(name: str) -> None:
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen(1)
        trap.settimeout(0.02)
        opened(name, f"http://127.0.0.1:{trap.getsockname()[1]}", Http(allow_private=True))
        with pytest.raises(TimeoutError):
            trap.accept()


@pytest.mark.parametrize("name", SENDING)
async def test_the_provider_accepts_what_a_channel_sends(name: str, http: Http, rig: Rig) -> None:
    way = WAYS[name]
    (outcome,) = await send(opened(name, rig.url(way.provider), http), way)
    assert isinstance(outcome, Accepted), outcome
    assert rig.ledger.accepted(way.provider) == 1


@pytest.mark.parametrize("effect", RIG_EFFECTS)
@pytest.mark.parametrize("name", SENDING)
async def test_a_providers_misbehaviour_has_its_kind(
    name: str, effect: str, http: Http, impatient: Http, rig: Rig
) -> None:
    way = WAYS[name]
    rig.behave(way.provider, effect, seconds=SECONDS)
    client = impatient if effect in SILENT else http
    found = await failure(opened(name, rig.url(way.provider), client), way)
    over_http, over_smtp = RIG_EFFECTS[effect]
    assert found.kind is OWN_EFFECTS.get((name, effect), over_smtp if way is SMTP_WAY else over_http)
    if effect == "throttle" and way is not SMTP_WAY:
        assert found.retry_after is not None
        assert 0 < found.retry_after <= SECONDS + 1.0  # Mastodon names a moment: less is left the later it is read


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", sorted(HTTP_WAYS))
async def test_a_status_has_its_kind(name: str, status: int, http: Http) -> None:
    def say(request: Request) -> Reply:
        if request.path.endswith("createSession"):
            return Reply.of_json(200, {"did": "did:plc:x", "accessJwt": "a", "refreshJwt": "r"})
        canaries = f"{WAYS[name].address} {WAYS[name].secret}"
        return Reply.of_json(status, {"error": canaries, "message": canaries, "errors": [{"message": canaries}]})

    async with Answers(say) as server:
        found = await failure(opened(name, server.url, http), WAYS[name])
    assert (found.kind, found.code) == (OWN_STATUSES.get((name, status), STATUSES[status]), f"http_{status}")


@pytest.mark.parametrize("name", [*SENDING, "site"])
async def test_a_refused_connection_is_surely_not_accepted(name: str, http: Http, impatient: Http) -> None:
    with closed_port() as port:
        client = impatient if name == "site" else http
        found = await failure(opened(name, f"http://127.0.0.1:{port}", client), WAYS[name])
    assert (found.kind, found.code) == (NOT_ACCEPTED, "refused")


@pytest.mark.parametrize("name", SENDING)
async def test_a_name_that_does_not_resolve_is_surely_not_accepted(name: str, http: Http) -> None:
    # https and a port for those that insist on them; the name belongs to nobody (RFC 6761).
    url = "nobody.invalid:443" if WAYS[name] is SMTP_WAY else "https://nobody.invalid:443"
    found = await failure(opened(name, url, http), WAYS[name])
    assert (found.kind, found.code) == (NOT_ACCEPTED, "dns")


@pytest.mark.parametrize("status", STATUSES)
async def test_reading_the_site_is_never_ambiguous(status: int) -> None:
    async with Answers(lambda _: Reply.of_json(status, {})) as server:
        found = await failure(opened("site", server.url, Http(Timeouts(30.0, 0.3), allow_private=True)), SITE_WAY)
    assert found.kind is NOT_ACCEPTED


@pytest.mark.parametrize("name", PERSONAL)
async def test_one_outcome_for_everyone_of_a_full_batch(name: str, http: Http, rig: Rig) -> None:
    way = WAYS[name]
    count = min(registry.info(name).batch_size, 20)
    rig.behave(way.provider, "unavailable", times=1)
    channel = opened(name, rig.url(way.provider), http)
    assert not any(isinstance(outcome, Accepted) for outcome in await send(channel, way, count))
    assert all(isinstance(outcome, Accepted) for outcome in await send(channel, way, count))


@pytest.mark.parametrize("name", SENDING)
async def test_the_log_shows_no_secret_and_no_address(
    name: str, http: Http, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    way = WAYS[name]
    rig.behave(way.provider, "error_before", times=1)
    for _ in range(2):
        await send(opened(name, rig.url(way.provider), http), way)
    assert way.secret not in caplog.text
    assert way.address not in caplog.text


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("outbox")])
async def test_an_outbox_takes_everything_and_can_write_it_down(name: str, http: Http, tmp_path: Path) -> None:
    way = WAYS[name]
    assert all(isinstance(one, Accepted) for one in await send(opened(name, "", http), way, 3))
    channel = registry.open_channel(name, {"directory": str(tmp_path)}, http)
    await send(channel, way, 3)
    assert len((tmp_path / f"{name}.ndjson").read_text().splitlines()) == 3
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    blocked = registry.open_channel(name, {"directory": str(in_the_way)}, http)
    assert (await failure(blocked, dataclasses.replace(way, address="nobody"))).kind is FailureKind.OURS


def test_a_channel_nobody_wrote_is_a_clear_problem() -> None:
    with pytest.raises(Invalid) as refused:
        registry.load("pigeon")
    assert refused.value.problems[0].code == "channel_unknown"
