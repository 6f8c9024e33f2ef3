"""Letters over SMTP: what they look like, and what a server's reply means."""

from __future__ import annotations

import asyncio
import email
import email.policy
import quopri
from contextlib import suppress
from email.message import EmailMessage

import pytest
from aiosmtplib import SMTP
from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import Accepted, Failure, FailureKind, Medium, Recipient, Secret
from channels.email_smtp import SmtpEmail
from channels.http import Http
from channels.mime import Letter, quoted_printable
from channels.smtp_replies import Stage, classify
from channels.smtp_talk import Talk
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.rig import Rig
from tests.rig.accounts import SENDGRID_SENDER, SMTP_PASSWORD, SMTP_USER
from tests.unit.channels.letters import MANAGE, batch, message

pytestmark = pytest.mark.anyio

MAIL = message(
    Medium.EMAIL,
    text="Unua linio.\n.punkto komence\nLegu: -manage_url-\n",
    html='<p lang="eo">ĝis <a href="-manage_url-html-">tie</a></p>' + "<i>x</i>" * 400,
    subject="La kurento mankas – ĝis 14:30 en la tuta urbo kaj ĉirkaŭe, bonvolu legi",
)


def channel(rig: Rig, http: Http, **changes: object) -> SmtpEmail:
    host, _, port = rig.url("smtp").partition(":")
    values = {
        "host": host,
        "port": int(port),
        "sender": SENDGRID_SENDER,
        "sender_name": "Klarion ĝ",
        "tls": "none",
        "username": SMTP_USER,
        "password": Secret(SMTP_PASSWORD),
        **changes,
    }
    return SmtpEmail(SmtpEmail.Settings(**values), http)  # type: ignore[arg-type]  # by name


def parsed(letter: bytes) -> EmailMessage:
    assert letter.endswith(b"\r\n.\r\n")
    content = letter[:-3].replace(b"\r\n..", b"\r\n.")
    read = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read


def letter(fields: dict[str, str] | None = None, **changes: object) -> bytes:
    recipient = Recipient("ana@example.org", "ref1", "", MANAGE if fields is None else fields)
    words = message(Medium.EMAIL, **{"text": MAIL.text, "html": MAIL.html, "subject": MAIL.subject, **changes})
    return Letter(words, tuple(recipient.fields), SENDGRID_SENDER, "Klarion ĝ", "").to(recipient, "clarion.example")


def test_a_letter_reads_as_it_was_written() -> None:
    read = parsed(letter())
    assert read["Subject"] == MAIL.subject
    assert read["To"] == "ana@example.org"
    assert read["From"] == f"Klarion ĝ <{SENDGRID_SENDER}>"
    assert read["Message-ID"] == "<ref1@clarion.example>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Date"].datetime == NOON
    assert read["Content-Language"] == "eo"
    assert read["List-Unsubscribe"] == f"<{MANAGE['manage_url']}>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, html = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert (
        plain.get_content().replace("\r\n", "\n").rstrip()
        == MAIL.text.replace("-manage_url-", MANAGE["manage_url"]).rstrip()
    )
    assert 'href="https://clarion.example/u/tok?a=1&amp;b=2"' in html.get_content()


def test_a_letter_without_html_is_plain_text() -> None:
    read = parsed(letter(html=""))
    assert read.get_content_type() == "text/plain"
    assert "List-Unsubscribe" not in parsed(letter({}, html="", text="Nur tio."))


def test_no_line_is_too_long_and_no_dot_ends_the_letter_early() -> None:
    raw = letter(text="." * 3000 + "\n.\n..\r\n.")
    lines = raw[: -len(b"\r\n.\r\n")].split(b"\r\n")
    assert max(len(line) for line in lines) <= 998
    assert not any(line.startswith(b".") for line in lines)
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_the_same_message_is_the_same_bytes() -> None:
    assert letter() == letter()


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_survives_its_encoding(text: str) -> None:
    encoded = quoted_printable(text)
    assert encoded.isascii()
    assert not encoded.startswith(".")
    assert "\r\n." not in encoded
    assert quopri.decodestring(encoded).decode().replace("\r\n", "\n") == text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def pipelining(request: pytest.FixtureRequest, rig: Rig) -> bool:
    """What the server offers; where it does not, commands in groups are refused."""
    rig.mailbox.pipelining = request.param
    return rig.mailbox.pipelining


async def test_commands_leave_in_groups_only_where_the_server_offers_it(http: Http, rig: Rig, pipelining: bool) -> None:
    smtp = channel(rig, http)
    assert isinstance((await smtp.send(batch(MAIL, "ana@example.org")))[0], Accepted)
    assert rig.mailbox.grouped == (2 if pipelining else 0)
    await smtp.aclose()


