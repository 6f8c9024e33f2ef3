"""The one way out by HTTP: pooled, with explicit time-outs, and with typed failures instead of exceptions.

No redirect is followed and no proxy of the environment is used. Providers, whose addresses the operator sets, are
called by libcurl (docs/adr/0008-libcurl-for-providers.md); addresses that customers give by the client whose parser
also checks them (docs/adr/0002-http-client.md).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

import orjson
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import BuilderError, DetailedPyreqwestError
from pyreqwest.http import Url
from pyreqwest.response import Response

from app.errors import Problem
from channels import guard
from channels.base import Failure, FailureKind
from channels.broken import network_failure
from channels.moments import moment_of
from channels.pins import Pins
from channels.wire import BAD_REQUEST, Answer, Standing, Wire

Headers = Mapping[str, str]
Raw = Answer | Failure  # what a `post` comes to

LONGEST_BODY: Final = 8 << 20
"""Bytes read of an answer that comes over a `Line`."""
_IDLE_SECONDS: Final = 30.0
_WAYS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `connect` (name, TCP, TLS) should be well below `total`, which also covers the answer."""

    connect: float = 3.0
    total: float = 10.0


class _Said(Protocol):
    """An answer of either client."""

    @property
    def status(self) -> int: ...
    def get_header(self, name: str, /) -> str | None: ...
    def get_header_all(self, name: str, /) -> list[str]: ...


class Reply:
    """An answer with its whole body read."""

    __slots__ = ("_now", "_response", "body", "status")

    def __init__(self, response: _Said, body: bytes, now: Callable[[], datetime]) -> None:
        self.status = response.status
        self.body = body
        self._response = response
        self._now = now

    def sent_at(self) -> datetime:
        """By the server's own clock where it tells, else by ours."""
        date = moment_of(self.header("date"))
        return date if isinstance(date, datetime) else self._now()

    def header(self, name: str) -> str:
        """The first header of that name, "" without one."""
        return self._response.get_header(name) or ""

    def each(self, name: str) -> list[str]:
        """Every header of that name."""
        return self._response.get_header_all(name)

    def document(self) -> dict[str, Any]:
        """The body as a JSON object; {} when it is anything else."""
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return document if isinstance(document, dict) else {}


