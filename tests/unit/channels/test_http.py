"""What the network does, in the words of FailureKind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.domain.message import Failure, FailureKind
from channels.http import Http, Raw, Reply, Timeouts, by_status, retry_after, standing_headers
from channels.wire import Standing
from tests.conftest import NOON
from tests.rig.wire import Reply as Said
from tests.unit.channels.answers import Answers, always, closed_port

pytestmark = pytest.mark.anyio


async def post(http: Http, url: str, **headers: str) -> Reply | Failure:
    return await http.call("POST", url, headers, b"x")


async def failure(http: Http, url: str) -> Failure:
    result = await post(http, url)
    assert isinstance(result, Failure), result
    return result


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port that drops connection attempts, as a dead host does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


async def test_a_refused_connection_was_surely_not_accepted(http: Http) -> None:
    with closed_port() as port:
        assert (await failure(http, f"http://127.0.0.1:{port}/")).kind is FailureKind.NOT_ACCEPTED


async def test_a_name_that_does_not_resolve_was_surely_not_accepted(http: Http) -> None:
    found = await failure(http, "http://nobody.invalid/")
    assert (found.kind, found.code) == (FailureKind.NOT_ACCEPTED, "dns")


async def test_a_connection_that_never_comes_about_was_surely_not_accepted() -> None:
    hasty = Http(Timeouts(connect=0.2, total=60.0), allow_private=True)
    with full_backlog() as port:
        found = await failure(hasty, f"http://127.0.0.1:{port}/")
    await hasty.aclose()
    assert (found.kind, found.code) == (FailureKind.NOT_ACCEPTED, "connect_timeout")


async def test_a_server_without_tls_was_surely_not_accepted(http: Http) -> None:
    async with Answers(always(200)) as server:
        found = await failure(http, f"https://127.0.0.1:{server.port}/")
    assert (found.kind, found.code) == (FailureKind.NOT_ACCEPTED, "tls")


async def test_silence_after_the_request_is_ambiguous(impatient: Http) -> None:
    async def listen_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen_for_ever, "127.0.0.1", 0)
    async with server:
        found = await failure(impatient, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (found.kind, found.code) == (FailureKind.AMBIGUOUS, "timeout")


async def test_silence_on_a_kept_connection_ends_in_time_too() -> None:
    """libcurl named an earlier time for the first request; the later one of the second must not be lost."""

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read()
        writer.close()

    patient = Http(Timeouts(connect=20.0, total=1.0), allow_private=True)
    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        while not isinstance(await post(patient, url), Reply):
            continue  # a machine too busy to answer within the second
        async with asyncio.timeout(60):
            found = await failure(patient, url)
    await patient.aclose()
    assert (found.kind, found.code) == (FailureKind.AMBIGUOUS, "timeout")


async def test_a_reset_is_ambiguous_because_the_request_may_have_been_read(http: Http) -> None:
    async with Answers(lambda _: None) as server:
        found = await failure(http, server.url)
    assert (found.kind, found.code) == (FailureKind.AMBIGUOUS, "reset")


async def test_a_kept_connection_that_breaks_after_the_request_is_not_tried_again(http: Http) -> None:
    """libcurl would, on its own: somebody would get the same message twice."""
    answers = iter([Said(200)])
    async with Answers(lambda _: next(answers, None)) as server:
        assert isinstance(await post(http, server.url), Reply)
        found = await failure(http, server.url)
        assert len(server.requests) == 2
    assert (found.kind, found.code) == (FailureKind.AMBIGUOUS, "reset")


async def test_a_call_that_is_given_up_leaves_no_connection_behind(http: Http) -> None:
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the caller hangs up
        gone.set()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        call = asyncio.create_task(post(http, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
        while not server.sockets or not call.cancelling():
            await asyncio.sleep(0.05)
            call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(gone.wait(), 20)


async def test_a_post_that_is_given_up_is_not_heard_and_takes_nobody_elses_connection(http: Http) -> None:
    asked, heard = standing_headers("", "text/plain"), list[Raw]()
    async with Answers(always(200)) as server:
        post_to = http.poster(server.url, asked)
        post_to(b"x", heard.append)()
        answers: asyncio.Queue[Raw] = asyncio.Queue()
        give_up = post_to(b"x", answers.put_nowait)
        await asyncio.wait_for(answers.get(), 30)
        later = asyncio.create_task(http.call("POST", server.url, asked, b"x"))  # by what carried the one before
        await asyncio.sleep(0)
        give_up()
        assert isinstance(await later, Reply)
    assert heard == []


async def test_a_post_that_cannot_be_built_is_heard_of_later(http: Http) -> None:
    answers: asyncio.Queue[Raw] = asyncio.Queue()
    http.poster("gopher://127.0.0.1/", standing_headers("", "text/plain"))(b"x", answers.put_nowait)
    assert answers.empty()
    found = http.understood(await asyncio.wait_for(answers.get(), 30))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.OURS


async def test_no_failure_quotes_the_address_it_called(http: Http) -> None:
    with closed_port() as port:
        for url in ("http://nobody.invalid/secret-path", f"http://127.0.0.1:{port}/secret-path"):
            found = await failure(http, url)
            assert "secret-path" not in repr(found)
            assert "nobody" not in repr(found)


async def test_a_header_with_a_line_break_is_our_fault_and_never_leaves(http: Http) -> None:
    async with Answers(always(200)) as server:
        found = await post(http, server.url, **{"idempotency-key": "a\r\nx-evil: 1"})
        assert isinstance(found, Failure)
        assert found.kind is FailureKind.OURS
        assert server.requests == []


async def test_a_redirect_is_not_followed_and_points_at_the_settings(http: Http) -> None:
    async with Answers(always(302, headers={"Location": "/elsewhere"})) as server:
        reply = await post(http, server.url)
        assert isinstance(reply, Reply)
        assert by_status(reply).kind is FailureKind.ACCOUNT
        assert len(server.requests) == 1


async def test_one_connection_serves_many_calls(http: Http) -> None:
    async with Answers(always(200)) as server:
        headers = Standing({"x-one": "1"})
        for _ in range(3):
            assert isinstance(await http.call("POST", server.url, headers, b"x"), Reply)
        assert len(server.requests) == 3
        assert {request.headers["x-one"] for request in server.requests} == {"1"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.CONTENT),
        (401, FailureKind.ACCOUNT),
        (403, FailureKind.ACCOUNT),
        (408, FailureKind.NOT_ACCEPTED),
        (422, FailureKind.CONTENT),
        (429, FailureKind.NOT_ACCEPTED),
        (500, FailureKind.AMBIGUOUS),
        (502, FailureKind.AMBIGUOUS),
        (503, FailureKind.NOT_ACCEPTED),
        (504, FailureKind.AMBIGUOUS),
        (520, FailureKind.AMBIGUOUS),
    ],
)
async def test_a_status_means_what_its_standard_says(http: Http, status: int, kind: FailureKind) -> None:
    async with Answers(always(status)) as server:
        reply = await post(http, server.url)
    assert isinstance(reply, Reply)
    assert by_status(reply).kind is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Tue, 10 Mar 2026 12:01:30 GMT"}, 90.0),
        ({"Retry-After": "Tue, 10 Mar 2026 12:01:30 GMT", "Date": "Tue, 10 Mar 2026 12:01:00 GMT"}, 30.0),
        ({"Retry-After": "Tue, 10 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"x-reset": "2026-03-10T12:05:00.000Z"}, 300.0),
        ({"x-reset": str(int(NOON.timestamp()) + 12)}, 12.0),
        ({"Retry-After": "soon", "x-reset": "5"}, 5.0),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
async def test_the_wait_a_provider_asks_for_is_understood(
    http: Http, headers: dict[str, str], seconds: float | None
) -> None:
    async with Answers(always(429, headers=headers)) as server:
        reply = await post(http, server.url)
    assert isinstance(reply, Reply)
    assert retry_after(reply, "x-reset") == seconds


async def test_an_answer_that_is_no_json_object_is_an_empty_document(http: Http) -> None:
    for body in (b"[1]", b"<html>", b"", b"\xff"):
        async with Answers(lambda _, body=body: Said(200, body)) as server:  # type: ignore[misc]  # bound per round
            reply = await post(http, server.url)
        assert isinstance(reply, Reply)
        assert reply.document() == {}


def test_making_a_client_does_no_io() -> None:
    Http(Timeouts())
