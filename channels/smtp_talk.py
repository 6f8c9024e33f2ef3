"""The conversation on an open SMTP connection: groups of commands in one packet, every reply read in its turn.

aiosmtplib connects, encrypts and logs in; its protocol reads one reply to one command, so from then on this one has
the transport (RFC 2920: with PIPELINING a group of commands may be sent before its first reply is there).
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple, cast

import aiosmtplib
from aiosmtplib import SMTP

LONGEST_REPLY: Final = 65_536
MALFORMED: Final = -1
CLOSING: Final = 421


class Reply(NamedTuple):
    code: int
    """MALFORMED when it is no reply at all; after that nothing on this connection can be believed."""
    text: str


class Talk(asyncio.Protocol):
    """One connection, for one letter after the other."""

    def __init__(self, opened: SMTP) -> None:
        """Takes over the transport of a connection that has just been opened. Raise SMTPServerDisconnected."""
        transport = opened.protocol.transport if opened.protocol is not None else None
        if transport is None or transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("closed")
        self.pipelining = opened.supports_extension("pipelining")
        self.smtputf8 = opened.supports_extension("smtputf8")
        self._opened = opened
        self._loop = asyncio.get_running_loop()
        self._ends = float("inf")
        self._timer: asyncio.TimerHandle | None = None
        self._transport = cast("asyncio.Transport", transport)
        self._buffer = bytearray()
        self._replies: list[Reply] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._lost = False
        self._transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        """Connected, and nothing was said that nobody asked for."""
        return not (self._lost or self._buffer or self._replies or self._transport.is_closing())

    def begin(self, seconds: float) -> None:
        """Whatever is asked from now on has so long together; after that `ask` raises TimeoutError.

        One timer runs on through many letters: one for each would cost more than reading its replies.
        """
        self._ends = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._ends, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._ends:
            self._timer = self._loop.call_at(self._ends, self._look)
        else:
            self._waiter.set_exception(TimeoutError())

    async def ask(self, commands: bytes, replies: int) -> list[Reply]:
        """Write everything, then wait for so many replies. Raise SMTPServerDisconnected when none comes any more.

        After a connection that ended within a group the replies that did not come are CLOSING.
        """
        if not self.usable:
            raise aiosmtplib.SMTPServerDisconnected("closed")
        self._transport.write(commands)
        self._wanted = replies
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter, self._wanted = None, 0
        got, self._replies = self._replies[:replies], self._replies[replies:]
        return got

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()
        self._opened.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (reply := _cut(self._buffer)) is not None:
            self._replies.append(reply)
        if len(self._buffer) > LONGEST_REPLY:
            self._buffer.clear()
            self._replies.append(Reply(MALFORMED, ""))
        malformed = any(reply.code == MALFORMED for reply in self._replies)
        if malformed:
            self._transport.close()
        waiter = self._waiter
        if waiter is None or waiter.done():
            return  # nobody asked: `usable` says so from now on
        if len(self._replies) >= self._wanted or malformed:
            self._replies += [Reply(MALFORMED, "")] * (self._wanted - len(self._replies))
            waiter.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self._waiter is None or self._waiter.done():
            return
        if self._replies:  # to a part of the group: what was said counts, the rest is as RFC 5321 3.8 names it
            self._replies += [Reply(CLOSING, "")] * (self._wanted - len(self._replies))
            self._waiter.set_result(None)
        else:
            gone = aiosmtplib.SMTPServerDisconnected("lost")
            gone.__cause__ = exc
            self._waiter.set_exception(gone)


def _cut(buffer: bytearray) -> Reply | None:
    """The next whole reply, cut off; None while its last line has not come (RFC 5321 4.2.1)."""
    lines: list[str] = []
    at = 0
    while (end := buffer.find(b"\n", at)) >= 0:
        line, at = bytes(buffer[at:end]), end + 1
        if not line[:3].isdigit() or line[3:4] not in (b"-", b" ", b"", b"\r"):
            buffer.clear()
            return Reply(MALFORMED, "")
        lines.append(line[4:].strip().decode("utf-8", "replace"))
        if line[3:4] != b"-":
            del buffer[:at]
            return Reply(int(line[:3]), "\n".join(lines))
    return None
