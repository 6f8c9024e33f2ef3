"""What stands in front of the framework: bodies in pieces, bodies that never end, and whatever is not its business."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pytest

from app.callbacks.front import BODY_CAP, front
from app.callbacks.taking import Desk
from app.domain.message import Inbound
from app.errors import ClarionError, Problem, TooLarge, TooSlow, Unauthenticated

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Kept:
    """A desk that takes everything, or refuses with `refusal`."""

    public_base = "https://status.example.org"

    def __init__(self, refusal: ClarionError | None = None) -> None:
        self.refusal = refusal
        self.taken: list[tuple[str, Inbound]] = []

    async def take(self, slug: str, inbound: Inbound) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.taken.append((slug, inbound))


def piece(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def ask(desk: Kept, path: str, events: Iterable[dict[str, Any]], method: str = "POST") -> tuple[Any, list[int]]:
    """(what the application behind was given, the statuses that were answered)."""
    coming, statuses, behind = iter(events), [], []

    async def receive() -> dict[str, Any]:
        for event in coming:
            return event
        await asyncio.sleep(3_600)
        raise AssertionError("nobody waits this long")

    async def send(event: Any) -> None:
        if event["type"] == "http.response.start":
            statuses.append(event["status"])

    async def application(scope: Any, _receive: Any, _send: Any) -> None:
        behind.append(scope["state"].get("refusal"))

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"a=%20b",
        "headers": [(b"x-twilio-signature", b"s\xe9")],
        "state": {},
    }
    await front(cast("Desk", desk))(application)(scope, receive, send)
    return behind, statuses


async def test_a_callback_arrives_as_it_was_sent_whole_or_in_pieces() -> None:
    desk = Kept()
    for events in ([piece(b"abc")], [piece(b"a", more=True), piece(b"", more=True), piece(b"bc")]):
        assert await ask(desk, "/callbacks/texts/ref%2F1", events) == ([], [204])
        url = "https://status.example.org/callbacks/texts/ref%2F1?a=%20b"
        assert desk.taken[-1] == ("texts", Inbound(url, {"x-twilio-signature": "s\u00e9"}, b"abc", "ref%2F1"))
    await ask(desk, "/callbacks/mail", [piece(b"[]")])
    assert desk.taken[-1][1].reference == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/callbacks/texts"),
        ("POST", "/callbacks/contact-channels/line/wait"),
        ("POST", "/callbacks/"),
        ("POST", "/callbacks/texts/"),
        ("POST", "/callbacks"),
        ("POST", "/api/v1/crises"),
    ],
)
async def test_everything_else_passes_by_unread(method: str, path: str) -> None:
    desk = Kept()
    assert await ask(desk, path, [], method) == ([None], [])
    assert desk.taken == []


@pytest.mark.parametrize(
    "events",
    [
        [piece(b" " * (BODY_CAP + 1))],
        [*(piece(b" " * (BODY_CAP // 2), more=True) for _ in range(3))],
    ],
)
async def test_a_body_larger_than_any_providers_is_not_read_to_its_end(events: list[dict[str, Any]]) -> None:
    ([refusal], statuses) = await ask(Kept(), "/callbacks/texts", events)
    assert isinstance(refusal, TooLarge)
    assert statuses == []


@pytest.mark.parametrize("events", [[], [piece(b"a", more=True)], [piece(b"", more=True)]])
async def test_a_body_that_never_ends_is_given_up(events: list[dict[str, Any]]) -> None:
    ([refusal], _) = await ask(Kept(), "/callbacks/texts", events)
    assert isinstance(refusal, TooSlow)


async def test_whoever_left_in_the_middle_is_not_answered_and_nothing_is_kept() -> None:
    desk = Kept()
    assert await ask(desk, "/callbacks/texts", [piece(b"a", more=True), {"type": "http.disconnect"}]) == ([], [])
    assert desk.taken == []


async def test_a_refusal_is_worded_by_the_application() -> None:
    refused = Unauthenticated(Problem("callback_not_proven", "No."))
    assert await ask(Kept(refused), "/callbacks/texts", [piece(b"a")]) == ([refused], [])
