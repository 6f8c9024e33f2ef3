"""The loopback providers of the benchmarks: as quick as Python allows, so that what is measured is the sender.

The rig of the tests can misbehave in many ways and so takes 100 microseconds a call, more than some of the senders
measured here. These three only check the login, count, and remember whom they heard of: `python -m benchmarks.provider
--ports-file F`, until SIGTERM. GET /counts on any HTTP port: {requests, accepted, people}; DELETE begins anew.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import signal
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import httptools
import orjson
import uvloop

from benchmarks.certificate import make_certificate
from tests.rig import accounts

TO: Final = re.compile(rb"(?:^|&)To=([^&]+)")
SMS: Final = orjson.dumps(
    {
        "account_sid": "AC" + "0" * 32,
        "api_version": "2010-04-01",
        "body": "Power is out in the north. The portal and the shop are closed. Call +1 555 0100 or see the page.",
        "date_created": "Sun, 22 Nov 2026 08:00:00 +0000",
        "date_sent": None,
        "date_updated": "Sun, 22 Nov 2026 08:00:00 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "+15551234567",
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": "SM" + "0" * 32,
        "status": "queued",
        "subresource_uris": {"media": "/2010-04-01/Accounts/AC/Messages/SM/Media.json"},
        "to": "+12000000001",
        "uri": "/2010-04-01/Accounts/AC/Messages/SM.json",
    }
)
_SID_AT: Final = SMS.index(b'"SM') + 3


class Book:
    """What was accepted, by everybody who accepts."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.requests = self.accepted = 0
        self.people: set[bytes] = set()

    def accept(self, people: list[bytes]) -> int:
        self.requests += 1
        self.accepted += len(people)
        self.people.update(people)
        return self.accepted

    def document(self) -> dict[str, int]:
        return {"requests": self.requests, "accepted": self.accepted, "people": len(self.people)}


def twilio(book: Book, body: bytes) -> bytes:
    found = TO.search(body)
    if found is None:
        return _answer(400, b'{"code":21604,"message":"To is required","status":400}')
    number = book.accept([found.group(1)])
    return _answer(201, b"%b%032x%b" % (SMS[:_SID_AT], number, SMS[_SID_AT + 32 :]))


def sendgrid(book: Book, body: bytes) -> bytes:
    people = [one["to"][0]["email"].encode() for one in orjson.loads(body)["personalizations"]]
    number = book.accept(people)
    return b"HTTP/1.1 202 Accepted\r\nX-Message-Id: %032x\r\nContent-Length: 0\r\n\r\n" % number


def _answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


class Line(asyncio.Protocol):
    """One HTTP connection."""

    def __init__(self, book: Book, login: bytes, answer: Callable[[Book, bytes], bytes], latency: float) -> None:
        self._book, self._login, self._answer, self._latency = book, login, answer, latency
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._authorization, self._body = b"", b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 13 and name.lower() == b"authorization":
            self._authorization = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        method = self._parser.get_method()
        if method == b"POST":
            known = self._authorization == self._login
            reply = self._answer(self._book, self._body) if known else _answer(401, b'{"code":20003,"status":401}')
        else:
            reply = _answer(200, orjson.dumps(self._book.document()))
            if method == b"DELETE":
                self._book.clear()
        if self._latency and method == b"POST":
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, reply)
        else:
            self._transport.write(reply)


class Mailbox(asyncio.Protocol):
    """One SMTP connection that takes every letter."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._rest = b""
        self._in_letter = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 bench ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while True:
            end = data.find(b"\r\n.\r\n" if self._in_letter else b"\r\n")
            if end < 0:
                self._rest = data
                return
            if self._in_letter:
                self._in_letter, data = False, data[end + 5 :]
                self._transport.write(b"250 2.0.0 Ok: queued as %032x\r\n" % self._book.accept([self._to]))
            else:
                line, data = data[:end], data[end + 2 :]
                self._transport.write(self._obey(line))

    def _obey(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return b"250-bench\r\n250-8BITMIME\r\n250 PIPELINING\r\n"
        if verb == b"RCPT":
            self._to = line
        elif verb == b"DATA":
            self._in_letter = True
            return b"354 go on\r\n"
        elif verb == b"QUIT":
            return b"221 bye\r\n"
        return b"250 Ok\r\n"


async def serve(ports_file: Path, latency: float) -> None:
    loop, stop, book = asyncio.get_running_loop(), asyncio.Event(), Book()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    certificate = make_certificate(ports_file.parent)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificate.chain, certificate.key)
    logins = accounts.document()
    pair = f"{logins['twilio']['account_sid']}:{logins['twilio']['auth_token']}".encode()
    basic, bearer = b"Basic " + base64.b64encode(pair), f"Bearer {logins['sendgrid']['api_key']}".encode()
    addresses: dict[str, object] = {"credentials": logins, "pid": os.getpid(), "authority": str(certificate.authority)}
    for name, login, answer in (("twilio", basic, twilio), ("sendgrid", bearer, sendgrid)):
        for scheme, context in (("http", None), ("https", secure)):
            server = await loop.create_server(
                lambda login=login, answer=answer: Line(book, login, answer, latency),
                "127.0.0.1",
                0,
                backlog=1024,
                ssl=context,
            )
            port = server.sockets[0].getsockname()[1]
            addresses[name if context is None else f"{name}_tls"] = f"{scheme}://localhost:{port}"
    server = await loop.create_server(lambda: Mailbox(book), "127.0.0.1", 0, backlog=1024)
    addresses["smtp"] = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    part = ports_file.with_suffix(".part")
    part.write_text(json.dumps(addresses), encoding="utf-8")
    part.replace(ports_file)
    await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ports-file", type=Path, required=True)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds between a request and its answer")
    given = parser.parse_args()
    uvloop.run(serve(given.ports_file, given.latency))


if __name__ == "__main__":
    main()