def standing_headers(authorization: str, content_type: str) -> Standing:
    """The headers of every call to one account; `authorization` shows in no repr. Raises ValueError on a line break."""
    return Standing({"content-type": content_type, "accept": "application/json", "authorization": authorization})


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Http:
    """Shared by all channels of a process. The constructor does no I/O; close it with `aclose`."""

    def __init__(
        self,
        timeouts: Timeouts | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
        allow_private: bool = False,
        public_ports: Collection[int] = guard.PORTS,
        resolve: guard.Resolve = guard.resolve,
    ) -> None:
        """`allow_private` lets `post_public` reach loopback: for tests and the demo, never for a service."""
        self.timeouts = timeouts or Timeouts()
        self.now = now
        self.allow_private = allow_private
        self._ports = frozenset(public_ports)
        self._resolve = resolve
        self._wires: dict[int, Wire] = {}
        self._pins = Pins(self._client_for)
        self._ways: dict[tuple[str, int], tuple[float, tuple[str, str, int]]] = {}

    async def call(
        self,
        method: str,
        url: str,
        headers: Headers | Standing,
        body: bytes | None = None,
        more: Headers | None = None,
    ) -> Reply | Failure:
        """One request. Any answer is a Reply, whatever its status; a Failure says what the network did.

        NOT_ACCEPTED: refused, name, TLS, connect time-out. AMBIGUOUS: anything after the request may have
        left. OURS: it could not be built. Prebuild with `standing_headers` what goes with every call; `more` goes with
        this one alone.
        """
        if more or not isinstance(headers, Standing):
            try:
                headers = Standing(headers, more or {})
            except ValueError:
                return BAD_REQUEST
        answer = await self._here().request(method, url, headers, body)
        return answer if isinstance(answer, Failure) else Reply(answer, answer.body, self.now)

    def poster(self, url: str, headers: Standing) -> Callable[[bytes, Callable[[Raw], object]], Callable[[], None]]:
        """post(body, heard), for this thread's event loop and for whoever goes on from `heard`, called once and later:
        to be woken costs as much as to call.

        `heard` must neither wait nor raise. What is returned gives the request up.
        """
        return partial(self._here().post, url, headers)

    def understood(self, raw: Raw) -> Reply | Failure:
        """What `heard` was given, as `call` would have returned it."""
        return raw if isinstance(raw, Failure) else Reply(raw, raw.body, self.now)

    def _here(self) -> Wire:
        """The connections of the event loop that runs in this thread: asking which one that is costs a system call."""
        thread = threading.get_ident()
        wire = self._wires.get(thread)
        if wire is None or not wire.running:
            for ended in [one for one, kept in self._wires.items() if not kept.running]:
                self._wires.pop(ended).close()
            wire = self._wires[thread] = Wire(self.timeouts.connect, self.timeouts.total)
        return wire

    async def post_public(self, url: str, headers: Headers, body: bytes, *, keep: float = 0.0) -> Reply | Failure:
        """POST to an address a customer gave: resolved once, every address checked, connected to that very one.

        A URL that points inside is a Failure(ACCOUNT) and no connection is made; the reply's body is not read. `keep`:
        for so many seconds the address that was checked for this host is used again, where a million go to one host.
        """
        way = await (self._remembered(url, keep) if keep else self._checked(url))
        if isinstance(way, Failure):
            return way
        async with self._pins.use(way) as client:
            reply = await _call(client, self.now, "POST", Url(url), headers, body, read=False)
        if isinstance(reply, Failure):  # it may have moved
            self._ways.pop((way[0], way[2]), None)
        return reply

    async def visit_public(self, method: str, url: str, headers: Headers) -> Reply | Failure:
        """The same without a body, over a connection of its own: for many hosts, each asked once or twice."""
        way = await self._checked(url)
        if isinstance(way, Failure):
            return way
        client = await self._client_for(*way)
        try:
            return await _call(client, self.now, method, Url(url), headers, None, read=False)
        finally:
            await client.close()

    @asynccontextmanager
    async def line(self, url: str, *, private: bool = False) -> AsyncIterator[Line | Failure]:
        """Several requests to the host of this URL, an address somebody configured: resolved once, every address
        checked, each connection made to that very one, all closed at the end. `private` permits inside addresses,
        http and any port, for an operator who says so.
        """
        way = await self._checked(url, private=private)
        if isinstance(way, Failure):
            yield way
            return
        client = await self._client_for(*way)
        try:
            yield Line(client, self.now, way[0], way[2])
        finally:
            await client.close()

    async def _remembered(self, url: str, keep: float) -> tuple[str, str, int] | Failure:
        """As `_checked`, but for the look-up."""
        problem = guard.check_url(url, ports=self._ports, allow_private=self.allow_private)
        if problem is not None:
            return _refused(problem)
        parsed = Url(url)
        place, now = (parsed.host_str or "", parsed.port_or_known_default or 443), time.monotonic()
        found = self._ways.get(place)
        if found is not None and now - found[0] < keep:
            return found[1]
        way = await self._checked(url)
        if isinstance(way, tuple):
            if len(self._ways) >= _WAYS_KEPT:
                del self._ways[next(iter(self._ways))]
            self._ways[place] = (now, way)
        return way

    async def _checked(self, url: str, *, private: bool = False) -> tuple[str, str, int] | Failure:
        """Host, the one address to connect to, and port."""
        private = private or self.allow_private
        problem = guard.check_url(url, ports=self._ports, allow_private=private)
        if problem is not None:
            return _refused(problem)
        parsed = Url(url)
        host, port = parsed.host_str or "", parsed.port_or_known_default or 443
        if guard.is_numeric(host):
            return host, host, port
        try:
            async with asyncio.timeout(self.timeouts.connect):
                addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            return Failure(FailureKind.NOT_ACCEPTED, "dns", "The host name did not resolve.")
        problem = None if private else guard.check_addresses(addresses)
        return (host, addresses[0], port) if problem is None else _refused(problem)

    async def aclose(self) -> None:
        """Close the connections of this thread's event loop; what another one opened goes when that one has ended."""
        wire = self._wires.pop(threading.get_ident(), None)
        if wire is not None:
            wire.close()
        await self._pins.close()

    async def _client_for(self, host: str, address: str, port: int) -> Client:
        return await asyncio.to_thread(self._knowing(host, address, port).build)  # reads the trust store: milliseconds

    def _knowing(self, host: str, address: str, port: int) -> ClientBuilder:
        builder = self._builder()
        return builder.resolve(host, address, port) if host != address else builder

    def _builder(self) -> ClientBuilder:
        return (
            ClientBuilder()
            .no_proxy()
            .follow_redirects(False)
            .referer(False)
            .user_agent("Clarion")
            .connect_timeout(timedelta(seconds=self.timeouts.connect))
            .timeout(timedelta(seconds=self.timeouts.total))
            .pool_idle_timeout(timedelta(seconds=_IDLE_SECONDS))
        )