@pytest.mark.parametrize(
    ("effect", "kind", "code"),
    [
        ("unauthorized", FailureKind.ACCOUNT, "smtp_5.7.0"),
        ("throttle", FailureKind.NOT_ACCEPTED, "smtp_450"),
        ("invalid_recipient", FailureKind.RECIPIENT, "smtp_5.1.1"),
        ("unavailable", FailureKind.NOT_ACCEPTED, "smtp_421"),
    ],
)
@pytest.mark.parametrize("wants_letters_for_nobody", [True, False])
async def test_the_first_refusal_within_a_group_counts_and_nobody_gets_anything(
    http: Http,
    rig: Rig,
    pipelining: bool,
    wants_letters_for_nobody: bool,
    effect: str,
    kind: FailureKind,
    code: str,
) -> None:
    rig.mailbox.wants_letters_for_nobody = wants_letters_for_nobody
    rig.behave("smtp", effect, times=1)
    smtp = channel(rig, http)
    (refused,) = await smtp.send(batch(MAIL, "gone@example.org"))
    assert isinstance(refused, Failure)
    assert (refused.kind, refused.code) == (kind, code)
    (taken,) = await smtp.send(batch(MAIL, "ana@example.org"))
    assert isinstance(taken, Accepted)
    assert [entry.to for entry in rig.ledger.entries("smtp")] == ["ana@example.org"]
    await smtp.aclose()


async def test_a_server_that_speaks_unasked_gets_the_next_letter_on_a_new_connection(
    http: Http, rig: Rig, pipelining: bool
) -> None:
    smtp = channel(rig, http)
    assert isinstance((await smtp.send(batch(MAIL, "ana@example.org")))[0], Accepted)
    (talk,) = smtp._idle
    for session in list(rig.mailbox.connections):
        session._say("421 4.4.2 Idle for too long")  # type: ignore[attr-defined]
    async with asyncio.timeout(PATIENCE):
        while talk.usable:
            await asyncio.sleep(0.01)
    assert isinstance((await smtp.send(batch(MAIL, "bo@example.org")))[0], Accepted)
    assert [entry.to for entry in rig.ledger.entries("smtp")] == ["ana@example.org", "bo@example.org"]
    await smtp.aclose()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ([b"250 a\r\n250 b\r\n354 c\r\n"], [250, 250, 354]),
        ([b"250-a\r\n250 ", b"b\r", b"\n550 5.1.1 no\r\n503 x\r\n"], [250, 550, 503]),
        ([b"250 a\r\n", None], [250, 421, 421]),
        ([b"250 a\r\nhello\r\n"], [250, -1, -1]),
        ([b"554 no\r\n", None], [554, 421, 421]),
    ],
)
async def test_replies_are_told_apart_however_they_are_cut(said: list[bytes | None], code: list[int]) -> None:
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        await reader.readline()
        writer.write(b"250-x\r\n250 PIPELINING\r\n")
        await reader.readuntil(b"DATA\r\n")
        for piece in said:
            if piece is not None:
                writer.write(piece)
                await asyncio.sleep(0.01)
        if None not in said:
            await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        opened = SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="x")
        await opened.connect()
        await opened.ehlo()
        talk = Talk(opened)
        async with asyncio.timeout(PATIENCE):
            assert [reply.code for reply in await talk.ask(b"MAIL\r\nRCPT\r\nDATA\r\n", 3)] == code
            talk.close()
            await over.wait()


async def test_a_letter_arrives_under_its_reference(http: Http, rig: Rig, pipelining: bool) -> None:
    smtp = channel(rig, http)
    outcomes = await smtp.send(batch(MAIL, "ana@example.org", fields=MANAGE))
    assert isinstance(outcomes[0], Accepted)
    (entry,) = rig.ledger.entries("smtp")
    assert (entry.to, entry.reference) == ("ana@example.org", "ref1")
    assert MANAGE["manage_url"] in (entry.body or "")
    await smtp.aclose()


async def test_letters_share_a_few_kept_connections(http: Http, rig: Rig, pipelining: bool) -> None:
    smtp = channel(rig, http)
    letters = [batch(MAIL, f"person{number}@example.org") for number in range(40)]
    outcomes = await asyncio.gather(*(smtp.send(one) for one in letters))
    assert all(isinstance(outcome, Accepted) for (outcome,) in outcomes)
    assert len(smtp._idle) <= 8
    await smtp.aclose()


