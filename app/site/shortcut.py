"""uvicorn's own protocol with a shortcut before it: plain requests are answered in the packet they came in.

Whatever is not exactly one whole plain request goes to uvicorn untouched: half a request, two in one packet, a body,
another version, an odd target, `Connection: close`, a request that came before the last one was answered. So nothing
is parsed twice, the stream cannot fall out of step, and both ways answer byte for byte alike (docs/adr/0005).
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.site.edge import takes_gzip
from app.site.live import GZIP_HEADERS, HEADERS, Hub, Room, Said, known_seq
from app.site.plain import Counter, head_of, plain_request
from app.site.shelf import Shelf

CHUNKED: Final = (b"transfer-encoding", b"chunked")
HEAD_SECONDS: Final = 20.0
"""From the first byte of a request to the end of its head, and from connecting to the first byte."""
VANISHED_MS: Final = 60_000
"""A follower whose network swallows everything for so long is gone, the kernel finds."""


class ShortcutProtocol(HttpToolsProtocol):
    """`shortcut(shelf, hub)` makes the class that answers from one shelf."""

    counter: ClassVar[Counter]
    hub: ClassVar[Hub]

    _allowed = False
    """An access log, a limit or a path prefix is uvicorn's to obey; so is whatever comes after an upgrade."""
    _between = False
    """Nothing is being read, queued or answered: the next byte begins a request."""
    _whole = False
    """The last message was read to its end and leaves the connection open."""
    _until = 0.0
    """When an idle connection is closed, by the loop's clock, and one that does not come to the end of a head."""
    _heading = False
    """A head was begun and is not complete."""
    _room: Room | None = None
    """What this connection follows, and nothing else any more."""
    _gzip = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        config = self.config
        self._allowed = not self.access_log and config.limit_concurrency is None and not config.root_path
        self._between = self._allowed
        self._close_in(HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        if self._between and not self.flow.write_paused:
            whole = self.counter.answer(data, self.server_state.default_headers)
            if whole is not None:
                self.transport.write(whole)
                self._stay_for_more()
                return
            if self._follows(data):
                return
        elif self._room is not None:
            return  # there is nothing left to ask on this connection
        super().data_received(data)
        if self._heading and self.timeout_keep_alive_task is None:
            self._close_in(self._until - self.loop.time())

    def _stay_for_more(self) -> None:
        """Keep the connection as long as uvicorn would; its timer is moved on when it fires, not with every request."""
        self.server_state.total_requests += 1
        self._until = self.loop.time() + self.timeout_keep_alive
        if self.timeout_keep_alive_task is None:
            self._close_in(self.timeout_keep_alive)

    def _close_in(self, seconds: float) -> None:
        self._until = self.loop.time() + seconds
        soon = min(seconds, self.timeout_keep_alive)  # an answer in between brings the end nearer, not the timer
        self.timeout_keep_alive_task = self.loop.call_later(soon, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        left = self._until - self.loop.time()
        if left > 0:
            self._close_in(left)
        else:
            super().timeout_keep_alive_handler()

    def on_message_begin(self) -> None:
        self._between = self._whole = False
        self._heading = True
        self._until = self.loop.time() + HEAD_SECONDS
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._heading = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.parser.should_upgrade():
            self._allowed = False
        self._whole = self._allowed and self.parser.should_keep_alive()
        self._between = self._whole and self.cycle.response_complete

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._heading:
            self._until = self.loop.time() + self.timeout_keep_alive
        self._between = self._whole and self.cycle.response_complete

    def _follows(self, data: bytes) -> bool:
        """Whether this packet asked for live push and the connection now belongs to it."""
        asked = plain_request(data)
        room = None if asked is None or asked.head else self.hub.room(asked.path)
        if asked is None or room is None or self.hub.full:
            return False
        self._unset_keepalive_if_required()
        self._between, self._room = False, room
        self._gzip = takes_gzip(asked.accept_encoding)
        _notice_when_gone(self.transport)
        headers = (*self.server_state.default_headers, *(GZIP_HEADERS if self._gzip else HEADERS), CHUNKED)
        first = self.hub.join(room, self, known_seq(asked.query, asked.last_event_id))
        self.transport.write(head_of(200, headers) + b"".join(said.to(gzip=self._gzip).chunk for said in first))
        return True

    def tell(self, said: Said) -> None:
        if self.flow.write_paused:
            self.transport.abort()  # comes back by itself, for the newest words
        else:
            self.transport.write(said.to(gzip=self._gzip).chunk)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._room is not None:
            self.hub.leave(self._room, self)
        super().connection_lost(exc)


def _notice_when_gone(transport: asyncio.Transport) -> None:
    wire = transport.get_extra_info("socket")
    with suppress(AttributeError, OSError):  # not every system can
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_MS)


def shortcut(shelf: Shelf, hub: Hub) -> type[ShortcutProtocol]:
    """The protocol class for uvicorn's `http` setting that answers from this shelf."""
    return type("Shortcut", (ShortcutProtocol,), {"counter": Counter(shelf), "hub": hub})