class Line:
    """Requests to one host over connections of their own; see `Http.line`."""

    def __init__(self, client: Client, now: Callable[[], datetime], host: str, port: int) -> None:
        self._client = client
        self._now = now
        self._to = (host, port)

    async def ask(self, method: str, url: str, headers: Headers, body: bytes | None = None) -> Reply | Failure:
        """Its body is read up to LONGEST_BODY; a longer one is Failure(CONTENT, `too_large`)."""
        parsed = guard.parse(url)
        if parsed is None or (parsed.host_str, parsed.port_or_known_default) != self._to:
            return Failure(FailureKind.OURS, "other_host", "The request is for another host than this line.")
        return await _call(self._client, self._now, method, parsed, headers, body, most=LONGEST_BODY)


async def _call(
    client: Client,
    now: Callable[[], datetime],
    method: str,
    url: Url,
    headers: Headers,
    body: bytes | None,
    *,
    read: bool = True,
    most: int = 0,
) -> Reply | Failure:
    """`most` bounds the body in bytes; without `read` none of it is."""
    try:
        builder = client.request(method, url).headers(headers)
        if body is not None:
            builder = builder.body_bytes(body)
        if not read:
            async with builder.build_streamed() as response:
                return Reply(response, b"", now)
        async with builder.build_streamed() as response:
            return await _bounded(response, most, now)
    except (BuilderError, ValueError):
        return BAD_REQUEST
    except DetailedPyreqwestError as error:
        return network_failure(error)


async def _bounded(response: Response, most: int, now: Callable[[], datetime]) -> Reply | Failure:
    body = bytearray()
    while (chunk := await response.body_reader.read_chunk()) is not None:
        body += chunk
        if len(body) > most:
            return Failure(FailureKind.CONTENT, "too_large", f"The answer is longer than {most:,} bytes.")
    return Reply(response, bytes(body), now)


def _refused(problem: Problem) -> Failure:
    return Failure(FailureKind.ACCOUNT, problem.code, problem.sentence)


NOT_ACCEPTED_STATUSES: Final = frozenset({408, 425, 429, 503})
"""The server says itself that it did not take the request (RFC 9110 15.5.9, 15.6.4; RFC 6585 4; RFC 8470 5.2)."""
ACCOUNT_STATUSES: Final = frozenset({401, 402, 403, 404, 405, 407, 410})
"""Our login, or an address at which the provider has nothing to post to: wrong for everybody, never one person's."""


def by_status(reply: Reply, *, reset_header: str = "") -> Failure:
    """What a non-2xx status means where the provider's own table says nothing.

    `reset_header` names a header with the moment (Unix or ISO 8601) when a rate limit ends.
    """
    status = reply.status
    code = f"http_{status}"
    if status in NOT_ACCEPTED_STATUSES:
        wait = retry_after(reply, reset_header)
        later = f"The provider asks to come back later ({status})."
        return Failure(FailureKind.NOT_ACCEPTED, code, later, wait, throttled=status == 429)
    if status >= 500:
        return Failure(FailureKind.AMBIGUOUS, code, f"The provider failed while it had the message ({status}).")
    if status in ACCOUNT_STATUSES:
        return Failure(FailureKind.ACCOUNT, code, f"The provider refuses our credentials or sender ({status}).")
    if 300 <= status < 400:
        return Failure(FailureKind.ACCOUNT, code, f"The address answers with a redirect ({status}); none is followed.")
    return Failure(FailureKind.CONTENT, code, f"The provider refuses this message ({status}).")


def retry_after(reply: Reply, reset_header: str = "") -> float | None:
    """Seconds to wait by Retry-After (RFC 9110 10.2.3), else by `reset_header`; None when neither is usable.

    A moment is taken relative to the reply's own Date, so that a wrong clock of ours does not matter.
    """
    for value in (reply.header("retry-after"), reply.header(reset_header) if reset_header else ""):
        if not value:
            continue
        moment = moment_of(value)
        if moment is None:
            continue
        if isinstance(moment, float):
            return moment
        return max(0.0, (moment - reply.sent_at()).total_seconds())
    return None
