"""E-mail by any SMTP server: kept connections, a MIME text that is built once per message, commands in groups.

Where the server offers PIPELINING (RFC 2920), MAIL, RCPT and DATA leave in one packet: two round trips, not four.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import aiosmtplib
from aiosmtplib import SMTP

from channels.base import (
    Accepted,
    Batch,
    Failure,
    FailureKind,
    Info,
    Label,
    Limits,
    Medium,
    Message,
    Outcome,
    PerMessage,
    Problem,
    Receipt,
    Recipient,
    Secret,
)
from channels.http import Http
from channels.mail import refuse_message, refuse_recipient, sender_problems
from channels.mail_reports import read_report
from channels.mime import Letter
from channels.smtp_replies import Stage, classify
from channels.smtp_talk import Reply, Talk

CONNECTIONS: Final = 8
REFERENCE: Final = "{reference}"
"""In the bounce address: stands for the delivery's own (VERP), for servers that bring nothing back of a letter."""
ENCRYPTIONS: Final = ("starttls", "tls", "none")
_QUEUE_ID: Final = re.compile(r"queued as ([\w.-]{1,64})", re.IGNORECASE)


class SmtpEmail:
    info: ClassVar[Info] = Info(
        name="email_smtp",
        title="E-mail by SMTP",
        medium=Medium.EMAIL,
        limits=Limits(utf8_bytes=1_000_000),
        rate_per_second=50.0,
        concurrency=CONNECTIONS,
        renders_html=True,
        docs_url="https://www.rfc-editor.org/rfc/rfc5321",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        host: Annotated[str, Label("Server")]
        sender: Annotated[str, Label("Sender address")]
        port: Annotated[int, Label("Port")] = 587
        tls: Annotated[str, Label("Encryption", "starttls, tls (from the first byte) or none.")] = "starttls"
        username: Annotated[str, Label("User name")] = ""
        password: Annotated[Secret, Label("Password")] = Secret("")  # noqa: RUF009 - immutable
        sender_name: Annotated[str, Label("Sender name")] = ""
        reply_to: Annotated[str, Label("Reply address")] = ""
        bounce_address: Annotated[
            str, Label("Bounce address", "Blank: the sender address. {reference} in it: each delivery's own.")
        ] = ""

        def problems(self) -> Iterable[Problem]:
            if self.tls not in ENCRYPTIONS:
                yield Problem("tls_unknown", "There is no such encryption.", "tls", "starttls, tls or none.")
            yield from sender_problems(self.sender, self.sender_name, self.reply_to)
            own = self.bounce_address.replace(REFERENCE, "r" * 48)
            if own and (list(sender_problems(own, "", "")) or len(own.partition("@")[0]) > 64):
                sentence = "This is not an address to which bounces can be sent."
                yield Problem(
                    "bad_address", sentence, "bounce_address", f"bounces+{REFERENCE}@example.org, for example."
                )

    def __init__(self, settings: Settings, http: Http) -> None:
        self._settings = settings
        self._timeouts = http.timeouts
        self._domain = settings.sender.rpartition("@")[2]
        self._idle: list[Talk] = []
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._letters = PerMessage(self._letter)

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        refused = refuse_message(batch.message)
        if refused is not None:
            return [refused] * len(batch.recipients)
        return [await self._send(batch.message, recipient) for recipient in batch.recipients]

    def mailed(self, raw: bytes) -> Sequence[Receipt]:
        return read_report(raw)

    async def aclose(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _letter(self, message: Message, names: tuple[str, ...]) -> Letter:
        settings = self._settings
        return Letter(message, names, settings.sender, settings.sender_name, settings.reply_to)

    async def _send(self, message: Message, recipient: Recipient) -> Outcome:
        refused = refuse_recipient(recipient)
        if refused is not None:
            return refused
        try:
            letter = self._letters.get(message, recipient.fields).to(recipient, self._domain)
        except ValueError:
            return Failure(FailureKind.OURS, "bad_header", "The sender, its name or the reply address is malformed.")
        bounces = self._settings.bounce_address.replace(REFERENCE, recipient.reference)
        transaction = _Transaction(bounces or self._settings.sender, recipient.address, letter)
        try:
            return await self._carry(transaction)
        except aiosmtplib.SMTPResponseException as error:
            return classify(error.code, str(error.message), transaction.stage)
        except (aiosmtplib.SMTPException, OSError) as error:  # TimeoutError is an OSError
            return _broken(error, transaction.stage)

    async def _carry(self, transaction: _Transaction) -> Outcome:
        """Over a connection that is kept for the next letter unless its state became doubtful."""
        if self._slots.locked():
            async with asyncio.timeout(self._timeouts.total):
                await self._slots.acquire()
        else:
            await self._slots.acquire()
        try:
            talk = self._kept() or await self._opened()
            talk.begin(self._timeouts.total)
            try:
                return await transaction.run(talk)
            finally:
                if transaction.clean and talk.usable:
                    self._idle.append(talk)
                else:
                    talk.close()
        finally:
            self._slots.release()

    def _kept(self) -> Talk | None:
        while self._idle:
            talk = self._idle.pop()
            if talk.usable:
                return talk
            talk.close()
        return None

    async def _opened(self) -> Talk:
        connection = self._new()
        with ExitStack() as undo:
            undo.callback(connection.close)
            async with asyncio.timeout(self._timeouts.connect):
                await connection.connect()
                if connection.is_ehlo_or_helo_needed:  # neither encryption nor a login asked for it
                    try:
                        await connection.ehlo()
                    except aiosmtplib.SMTPHeloError:
                        await connection.helo()
            talk = Talk(connection)
            undo.pop_all()
        return talk

    def _new(self) -> SMTP:
        settings = self._settings
        return SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username or None,
            password=settings.password.reveal() or None,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            timeout=self._timeouts.total,
            local_hostname=self._domain,  # else every connection would look up our own name
        )


class _Transaction:
    """One letter to one address, and how far it has come."""

    __slots__ = ("_letter", "_recipient", "_sender", "clean", "stage")

    def __init__(self, sender: str, recipient: str, letter: bytes) -> None:
        self._sender = sender
        self._recipient = recipient
        self._letter = letter
        self.stage = Stage.CONNECT
        self.clean = False
        """Whether the connection may carry another letter."""

    async def run(self, talk: Talk) -> Outcome:
        utf8 = not self._recipient.isascii()
        if utf8 and not talk.smtputf8:
            self.clean = True
            words = "The mail server cannot write to this kind of address."
            return Failure(FailureKind.RECIPIENT, "smtputf8", words, spares_address=True)
        mail = f"MAIL FROM:<{self._sender}>{' SMTPUTF8' if utf8 else ''}\r\n".encode()
        rcpt = f"RCPT TO:<{self._recipient}>\r\n".encode()
        refused = await (self._together if talk.pipelining else self._one_by_one)(talk, mail, rcpt)
        if refused is not None:
            return refused
        # From here on silence may be an acceptance.
        self.stage = Stage.ACCEPTING
        [reply] = await talk.ask(self._letter, 1)
        if reply.code != 250:
            return classify(reply.code, reply.text, self.stage)
        self.clean = True
        queued = _QUEUE_ID.search(reply.text)
        return Accepted(queued.group(1) if queued else "")

    async def _together(self, talk: Talk, mail: bytes, rcpt: bytes) -> Failure | None:
        """One group, DATA last in it as RFC 2920 3.1 has it; every reply is judged, the first refusal counts."""
        self.stage = Stage.MAIL
        from_, to, data = await talk.ask(mail + rcpt + b"DATA\r\n", 3)
        refused = self._judged(from_, Stage.MAIL) or self._judged(to, Stage.RECIPIENT)
        if refused is None:
            return self._judged(data, Stage.DATA)
        with suppress(aiosmtplib.SMTPException):
            # A server may want a letter though nobody is to have it: a single dot ends it, and it goes to nobody.
            if data.code == 354:
                await talk.ask(b".\r\n", 1)
            await self._start_anew(talk)
        return refused

    async def _one_by_one(self, talk: Talk, mail: bytes, rcpt: bytes) -> Failure | None:
        for command, stage in ((mail, Stage.MAIL), (rcpt, Stage.RECIPIENT), (b"DATA\r\n", Stage.DATA)):
            self.stage = stage
            [reply] = await talk.ask(command, 1)
            refused = self._judged(reply, stage)
            if refused is not None:
                if stage is Stage.RECIPIENT:
                    with suppress(aiosmtplib.SMTPException):
                        await self._start_anew(talk)
                return refused
        return None

    async def _start_anew(self, talk: Talk) -> None:
        [reply] = await talk.ask(b"RSET\r\n", 1)
        self.clean = reply.code == 250

    def _judged(self, reply: Reply, stage: Stage) -> Failure | None:
        if reply.code in _GOOD[stage]:
            return None
        self.stage = stage
        return classify(reply.code, reply.text, stage)


_GOOD: Final = {Stage.MAIL: (250,), Stage.RECIPIENT: (250, 251), Stage.DATA: (354,)}


def _broken(error: BaseException, stage: Stage) -> Failure:
    """The text of the error names hosts and addresses, so it is not quoted."""
    if type(error) in {aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported}:
        # No network came into it: the server does not offer STARTTLS or a way to log in.
        return Failure(FailureKind.ACCOUNT, "smtp_unsupported", "The mail server lacks what the settings ask for.")
    late = isinstance(error, TimeoutError)
    if stage is Stage.ACCEPTING:
        code = "timeout" if late else "reset"
        return Failure(
            FailureKind.AMBIGUOUS, code, "The connection ended before the server said whether it has the letter."
        )
    if stage is Stage.CONNECT:
        code = "connect_timeout" if late else _why(error)
        return Failure(FailureKind.NOT_ACCEPTED, code, "No connection to the mail server came about.")
    code = "timeout" if late else "reset"
    return Failure(FailureKind.NOT_ACCEPTED, code, "The connection ended before the letter was handed over.")


def _why(error: BaseException) -> str:
    cause = error.__cause__ or error
    if isinstance(cause, socket.gaierror):
        return "dns"
    if isinstance(cause, ConnectionRefusedError):
        return "refused"
    return "tls" if isinstance(cause, ssl.SSLError) else "connect"
