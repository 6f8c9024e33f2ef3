from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from email.message import EmailMessage

import aiosmtplib
import pytest

from tests.patience import PATIENCE
from tests.rig import Rig
from tests.rig.accounts import SMTP_PASSWORD, SMTP_USER

pytestmark = pytest.mark.anyio


def mail(*to: str, reference: str = "ref-1") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "help@clarion.example"
    message["To"] = ", ".join(to)
    message["Subject"] = "Averto ĝenerala"
    message["Message-ID"] = f"<{reference}@clarion.example>"
    message.set_content("Hello\n.\n..dots\nend")
    message.add_alternative("<p>Hello</p>", subtype="html")
    return message


async def send(
    rig: Rig, *to: str, seconds: float = PATIENCE, login: bool = False
) -> tuple[dict[str, aiosmtplib.SMTPResponse], str]:
    host, port = rig.url("smtp").split(":")
    client = aiosmtplib.SMTP(hostname=host, port=int(port), timeout=seconds, start_tls=False)
    await client.connect()
    try:
        if login:
            await client.auth_plain(SMTP_USER, SMTP_PASSWORD)
        return await client.send_message(mail(*to))
    finally:
        client.close()


async def test_an_accepted_mail_stands_in_the_ledger_once_for_each_recipient(rig: Rig) -> None:
    refused, answer = await send(rig, "a@example.org", "b@example.org", login=True)

    assert refused == {}
    assert answer.startswith("2.0.0")
    entries = list(rig.ledger.entries("smtp"))
    assert [(entry.to, entry.reference) for entry in entries] == [
        ("a@example.org", "ref-1"),
        ("b@example.org", "ref-1"),
    ]
    assert entries[0].body is not None
    assert entries[0].body.replace("\r\n", "\n") == "Averto ĝenerala\nHello\n.\n..dots\nend\n"


async def test_a_wrong_password_is_refused(rig: Rig) -> None:
    host, port = rig.url("smtp").split(":")
    client = aiosmtplib.SMTP(hostname=host, port=int(port), timeout=PATIENCE, start_tls=False)
    await client.connect()
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as caught:
        await client.auth_plain(SMTP_USER, "wrong")
    client.close()

    assert caught.value.code == 535


async def test_one_bad_recipient_does_not_stop_the_others(rig: Rig) -> None:
    rig.behave("smtp", "invalid_recipient", address_suffix="@bad.example")
    rig.behave("smtp", "throttle", address_suffix="@grey.example")

    refused, _ = await send(rig, "a@example.org", "b@bad.example", "c@grey.example")

    assert {address: answer.code for address, answer in refused.items()} == {
        "b@bad.example": 550,
        "c@grey.example": 450,
    }
    assert [entry.to for entry in rig.ledger.entries("smtp")] == ["a@example.org"]


@pytest.mark.parametrize(
    ("effect", "code", "accepted"),
    [("unauthorized", 530, 0), ("unavailable", 421, 0), ("error_before", 451, 0), ("error_after_accept", 451, 1)],
)
async def test_a_mail_may_be_refused_with_a_code(rig: Rig, effect: str, code: int, accepted: int) -> None:
    rig.behave("smtp", effect)

    with pytest.raises(aiosmtplib.SMTPResponseException) as caught:
        await send(rig, "a@example.org")

    assert caught.value.code == code
    assert rig.ledger.accepted() == accepted


@pytest.mark.parametrize(
    ("effect", "accepted"),
    [
        ("hang_after_accept", 1),
        ("reset_after_accept", 1),
        ("reset_mid_reply", 1),
        ("reset_before", 0),
        ("black_hole", 0),
    ],
)
async def test_the_answer_to_a_mail_may_get_lost(rig: Rig, effect: str, accepted: int) -> None:
    rig.behave("smtp", effect)

    call = asyncio.create_task(send(rig, "a@example.org"))
    await rig.until(lambda: rig.ledger.tally("smtp").requests == 1 and rig.ledger.accepted() == accepted)
    if effect in {"hang_after_accept", "black_hole"}:
        assert not call.done()
        while not call.done():  # a cancellation may be lost on a reply that came at the same moment (bpo-37658)
            call.cancel()
            await asyncio.wait([call], timeout=0.05)
    else:
        with pytest.raises((aiosmtplib.SMTPServerDisconnected, ConnectionError)):
            await call

    assert rig.ledger.accepted() == accepted


@pytest.mark.parametrize("effect", ["slow", "late", "ok"])
async def test_a_slow_server_accepts_in_the_end(rig: Rig, effect: str) -> None:
    rig.behave("smtp", effect, seconds=0.05)

    await send(rig, "a@example.org")

    assert rig.ledger.accepted() == 1


async def test_pipelined_commands_and_two_mails_on_one_connection_are_answered_in_order(rig: Rig) -> None:
    host, port = rig.url("smtp").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    commands = (
        "EHLO me\r\nMAIL FROM:<a@b.cd> SMTPUTF8 BODY=8BITMIME\r\nRCPT TO:<gñ@example.org>\r\nDATA\r\n"
        "Message-ID: <one@x>\r\n\r\n..dot\r\n.\r\n"
        "NOOP\r\nVRFY a\r\nWHAT\r\nRCPT TO:<x@y.zz>\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n"
        "RCPT TO:<two@example.org>\r\nDATA\r\n.\r\nQUIT\r\n"
    )
    async with asyncio.timeout(PATIENCE):
        writer.write(commands.encode())
        answers = (await reader.read()).decode().splitlines()
    writer.close()

    codes = [line[:3] for line in answers if line[3:4] != "-"]
    expected = "220 250 250 250 354 250 250 252 500 503 250 250 250 250 354 250 221"
    assert codes == expected.split()
    entries = list(rig.ledger.entries("smtp"))
    assert [(entry.to, entry.reference) for entry in entries] == [("gñ@example.org", "one"), ("two@example.org", "")]
    assert entries[0].body == "\n.dot\r\n"


MAILER = """
import smtplib, sys, time
client = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=90)
client.sendmail("a@example.org", ["b@example.org"], "Subject: News\\n\\nHello")
time.sleep(300)
"""


@pytest.mark.parametrize(
    ("effect", "accepted"),
    [("kill_before_read", 0), ("kill_after_accept", 1), ("kill_after_reply", 1)],
)
async def test_a_kill_ends_the_mailing_process(rig: Rig, effect: str, accepted: int) -> None:
    rig.behave("smtp", effect, times=1)
    arguments = [sys.executable, "-c", MAILER, rig.url("smtp").partition(":")[2]]
    process = await asyncio.to_thread(subprocess.Popen, arguments, stderr=subprocess.DEVNULL)
    try:
        rig.killer.aim(process.pid)
        assert await asyncio.to_thread(process.wait, PATIENCE) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait(PATIENCE)

    assert rig.ledger.accepted("smtp") == accepted
    assert [kill.pid for kill in rig.killer.kills] == [process.pid]
