"""Requests over kept connections by libcurl, driven from the thread of the event loop itself.

No thread and no hand-over of the interpreter between an answer and whoever waits for it. Why, and what was measured:
docs/adr/0008-libcurl-for-providers.md. How the loop and libcurl work together: https://curl.se/libcurl/c/libcurl-multi.html,
"multi_socket".
"""

from __future__ import annotations

import asyncio
import errno
import re
import selectors
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from io import BytesIO
from operator import is_
from typing import Final, NamedTuple

import pycurl

from channels.base import Failure, FailureKind

LONGEST_ANSWER: Final = 32 << 20
"""Bytes of an answer's body; more breaks the connection off."""
_KEPT_CONNECTIONS: Final = 256
_KEPT_HANDLES: Final = 256
_IDLE_SECONDS: Final = 30
_EVENTS: Final = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}
_READY: Final = {
    selectors.EVENT_READ: pycurl.CSELECT_IN,
    selectors.EVENT_WRITE: pycurl.CSELECT_OUT,
    selectors.EVENT_READ | selectors.EVENT_WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}
_BROKEN: Final = re.compile(r"[\r\n\0]")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110 5.6.2."""

BAD_REQUEST: Final = Failure(
    FailureKind.OURS, "bad_request", "The request could not be built from these settings and words."
)
_NEVER_LEFT: Final[Mapping[int, tuple[str, str]]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: ("dns", "The host name did not resolve."),
    pycurl.E_COULDNT_CONNECT: ("connect", "No connection came about."),
    pycurl.E_SSL_CONNECT_ERROR: ("tls", "No secure connection came about."),
    pycurl.E_PEER_FAILED_VERIFICATION: ("tls", "No secure connection came about."),
    pycurl.E_SSL_CACERT_BADFILE: ("tls", "No secure connection came about."),
}
"""Errors of https://curl.se/libcurl/c/libcurl-errors.html that come before a byte of the request can have left."""
_UNBUILT: Final = frozenset({pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_BAD_FUNCTION_ARGUMENT})


class Standing:
    """Header lines made once for many requests. Its repr shows none: one of them may be a password."""

    __slots__ = ("lines",)

    def __init__(self, *headers: Mapping[str, str] | Standing) -> None:
        """Raise ValueError for a name that is none, or a value with a line break."""
        self.lines: list[str] = []
        for part in headers:
            self.lines += part.lines if isinstance(part, Standing) else map(_line, part.items())

    def __repr__(self) -> str:
        return "Standing(...)"


def _line(header: tuple[str, str]) -> str:
    name, value = header
    if not _NAME.fullmatch(name) or _BROKEN.search(value):
        raise ValueError("a header must be a token and its value one line")
    return f"{name}: {value}" if value else f"{name};"  # libcurl takes `name:` for "do not send it"


class Answer(NamedTuple):
    """A status, header lines as they came, and the whole body."""

    status: int
    head: bytes
    body: bytes

    def get_header(self, name: str) -> str | None:
        """The first header of that name."""
        return next(iter(self.get_header_all(name)), None)

    def get_header_all(self, name: str) -> list[str]:
        start = self.head.rfind(b"HTTP/")  # an interim answer's headers come before
        lines = (line.partition(b":") for line in self.head[start:].split(b"\r\n")[1:])
        wanted = name.lower().encode()
        return [value.strip().decode("latin-1") for found, _, value in lines if found.strip().lower() == wanted]


Heard = Callable[[Answer | Failure], object]
"""Told what became of a request, in the middle of others that are told the same: it must neither wait nor raise."""


