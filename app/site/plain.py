"""The plainest requests of all: one whole GET or HEAD in one packet, and its whole answer, ready to be written.

`plain_request` is strict where RFC 9112 lets a server be lenient: what it does not know by heart it leaves to uvicorn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, NamedTuple

from app.site.edge import negotiate
from app.site.shelf import Shelf, Variant

PLAIN_REQUEST: Final = re.compile(
    rb"(GET|HEAD) (/[A-Za-z0-9\-._~/]*)(?:\?([A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*))? HTTP/1\.1"
    rb"((?:\r\n[A-Za-z0-9!#$%&'*+\-.^_`|~]+:[\t\x20-\x7e\x80-\xff]*)*)\r\n\r\n"
)
"""RFC 9112 without its liberties: no bare line feed, no folding, no percent-encoding in the path."""
TELLING: Final = re.compile(
    rb"\r\n(connection|proxy-connection|content-length|transfer-encoding|expect|upgrade|accept-encoding|if-none-match"
    rb"|last-event-id):[ \t]*([^\r]*)",
    re.IGNORECASE,
)
"""The header fields that change an answer, or what comes after it."""
LARGEST: Final = 8192
"""Bytes; a longer request is nobody's plain one."""

MOST_PACKETS: Final = 4096
"""Remembered at once, each of LARGEST at most and usually half a kilobyte; then all are forgotten."""

Headers = list[tuple[bytes, bytes]]


class Asked(NamedTuple):
    path: str
    head: bool
    accept_encoding: bytes
    if_none_match: bytes
    query: bytes
    last_event_id: bytes


def plain_request(data: bytes) -> Asked | None:
    """What this packet asks for, when it is one whole plain request and nothing else."""
    if len(data) > LARGEST or (found := PLAIN_REQUEST.fullmatch(data)) is None:
        return None
    accepts = holds = last_event = b""
    method, path, query, fields = found.groups()
    for name, value in TELLING.findall(fields):
        match name.lower():
            case b"accept-encoding":
                accepts = accepts + b"," + value if accepts else value
            case b"if-none-match":
                holds = holds + b"," + value if holds else value
            case b"last-event-id":
                last_event = last_event or value
            case b"connection" if value.lower() == b"keep-alive":
                pass
            case _:
                return None
    return Asked(path.decode("ascii"), method == b"HEAD", accepts, holds, query or b"", last_event)


def head_of(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Status line and fields as uvicorn writes them, up to and with the empty line."""
    lines = [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join([b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode()), *lines, b"\r\n"])


class Whole:
    """One answer as it goes out; made anew when uvicorn has renewed its Date header, once a second."""

    __slots__ = ("_bytes", "_default", "_head", "_held", "_variant")

    def __init__(self, variant: Variant, *, held: bool, head: bool) -> None:
        self._variant, self._held, self._head = variant, held, head
        self._default: Headers | None = None
        self._bytes = b""

    def dated(self, default: Headers) -> bytes:
        if default is not self._default:
            variant = self._variant
            headers = variant.not_modified if self._held else variant.headers
            body = b"" if self._held or self._head else variant.body
            self._default = default
            self._bytes = head_of(304 if self._held else 200, (*default, *headers)) + body
        return self._bytes


class Counter:
    """Answers of one shelf. Visitors ask again in the same words: a packet that came before is only looked up."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._snapshot: object = None
        self._packets: dict[bytes, Whole] = {}
        self._wholes: dict[tuple[Variant, bool, bool], Whole] = {}

    def answer(self, packet: bytes, default: Headers) -> bytes | None:
        """The whole answer to this packet, or None when it is for uvicorn to read."""
        if self._shelf.addresses is not self._snapshot:
            self._snapshot, self._packets, self._wholes = self._shelf.addresses, {}, {}
        whole = self._packets.get(packet) or self._read(packet)
        return None if whole is None else whole.dated(default)

    def _read(self, packet: bytes) -> Whole | None:
        asked = plain_request(packet)
        if asked is None:
            return None
        found = self._shelf.get(asked.path)
        if found is None:
            return None
        variant, held = negotiate(found, asked.accept_encoding, asked.if_none_match)
        key = (variant, held, asked.head)
        whole = self._wholes.get(key)
        if whole is None:
            whole = self._wholes[key] = Whole(variant, held=held, head=asked.head)
        if len(self._packets) >= MOST_PACKETS:
            self._packets.clear()
        self._packets[packet] = whole
        return whole
