"""A receiving mail server: RFC 5321 with AUTH, PIPELINING, 8BITMIME, SMTPUTF8 and ENHANCEDSTATUSCODES."""

from __future__ import annotations

import asyncio
import base64
import binascii
import email
import email.header
import re
import sys
import time
from collections.abc import Callable
from email.message import Message
from typing import Final, cast

from tests.rig.accounts import SMTP_PASSWORD, SMTP_USER
from tests.rig.behaviours import Effect, Killer, Rule, Script
from tests.rig.ledger import Keep, Ledger
from tests.rig.listening import Listener, reset

NAME: Final = "smtp"
SIZE_LIMIT: Final = 30 * 1024 * 1024
_EXTENSIONS: Final = ("PIPELINING", f"SIZE {SIZE_LIMIT}", "8BITMIME", "SMTPUTF8", "AUTH PLAIN", "ENHANCEDSTATUSCODES")
_PATH: Final = re.compile(r"(?:FROM|TO):\s*<([^>]*)>.*", re.IGNORECASE)

AT_MAIL: Final = frozenset({Effect.UNAUTHORIZED})
AT_RCPT: Final = frozenset({Effect.INVALID_RECIPIENT, Effect.THROTTLE})
"""Met by one recipient of a mail; every other effect meets the whole mail at DATA."""
AT_DATA: Final = frozenset(Effect) - AT_MAIL - AT_RCPT
_BEFORE_CONTENT: Final = frozenset(
    {Effect.UNAVAILABLE, Effect.RESET_BEFORE, Effect.BLACK_HOLE, Effect.KILL_BEFORE_READ}
)


class Mailbox(Listener):
    """The server; the ledger's reference is the Message-ID's local part, its body the subject and the plain text."""

    def __init__(self, ledger: Ledger, script: Script, killer: Killer) -> None:
        super().__init__()
        self.ledger = ledger
        self.script = script
        self.killer = killer
        self.pipelining = True
        """Whether it is offered; without, a client that does not wait for each reply is told off (RFC 5321 4.3.2)."""
        self.grouped = 0
        """Commands that came in one packet with the next."""
        self.wants_letters_for_nobody = False
        """Answers 354 although every recipient was refused, as RFC 2920 3.1 warns."""

    def connect(self) -> Session:
        return Session(self)

    def accept(self, recipients: list[str], content: bytes, number: int) -> None:
        reference, words = "", ""
        if self.ledger.keep is not Keep.COUNTS or self.ledger.writes:
            mail = email.message_from_bytes(content)
            reference = str(mail.get("Message-ID", "")).strip().strip("<>").partition("@")[0]
            words = readable(mail)
        for to in recipients:
            self.ledger.accept(NAME, to, reference, words, number)