class _Handle:
    """One request at a time; connections are kept apart from it. What was set stays set and is not set again."""

    __slots__ = ("_asked", "_body", "_curl", "_head", "_upload", "heard")

    def __init__(self, connect: float, total: float, trusted: ssl.DefaultVerifyPaths) -> None:
        self._head, self._body, self._upload = bytearray(), bytearray(), BytesIO()
        self._asked: tuple[str, str, Standing, bool] | None = None
        self.heard: Heard
        """Of the request under way, or of the last one."""
        curl = self._curl = pycurl.Curl()
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROXY, "")  # none of the environment's either
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.USERAGENT, "Clarion")
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(connect * 1000)))
        curl.setopt(pycurl.TIMEOUT_MS, max(1, round(total * 1000)))
        curl.setopt(pycurl.MAXAGE_CONN, _IDLE_SECONDS)
        curl.setopt(pycurl.MAXFILESIZE, LONGEST_ANSWER)
        if trusted.cafile:
            curl.setopt(pycurl.CAINFO, trusted.cafile)
        if trusted.capath:
            curl.setopt(pycurl.CAPATH, trusted.capath)
        curl.setopt(pycurl.HEADERFUNCTION, self._head.extend)
        curl.setopt(pycurl.WRITEFUNCTION, self._body.extend)
        # Handed over by a function that cannot go back, so libcurl never sends a body a second time: on a kept
        # connection that breaks without an answer it would, and somebody would get the same message twice.
        curl.setopt(pycurl.READFUNCTION, self._upload.read)

    @property
    def curl(self) -> pycurl.Curl:
        return self._curl

    def ask(self, method: str, url: str, headers: Standing, body: bytes | None) -> None:
        """Raise ValueError or pycurl.error for what cannot be asked."""
        self._head.clear()
        self._body.clear()
        self._upload.seek(0)
        self._upload.truncate()
        if body:
            self._upload.write(body)
            self._upload.seek(0)
        wanted = (method, url, headers, body is None)
        if self._asked is None or not all(map(is_, self._asked, wanted)):
            self._asked = None
            self._prepare(method, url, headers, body)
            self._asked = wanted
        if body is not None:
            self._curl.setopt(pycurl.POSTFIELDSIZE, len(body))

    def _prepare(self, method: str, url: str, headers: Standing, body: bytes | None) -> None:
        curl = self._curl
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.HTTPHEADER, ["expect:", *headers.lines])
        if body is not None or method == "POST":
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDSIZE, 0)
        else:
            curl.setopt(pycurl.HTTPGET, 1)
        curl.setopt(pycurl.CUSTOMREQUEST, method)

    def answer(self) -> Answer:
        return Answer(self._curl.getinfo(pycurl.RESPONSE_CODE), bytes(self._head), bytes(self._body))

    def failure(self, code: int) -> Failure:
        """What it means that libcurl gave up; never quotes its message, which holds the host."""
        if code in _UNBUILT:
            return BAD_REQUEST
        never_left = _NEVER_LEFT.get(code)
        if code == pycurl.E_COULDNT_CONNECT and self._curl.getinfo(pycurl.OS_ERRNO) == errno.ECONNREFUSED:
            never_left = ("refused", "The connection was refused.")
        if code == pycurl.E_OPERATION_TIMEDOUT and not self._began():
            never_left = ("connect_timeout", "No connection came about in time.")
        if never_left is not None:
            return Failure(FailureKind.NOT_ACCEPTED, *never_left)
        if code == pycurl.E_OPERATION_TIMEDOUT:
            return Failure(FailureKind.AMBIGUOUS, "timeout", "No answer came in time.")
        return Failure(FailureKind.AMBIGUOUS, "reset", "The connection broke before the answer came.")

    def _began(self) -> bool:
        """Whether a byte of the request may have left."""
        return bool(self._curl.getinfo(pycurl.REQUEST_SIZE) or self._upload.tell())


