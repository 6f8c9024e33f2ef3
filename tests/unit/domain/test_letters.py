"""Letters: who wrote and what, whatever the bytes are; what a machine wrote is nobody's letter."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.callbacks.letters import form_fields
from app.domain.letters import LONGEST, LONGEST_TEXT, Letter, NoLetter, door_secret, opens, read_letter, read_posted
from channels.mail_reports import read_report

REFERENCE = "abcdefgh" * 6
HEAD = "From: Ann <ann@example.org>\r\nMessage-ID: <1@mx>\r\n"


def read(rest: str, head: str = HEAD) -> Letter | NoLetter:
    return read_letter((head + rest).encode())


def words(rest: str) -> str:
    found = read(rest)
    assert isinstance(found, Letter)
    return found.text


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=x@y",
        "Precedence: bulk",
        "Precedence: auto_reply",
        "List-Id: <news.example.org>",
        "X-Autoreply: yes",
        "Return-Path: <>",
        "Content-Type: multipart/report; boundary=x",
    ],
)
def test_what_a_machine_wrote_is_left_alone(line: str) -> None:
    assert read(f"{line}\r\n\r\nI am away until Monday.") is NoLetter.AUTOMATIC
    assert isinstance(read("Auto-Submitted: no\r\nReturn-Path: <ann@example.org>\r\n\r\nHello"), Letter)


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("From: MAILER-DAEMON@mx.test\r\n", NoLetter.AUTOMATIC),
        ("From: no-reply@shop.test\r\n", NoLetter.AUTOMATIC),
        ("From: donotreply@shop.test\r\n", NoLetter.AUTOMATIC),
        ("", NoLetter.NO_SENDER),
        ("From: a@example.org, b@example.org\r\n", NoLetter.NO_SENDER),
        ("From: a@example.org\r\nFrom: b@example.org\r\n", NoLetter.NO_SENDER),
        ("From: undisclosed\r\n", NoLetter.NO_SENDER),
    ],
)
def test_a_letter_has_one_person_who_wrote_it(sender: str, why: NoLetter) -> None:
    assert read("\r\nHello", sender) is why


def test_the_words_are_those_of_the_person() -> None:
    found = read(
        f"Subject: =?utf-8?q?Re=3A_Sa=C4=9Do?=\r\nIn-Reply-To: <{REFERENCE.upper()}@clarion.test>\r\n\r\n"
        "Is the school open?\r\n\r\nAm Montag schrieb Metro Power:\r\n> The power is out.\r\n>> STOP\r\n\r\n"
    )
    assert isinstance(found, Letter)
    assert (found.sender, found.words) == ("ann@example.org", "Re: Saĝo\n\nIs the school open?")
    assert found.answers == (REFERENCE,)
    assert words("\r\nSTOP\r\n-- \r\nAnn\r\n+44 7911") == "STOP"
    assert words("\r\n> You asked: is it safe?\r\nYes.") == "> You asked: is it safe?\nYes.", (
        "answers between the lines"
    )
    parts = (
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--b\r\n'
        "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=n.txt\r\n\r\nnot this\r\n--b\r\n"
        "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\nY2Fm6Q==\r\n--b--"
    )
    assert words(parts) == "café"
    assert words("Content-Type: text/html\r\n\r\n<p>Hello</p>") == ""
    for charset in ("no-such", "idna", "unicode_escape", "zip", "utf-16", '"\u00e9"'):
        assert isinstance(words(f"Content-Type: text/plain; charset={charset}\r\n\r\nHello"), str)
    assert len(words("\r\n" + "x" * 3_000_000)) <= LONGEST_TEXT


def test_the_same_letter_is_the_same_and_nobody_takes_the_place_of_another() -> None:
    first, again, other = read("\r\nHello"), read("\r\nhello!"), read("\r\nHello", HEAD.replace("ann@", "bob@"))
    assert isinstance(first, Letter)
    assert isinstance(again, Letter)
    assert isinstance(other, Letter)
    assert first.event_id == again.event_id != other.event_id


def test_parts_within_parts_break_nothing() -> None:
    deep = HEAD + "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(5_000))
    nested = HEAD + "Content-Type: message/rfc822\r\n\r\n" * 5_000
    for raw in (deep.encode(), nested.encode()):
        assert isinstance(read_letter(raw), Letter | NoLetter)
        assert list(read_report(raw)) == []


@pytest.mark.parametrize(
    "head", ["From: g:" + "a," * 1_000_000 + ";", "From: a@b.example\r\nSubject: " + "=?a?q?" * 300_000]
)
def test_a_head_without_end_is_cut_before_it_is_taken_apart(head: str) -> None:
    """Uncut, the first one keeps a processor busy for half an hour: it takes the square of its length."""
    found = read("\r\n\r\nHello", head)
    assert found is NoLetter.NO_SENDER or (isinstance(found, Letter) and len(found.subject) <= 200)


NESTED = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(300))


@pytest.mark.parametrize(
    "hostile",
    [
        'Content-Type: multipart/mixed; x="' + ";" * LONGEST,
        "Content-Type: text/plain" + ";" * LONGEST,
        "Content-Type: multipart/mixed;\r\n" + ' ";\r\n' * (LONGEST // 5),
        NESTED + "\n" * LONGEST,
    ],
    ids=["quoted", "bare", "folded", "nested"],
)  # fmt: skip
def test_what_takes_the_square_of_its_length_is_cut_before_it_is_parsed(hostile: str) -> None:
    """Uncut, the first keeps a processor busy for ten minutes and the last for half a minute; cut, below a second."""
    raw = f"{HEAD}{hostile}\r\n\r\nHello".encode()
    begun = time.process_time()
    assert isinstance(read_letter(raw), Letter)
    assert list(read_report(raw)) == []
    form_fields(hostile.partition(": ")[2][:60_000], raw)
    assert time.process_time() - begun < 25, "seconds of work, not of waiting"


@given(st.binary(max_size=400), st.binary(max_size=200))
def test_any_bytes_are_read_without_a_fault(raw: bytes, more: bytes) -> None:
    read_letter(raw)
    read_letter(HEAD.encode() + raw + b"\r\n\r\n" + more)
    read_letter(HEAD.encode() + b"Content-Type: text/plain; charset=" + raw + b"\r\n\r\n" + more)
    read_letter(b"From: " + raw + b"\r\nSubject: =?" + more + b"?=\r\n\r\n")
    read_posted(form_fields("multipart/form-data; boundary=b", b"--b\r\n" + raw + b"\r\n\r\n" + more), "utf-8")
    read_posted(form_fields(raw.decode("latin-1"), more), more.decode("latin-1"))
    read_posted({"headers": raw, "text": more}, "utf-8")


def test_the_secret_of_the_door_is_of_one_endpoint() -> None:
    secret = door_secret(b"key", "mail")
    assert len(secret) == 32
    assert opens(b"key", "mail", secret)
    for wrong in (door_secret(b"key", "other"), door_secret(b"old", "mail"), secret[:-1], "", "\u00e9", "\ud800"):
        assert not opens(b"key", "mail", wrong)