class Session(asyncio.Protocol):
    """One client; commands are answered in order, also when they come in one packet."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._paused = False
        """Nothing more is read: an answer is late, or never comes."""
        self._in_content = False
        self._greeted = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._number = 0
        self._rule: Rule | None = None
        self.last_active = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.last_active = time.monotonic()
        self._mailbox.connections.add(self)
        self._say("220 rig.example ESMTP")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._mailbox.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self.last_active = time.monotonic()
        self._buffer += data
        self._go_on()

    def reset(self) -> None:
        reset(self._transport)

    def _say(self, *lines: str) -> None:
        if self._transport is not None:
            self._transport.write("".join(f"{line}\r\n" for line in lines).encode())

    def _go_on(self) -> None:
        while not self._paused and self._transport is not None:
            if self._in_content:
                content = _take_content(self._buffer)
                if content is None:
                    return
                self._in_content = False
                self._end_content(content)
                continue
            line, found, _ = self._buffer.partition(b"\r\n")
            if not found:
                return
            del self._buffer[: len(line) + 2]
            self._mailbox.grouped += bool(self._buffer)
            if self._buffer and not self._mailbox.pipelining:
                self._refuse("503 5.5.0 Improper use of SMTP command pipelining")
                self._close()
                return
            self._obey(line.decode("utf-8", "replace"))

    def _obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        command = _COMMANDS.get(verb.upper())
        if command is None:
            self._say("500 5.5.2 Command not recognised")
        else:
            command(self, rest)

    def _ehlo(self, rest: str) -> None:
        self._greeted = True
        self._forget()
        offered = _EXTENSIONS if self._mailbox.pipelining else _EXTENSIONS[1:]
        lines = ("rig.example", *offered)
        self._say(*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}")

    def _helo(self, rest: str) -> None:
        self._greeted = True
        self._forget()
        self._say("250 rig.example")

    def _auth(self, rest: str) -> None:
        mechanism, _, answer = rest.partition(" ")
        if mechanism.upper() != "PLAIN" or not answer:
            self._say("504 5.5.4 Only AUTH PLAIN with an initial response")
            return
        try:
            user, password = base64.b64decode(answer, validate=True).decode().split("\0")[1:]
        except (binascii.Error, ValueError):
            user, password = "", ""
        if (user, password) == (SMTP_USER, SMTP_PASSWORD):
            self._say("235 2.7.0 Authentication successful")
        else:
            self._mailbox.ledger.refuse(NAME, "535")
            self._say("535 5.7.8 Authentication credentials invalid")

    def _mail(self, rest: str) -> None:
        found = _PATH.fullmatch(rest)
        if not self._greeted or self._sender is not None or found is None:
            self._say("503 5.5.1 EHLO first, then one MAIL FROM:<address>")
            return
        self._number = self._mailbox.ledger.start(NAME, sys.intern("MAIL"))
        if self._match("MAIL", (), AT_MAIL) is not None:
            self._refuse("530 5.7.0 Authentication required")
            return
        self._sender = found[1]
        self._say("250 2.1.0 OK")

    def _rcpt(self, rest: str) -> None:
        found = _PATH.fullmatch(rest)
        if self._sender is None or found is None or not found[1]:
            self._say("503 5.5.1 MAIL first, then RCPT TO:<address>")
            return
        rule = self._match("RCPT", (found[1],), AT_RCPT)
        if rule is None:
            self._recipients.append(found[1])
            self._say("250 2.1.5 OK")
        elif rule.effect is Effect.THROTTLE:
            self._refuse("450 4.7.1 Try again later")
        else:
            self._refuse(f"{rule.code or 550} 5.1.1 No such mailbox")

    def _data(self, rest: str) -> None:
        if not self._recipients:
            self._in_content = self._mailbox.wants_letters_for_nobody and self._sender is not None
            self._say("354 Go on" if self._in_content else "503 5.5.1 RCPT first")
            return
        self._rule = self._match("DATA", tuple(self._recipients), AT_DATA)
        if self._rule is not None and self._rule.effect in _BEFORE_CONTENT:
            self._misbehave_before(self._rule)
            return
        self._in_content = True
        self._say("354 End data with <CR><LF>.<CR><LF>")

    def _misbehave_before(self, rule: Rule) -> None:
        match rule.effect:
            case Effect.UNAVAILABLE:
                self._refuse("421 4.3.2 Service not available")
                self._close()
            case Effect.BLACK_HOLE:
                self._paused = True
            case Effect.KILL_BEFORE_READ:
                self._mailbox.killer.kill(NAME, self._number, rule.effect)
                self.reset()
            case _:
                self.reset()

    def _end_content(self, content: bytes) -> None:
        rule, number, recipients = self._rule, self._number, self._recipients
        effect = rule.effect if rule else Effect.OK
        seconds = rule.wait if rule else 0.0
        self._forget()
        if not recipients:
            self._say("554 5.5.1 No valid recipients")
            return
        if len(content) > SIZE_LIMIT:
            self._refuse("552 5.3.4 Message too big")
            return
        if effect is Effect.ERROR_BEFORE:
            self._refuse("451 4.3.0 Local error in processing")
            return
        if effect is Effect.LATE:
            self._later(seconds, lambda: self._accept(recipients, content, number))
            return
        self._mailbox.accept(recipients, content, number)
        match effect:
            case Effect.ERROR_AFTER_ACCEPT:
                self._say("451 4.3.0 Local error in processing")
            case Effect.HANG_AFTER_ACCEPT:
                self._paused = True
            case Effect.RESET_AFTER_ACCEPT:
                self.reset()
            case Effect.RESET_MID_REPLY:
                if self._transport is not None:
                    self._transport.write(b"250 2.0")
                    asyncio.get_running_loop().call_later(0.02, self.reset)
            case Effect.SLOW:
                self._later(seconds, self._say_accepted)
            case Effect.KILL_AFTER_ACCEPT:
                self._mailbox.killer.kill(NAME, number, effect)
                self.reset()
            case Effect.KILL_AFTER_REPLY:
                self._say_accepted()
                asyncio.get_running_loop().call_later(seconds, self._mailbox.killer.kill, NAME, number, effect)
            case _:
                self._say_accepted()

    def _accept(self, recipients: list[str], content: bytes, number: int) -> None:
        self._mailbox.accept(recipients, content, number)
        self._say_accepted()

    def _say_accepted(self) -> None:
        self._say("250 2.0.0 OK queued")

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._paused = True

        def resume() -> None:
            self._paused = False
            act()
            self._go_on()

        asyncio.get_running_loop().call_later(seconds, resume)

    def _rset(self, rest: str) -> None:
        self._forget()
        self._say("250 2.0.0 OK")

    def _noop(self, rest: str) -> None:
        self._say("250 2.0.0 OK")

    def _vrfy(self, rest: str) -> None:
        self._say("252 2.1.5 Send some mail, I will try")

    def _quit(self, rest: str) -> None:
        self._say("221 2.0.0 Bye")
        self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _forget(self) -> None:
        self._sender = None
        self._recipients = []
        self._rule = None

    def _refuse(self, line: str) -> None:
        self._mailbox.ledger.refuse(NAME, line[:3])
        self._say(line)

    def _match(self, stage: str, addresses: tuple[str, ...], among: frozenset[Effect]) -> Rule | None:
        return self._mailbox.script.match(NAME, stage, addresses, among=among)


_COMMANDS: Final[dict[str, Callable[[Session, str], None]]] = {
    "EHLO": Session._ehlo,
    "HELO": Session._helo,
    "AUTH": Session._auth,
    "MAIL": Session._mail,
    "RCPT": Session._rcpt,
    "DATA": Session._data,
    "RSET": Session._rset,
    "NOOP": Session._noop,
    "VRFY": Session._vrfy,
    "QUIT": Session._quit,
}


def _take_content(buffer: bytearray) -> bytes | None:
    """Cut a whole mail off the buffer, dots unstuffed; None = its end has not come yet."""
    if buffer.startswith(b".\r\n"):
        del buffer[:3]
        return b""
    end = buffer.find(b"\r\n.\r\n")
    if end < 0:
        return None
    content = bytes(buffer[: end + 2])
    del buffer[: end + 5]
    return content.removeprefix(b".").replace(b"\r\n.", b"\r\n") if b"\r\n." in content else content.removeprefix(b".")


def readable(mail: Message) -> str:
    """The subject and the first plain text, decoded."""
    subject = str(email.header.make_header(email.header.decode_header(str(mail.get("Subject", "")))))
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return f"{subject}\n{payload.decode(part.get_content_charset() or 'utf-8', 'replace')}"
    return subject