class Wire:
    """For one event loop; made, used and closed in its thread."""

    def __init__(self, connect: float, total: float) -> None:
        """Seconds: for name, TCP and TLS; and for everything together."""
        self._manner = (connect, total, ssl.get_default_verify_paths())
        self._loop = asyncio.get_running_loop()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._wait)
        self._multi.setopt(pycurl.M_MAXCONNECTS, _KEPT_CONNECTIONS)
        self._flying: dict[pycurl.Curl, _Handle] = {}
        self._idle: list[_Handle] = []
        # One the event loop watches for all of them: telling it about each socket of each request costs far more.
        self._sockets = selectors.DefaultSelector()
        self._loop.add_reader(self._sockets.fileno(), self._serve)
        self._timer: asyncio.Handle | None = None
        self._due = float("inf")
        self._closed = False

    async def request(self, method: str, url: str, headers: Standing, body: bytes | None) -> Answer | Failure:
        """Any answer is an Answer; a Failure says whether the request may have been heard.

        A cancelled one leaves nothing behind: its connection is closed.
        """
        future: asyncio.Future[Answer | Failure] = self._loop.create_future()
        heard = future.set_result
        handle = self._begin(method, url, headers, body, heard)
        if handle is None:
            return BAD_REQUEST
        try:
            return await future
        except asyncio.CancelledError:
            self._give_up(handle, heard)
            raise

    def post(self, url: str, headers: Standing, body: bytes, heard: Heard) -> Callable[[], None]:
        """The same without anybody who waits: `heard` is called once, after this has returned, with what became of it.

        What is returned gives the request up: then nothing is heard.
        """
        handle = self._begin("POST", url, headers, body, heard)
        if handle is None:
            return self._loop.call_soon(heard, BAD_REQUEST).cancel
        return partial(self._give_up, handle, heard)

    def _begin(self, method: str, url: str, headers: Standing, body: bytes | None, heard: Heard) -> _Handle | None:
        handle = self._idle.pop() if self._idle else _Handle(*self._manner)
        try:
            handle.ask(method, url, headers, body)
        except (ValueError, pycurl.error):  # a URL or a header that nobody can send
            return None
        handle.heard = heard
        self._flying[handle.curl] = handle
        self._multi.add_handle(handle.curl)
        return handle

    def _give_up(self, handle: _Handle, heard: Heard) -> None:
        """Break it off, if it is still under way: its handle may serve somebody else by now."""
        if handle.heard is heard and self._flying.pop(handle.curl, None) is not None:
            self._multi.remove_handle(handle.curl)

    @property
    def running(self) -> bool:
        """Whether its event loop runs, in this thread or another."""
        return self._loop.is_running()

    def close(self) -> None:
        """Whoever still waits hears that the connection broke."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for curl, handle in list(self._flying.items()):
            self._multi.remove_handle(curl)
            with suppress(asyncio.InvalidStateError):
                handle.heard(Failure(FailureKind.AMBIGUOUS, "reset", "The client was closed."))
        self._flying.clear()
        self._idle.clear()
        self._multi.close()
        if not self._loop.is_closed():
            self._loop.remove_reader(self._sockets.fileno())
        self._sockets.close()

    def _watch(self, wanted: int, fd: int, _multi: object, _data: object) -> None:
        """Libcurl says what it waits for at a socket; POLL_REMOVE comes before it closes one."""
        events = _EVENTS.get(wanted)
        if fd not in self._sockets.get_map():
            if events:
                self._sockets.register(fd, events)
        elif events:
            self._sockets.modify(fd, events)
        else:
            self._sockets.unregister(fd)

    def _wait(self, milliseconds: int) -> None:
        """Libcurl says when it wants to be asked again. Being asked too early does no harm, so later is let be."""
        if milliseconds < 0 or self._closed or self._loop.is_closed():
            return
        due = self._loop.time() + milliseconds / 1000
        if due >= self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        # Never from inside this call: libcurl does not permit it.
        self._timer = (
            self._loop.call_later(milliseconds / 1000, self._tick) if milliseconds else self._loop.call_soon(self._tick)
        )

    def _tick(self) -> None:
        self._timer, self._due = None, float("inf")
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._reap()

    def _serve(self) -> None:
        """Some of the sockets are ready."""
        act = self._multi.socket_action
        for key, events in self._sockets.select(0):
            act(key.fd, _READY[events])
        self._reap()

    def _reap(self) -> None:
        while True:
            left, fine, broken = self._multi.info_read()
            for curl in fine:
                self._land(curl, 0)
            for curl, code, _ in broken:
                self._land(curl, code)
            if not left:
                return

    def _land(self, curl: pycurl.Curl, code: int) -> None:
        handle = self._flying.pop(curl)
        result = handle.failure(code) if code else handle.answer()
        self._multi.remove_handle(curl)
        if len(self._idle) < _KEPT_HANDLES:
            self._idle.append(handle)
        try:
            handle.heard(result)
        except asyncio.InvalidStateError:  # whoever asked was told to stop a moment ago
            return