async def test_a_refused_recipient_leaves_the_connection_for_the_next(http: Http, rig: Rig, pipelining: bool) -> None:
    rig.behave("smtp", "invalid_recipient", address_suffix="gone@example.org")
    smtp = channel(rig, http)
    (refused,) = await smtp.send(batch(MAIL, "gone@example.org"))
    assert isinstance(refused, Failure)
    assert (refused.kind, refused.code) == (FailureKind.RECIPIENT, "smtp_5.1.1")
    kept = list(smtp._idle)
    (taken,) = await smtp.send(batch(MAIL, "ana@example.org"))
    assert isinstance(taken, Accepted)
    assert smtp._idle == kept
    await smtp.aclose()


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        ("reset_before", FailureKind.NOT_ACCEPTED),
        ("black_hole", FailureKind.NOT_ACCEPTED),
        ("error_before", FailureKind.NOT_ACCEPTED),
        ("hang_after_accept", FailureKind.AMBIGUOUS),
        ("reset_after_accept", FailureKind.AMBIGUOUS),
        ("reset_mid_reply", FailureKind.AMBIGUOUS),
    ],
)
async def test_only_what_is_lost_after_the_last_dot_is_ambiguous(
    impatient: Http, rig: Rig, pipelining: bool, effect: str, kind: FailureKind
) -> None:
    rig.behave("smtp", effect, times=1)
    smtp = channel(rig, impatient)
    (outcome,) = await smtp.send(batch(MAIL, "ana@example.org"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is kind
    (again,) = await smtp.send(batch(MAIL, "bo@example.org"))
    assert isinstance(again, Accepted)
    await smtp.aclose()


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"password": Secret("wrong")}, FailureKind.ACCOUNT, "smtp_5.7.8"),
        ({"tls": "starttls"}, FailureKind.ACCOUNT, "smtp_unsupported"),
        ({"tls": "tls"}, FailureKind.NOT_ACCEPTED, "tls"),
        ({"host": "nobody.invalid"}, FailureKind.NOT_ACCEPTED, "dns"),
        ({"port": 1}, FailureKind.NOT_ACCEPTED, "refused"),
    ],
)
async def test_a_connection_that_does_not_come_about_has_a_named_reason(
    http: Http, rig: Rig, changes: dict[str, object], kind: FailureKind, code: str
) -> None:
    smtp = channel(rig, http, **changes)
    (outcome,) = await smtp.send(batch(MAIL, "ana@example.org"))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (kind, code)
    assert SMTP_PASSWORD not in repr(outcome)


@pytest.mark.parametrize(
    ("address", "subject", "fields", "kind"),
    [
        ("ana@example.org\r\nRCPT TO:<b@example.org>", "S", {}, FailureKind.RECIPIENT),
        ("ana@example.org>", "S", {}, FailureKind.RECIPIENT),
        ("not an address", "S", {}, FailureKind.RECIPIENT),
        ("ana@example.org", "S\nBcc: b@example.org", {}, FailureKind.OURS),
        ("ana@example.org", "S\x00", {}, FailureKind.OURS),
        ("ana@example.org", "S", {"manage_url": "https://x/>\r\nBcc: b@example.org"}, FailureKind.OURS),
    ],
)
async def test_nothing_breaks_out_of_its_header(
    http: Http, rig: Rig, address: str, subject: str, fields: dict[str, str], kind: FailureKind
) -> None:
    words = message(Medium.EMAIL, subject=subject)
    (outcome,) = await channel(rig, http).send(batch(words, address, fields=fields))
    assert isinstance(outcome, Failure)
    assert outcome.kind is kind
    assert rig.ledger.tally("smtp").requests == 0


async def test_an_address_beyond_ascii_arrives_where_the_server_can(http: Http, rig: Rig) -> None:
    smtp = channel(rig, http)
    (outcome,) = await smtp.send(batch(MAIL, "ĝoja@example.org"))
    assert isinstance(outcome, Accepted)
    await smtp.aclose()


@pytest.mark.parametrize(
    ("code", "text", "stage", "kind", "name"),
    [
        (421, "4.3.2 closing", Stage.CONNECT, FailureKind.NOT_ACCEPTED, "smtp_421"),
        (554, "no service here", Stage.CONNECT, FailureKind.ACCOUNT, "smtp_554"),
        (535, "5.7.8 wrong", Stage.CONNECT, FailureKind.ACCOUNT, "smtp_5.7.8"),
        (550, "5.1.8 sender", Stage.MAIL, FailureKind.ACCOUNT, "smtp_5.1.8"),
        (450, "4.7.1 greylisted", Stage.RECIPIENT, FailureKind.NOT_ACCEPTED, "smtp_450"),
        (550, "5.1.1 nobody", Stage.RECIPIENT, FailureKind.RECIPIENT, "smtp_5.1.1"),
        (550, "nobody", Stage.RECIPIENT, FailureKind.RECIPIENT, "smtp_550"),
        (552, "5.2.2 full", Stage.RECIPIENT, FailureKind.NOT_ACCEPTED, "smtp_5.2.2"),
        (554, "5.7.1 <a@b>: Relay access denied", Stage.RECIPIENT, FailureKind.ACCOUNT, "smtp_5.7.1"),
        (550, "5.7.1 blocked", Stage.RECIPIENT, FailureKind.CONTENT, "smtp_5.7.1"),
        (550, "5.7.26 DMARC", Stage.ACCEPTING, FailureKind.ACCOUNT, "smtp_5.7.26"),
        (552, "5.3.4 too big", Stage.ACCEPTING, FailureKind.CONTENT, "smtp_5.3.4"),
        (554, "looks like spam", Stage.ACCEPTING, FailureKind.CONTENT, "smtp_554"),
        (451, "4.3.0 try again", Stage.ACCEPTING, FailureKind.NOT_ACCEPTED, "smtp_451"),
        (-1, "what?", Stage.ACCEPTING, FailureKind.AMBIGUOUS, "smtp_malformed"),
    ],
)
def test_a_reply_means_what_its_enhanced_code_says(
    code: int, text: str, stage: Stage, kind: FailureKind, name: str
) -> None:
    found = classify(code, text, stage)
    assert (found.kind, found.code) == (kind, name)
    assert "a@b" not in found.detail
