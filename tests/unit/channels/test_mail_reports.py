"""Bounces and complaints as mail: only what brings our signed reference back counts, as far as its code goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import MEDIUM_CODES, Medium, ReceiptKind
from app.domain.reference import DeliveryKey, encode
from app.keyring import Keyring
from app.store import addresses, endpoints, receipts
from app.store.database import Database
from app.usecases.take_mail import TakenMail, take_mail
from channels.email_sendgrid import _receipt
from channels.email_smtp import SmtpEmail
from channels.http import Http
from channels.mail_reports import read_report
from channels.smtp_replies import Stage as At
from channels.smtp_replies import classify
from tests.conftest import NOON
from tests.rig.stage import Stage

REFERENCE = "abcdefgh" * 6
BOUNDARY = "=_b"


def part(kind: str, text: str) -> str:
    return f"--{BOUNDARY}\nContent-Type: {kind}\n\n{text}\n"


def report(kind: str, *parts: str, to: str = "bounces@example.org") -> bytes:
    head = f'From: mailer@mx.test\nTo: {to}\nContent-Type: multipart/report; report-type={kind}; boundary="{BOUNDARY}"'
    return f"{head}\n\n{''.join(parts)}--{BOUNDARY}--\n".encode()


def letter(reference: str = REFERENCE) -> str:
    return part("message/rfc822", f"Message-ID: <{reference}@example.org>\nTo: ann@example.org\nSubject: x\n\nwords")


def bounce(status: str, action: str = "failed", diagnostic: str = "", reference: str = REFERENCE) -> bytes:
    fields = f"Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ann@example.org\nAction: {action}\nStatus: {status}\n"
    fields += f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else ""
    return report(
        "delivery-status", part("text/plain", "Sorry."), part("message/delivery-status", fields), letter(reference)
    )


def complaint(word: str, reference: str = REFERENCE) -> bytes:
    fields = part("message/feedback-report", f"Feedback-Type: {word}\nUser-Agent: x\nVersion: 1\n")
    return report("feedback-report", part("text/plain", "Spam."), fields, letter(reference))


@pytest.mark.parametrize(
    ("mail", "kind", "code"),
    [
        (bounce("5.1.1"), ReceiptKind.BOUNCED, "5.1.1"),
        (bounce("5.1.10"), ReceiptKind.BOUNCED, "5.1.10"),
        (bounce("5.2.1"), ReceiptKind.BOUNCED, "5.2.1"),
        (bounce("5.0.0", diagnostic="550 5.1.1 unknown"), ReceiptKind.BOUNCED, "5.1.1"),
        (bounce("5.2.2"), ReceiptKind.UNDELIVERED, "5.2.2"),
        (bounce("5.7.1"), ReceiptKind.FILTERED, "5.7.1"),
        (bounce("5.1.8"), ReceiptKind.UNDELIVERED, "5.1.8"),
        (bounce("4.4.7"), ReceiptKind.UNDELIVERED, "4.4.7"),
        (bounce("4.2.0", "delayed"), ReceiptKind.DEFERRED, "4.2.0"),
        (bounce("2.0.0", "delivered"), ReceiptKind.DELIVERED, "2.0.0"),
        (complaint("abuse"), ReceiptKind.COMPLAINED, "feedback_abuse"),
        (complaint("opt-out"), ReceiptKind.OPTED_OUT, "feedback_opt-out"),
        (complaint("not-spam"), ReceiptKind.UNKNOWN, "feedback_not-spam"),
    ],
)
def test_what_a_report_says(mail: bytes, kind: ReceiptKind, code: str) -> None:
    [found] = read_report(mail)
    assert (found.reference, found.kind, found.code) == (REFERENCE, kind, code)
    assert read_report(mail) == [found], "the same report is the same event"
    assert "@" not in found.raw


def test_a_letter_that_is_not_brought_back_is_known_by_where_its_bounce_arrives() -> None:
    fields = part("message/delivery-status", "Reporting-MTA: dns; mx\n\nAction: failed\nStatus: 5.1.1\n")
    [found] = read_report(report("delivery-status", fields, to=f"bounces+{REFERENCE.upper()}@example.org"))
    assert found.reference == REFERENCE


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\xff\x00\n\n",
        f"From: a@b\nSubject: Re: outage {REFERENCE}\nMessage-ID: <{REFERENCE}@x>\n\nThank you".encode(),
        report("delivery-status", part("text/plain", REFERENCE), part("message/delivery-status", "Action: failed\n")),
    ],
)
def test_any_other_mail_is_nothing(mail: bytes) -> None:
    assert list(read_report(mail)) == []


@given(st.binary(max_size=400), st.binary(max_size=100))
def test_any_bytes_are_read_without_a_fault(raw: bytes, head: bytes) -> None:
    read_report(raw)
    read_report(head + bounce("5.1.1") + raw)
    read_report(bounce("5.1.1").replace(b"Status", raw))


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"type": "bounce", "status": "5.1.1"}, ReceiptKind.BOUNCED),
        ({"type": "bounce", "status": "5.0.0"}, ReceiptKind.BOUNCED),
        ({"type": "bounce"}, ReceiptKind.BOUNCED),
        ({}, ReceiptKind.BOUNCED),
        ({"type": "bounce", "status": "5.2.2"}, ReceiptKind.UNDELIVERED),
        ({"type": "bounce", "status": "4.2.2"}, ReceiptKind.UNDELIVERED),
        ({"type": "bounce", "status": "5.7.1"}, ReceiptKind.FILTERED),
        ({"type": "blocked", "status": "5.1.1"}, ReceiptKind.UNDELIVERED),
        ({"type": "expired"}, ReceiptKind.UNDELIVERED),
        ({"event": "dropped", "reason": "Bounced Address"}, ReceiptKind.BOUNCED),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, ReceiptKind.OPTED_OUT),
        ({"event": "dropped", "reason": "Recipient List over Package Quota"}, ReceiptKind.UNDELIVERED),
        ({"event": "spamreport"}, ReceiptKind.COMPLAINED),
        ({"event": "unsubscribe"}, ReceiptKind.OPTED_OUT),
        ({"event": "group_unsubscribe"}, ReceiptKind.OPTED_OUT),
    ],
)
def test_of_sendgrids_bounces_only_the_hard_ones_end_an_address(told: dict[str, str], kind: ReceiptKind) -> None:
    assert _receipt({"event": "bounce", **told}).kind is kind


@pytest.mark.parametrize(
    ("code", "text", "spared"),
    [
        (550, "5.1.1 nobody", False),
        (550, "no such user", False),
        (550, "blocked by our spam policy", True),
        (550, "5.7.13 account disabled", True),
        (550, "5.2.0 other", True),
    ],
)
def test_of_smtp_refusals_only_those_of_the_address_end_it(code: int, text: str, spared: bool) -> None:
    assert classify(code, text, At.RECIPIENT).spares_address is spared


def test_each_delivery_may_have_a_bounce_address_of_its_own() -> None:
    good = SmtpEmail.Settings("mx", "news@example.org", bounce_address="bounces+{reference}@example.org")
    assert list(good.problems()) == []
    for bad in ("bounces+{reference}", "a-much-longer-name+{reference}@example.org", "a b{reference}@example.org"):
        wrong = SmtpEmail.Settings("mx", "news@example.org", bounce_address=bad)
        assert [one.field for one in wrong.problems()] == ["bounce_address"]


def test_a_bounce_that_we_signed_stops_the_address_and_a_forged_one_does_not(
    database: Database, keyring: Keyring
) -> None:
    stage = Stage(database, keyring)
    stage.add_endpoint("mail", Medium.EMAIL)
    key, channel = keyring.key("reference"), SmtpEmail(SmtpEmail.Settings("mx", "news@example.org"), Http())
    with database.writing() as tx:
        place = addresses.resolve(tx, keyring, Medium.EMAIL, "ann@example.org")
        endpoint = endpoints.get(tx, "mail")
    ours = encode(DeliveryKey(7, MEDIUM_CODES[Medium.EMAIL], place, 1), key)

    def take(raw: bytes) -> TakenMail:
        return take_mail(database, endpoint, channel, raw, NOON, reference_key=key)[0]

    assert take(bounce("5.1.1")) is TakenMail.NOT_OURS
    assert take(b"Subject: hello\n\nthanks") is TakenMail.NO_REPORT
    assert [take(complaint("abuse", ours)), take(complaint("abuse", ours))] == [TakenMail.TAKEN, TakenMail.REPEATED]
    assert take(bounce("5.2.2", reference=ours)) is TakenMail.TAKEN
    with database.writing() as tx:
        receipts.apply_waiting(tx, 100)
        listed = [(row.address_id, row.reason) for row in addresses.suppression_page(tx).items]
    assert listed == [(place, "complained")]
