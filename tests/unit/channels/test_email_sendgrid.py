"""SendGrid's words, in and out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import (
    Accepted,
    Failure,
    FailureKind,
    Forged,
    Inbound,
    Medium,
    Receipt,
    ReceiptKind,
    Recipient,
    Secret,
)
from channels.email_sendgrid import FRESHNESS, SendGridEmail, _people, _personalization
from channels.http import Http
from channels.mail import refuse_recipient, refuse_recipients
from tests.conftest import NOON
from tests.rig import Rig
from tests.rig.accounts import SENDGRID_KEY, SENDGRID_SENDER
from tests.rig.signing import EventKey
from tests.unit.channels.answers import Answers, always
from tests.unit.channels.letters import MANAGE, batch, message

pytestmark = pytest.mark.anyio

KEY = EventKey()
MAIL = message(
    Medium.EMAIL,
    text="Legu: -manage_url-",
    html='<p lang="eo">Legu: <a href="-manage_url-html-">-manage_url-html-</a></p>',
)


def channel(base_url: str, http: Http | None = None, **more: str) -> SendGridEmail:
    settings = SendGridEmail.Settings(
        Secret(SENDGRID_KEY), SENDGRID_SENDER, base_url=base_url, event_public_key=KEY.public, **more
    )
    return SendGridEmail(settings, http or Http())


async def test_everyone_of_a_batch_gets_their_own_words_in_one_request(http: Http, rig: Rig) -> None:
    outcomes = await channel(rig.url("sendgrid"), http).send(
        batch(MAIL, "ana@example.org", "bo@example.org", fields=MANAGE)
    )
    assert len({outcome.provider_id for outcome in outcomes if isinstance(outcome, Accepted)}) == 1
    entries = list(rig.ledger.entries("sendgrid"))
    assert [(one.to, one.reference, one.request) for one in entries] == [
        ("ana@example.org", "ref1", 1),
        ("bo@example.org", "ref2", 1),
    ]
    body = entries[0].body or ""
    assert "Legu: https://clarion.example/u/tok?a=1&b=2" in body
    assert 'href="https://clarion.example/u/tok?a=1&amp;b=2"' in body


async def test_the_request_tracks_no_clicks_and_tells_sendgrid_no_address_but_the_one(http: Http) -> None:
    async with Answers(always(202)) as server:
        sender = channel(server.url, http, sender_name="Klarion", reply_to="reply@clarion.example")
        await sender.send(batch(MAIL, "ana@example.org", "bo@example.org", fields=MANAGE))
        document: dict[str, Any] = orjson.loads(server.requests[0].body)
    assert document["tracking_settings"]["click_tracking"] == {"enable": False, "enable_text": False}
    assert document["from"] == {"email": SENDGRID_SENDER, "name": "Klarion"}
    assert [part["type"] for part in document["content"]] == ["text/plain", "text/html"]
    assert document["headers"]["Auto-Submitted"] == "auto-generated"
    first = document["personalizations"][0]
    assert first["to"] == [{"email": "ana@example.org"}]
    assert first["custom_args"] == {"reference": "ref1"}
    assert first["headers"]["List-Unsubscribe"] == f"<{MANAGE['manage_url']}>"
    assert first["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    rest = orjson.dumps({key: value for key, value in document.items() if key != "personalizations"})
    assert b"ana@" not in rest + orjson.dumps(first["custom_args"])
    assert "categories" not in document


TEXTS = st.text(min_size=0, max_size=12) | st.sampled_from(
    ["https://x.example/u/abc", "a&b", "<i>", "it's", '"', "%s", ""]
)
PEOPLE = st.lists(
    st.builds(Recipient, TEXTS, TEXTS, fields=st.fixed_dictionaries({}, optional={"manage_url": TEXTS, "100%": TEXTS})),
    min_size=1,
    max_size=4,
)


@given(PEOPLE)
def test_a_form_filled_in_is_the_same_as_each_written_out(people: list[Recipient]) -> None:
    assert orjson.loads(_people(people)) == [_personalization(one) for one in people]
    alike = [one._replace(fields={"manage_url": f"https://x.example/u/{n}"}) for n, one in enumerate(people)]
    assert orjson.loads(_people(alike)) == [_personalization(one) for one in alike]


ADDRESSES = st.sampled_from(
    ["ana@example.org", "a@b@c", "@x", "x@", "@x@y", "x", "", "a b@c", "a,b@c", "ž@x.example", "a@\x85b"]
)
LINKS = st.sampled_from(["", "https://x.example/u/abc", "https://x.example/ y", "a,b", "a\r\nBcc: b"])


@given(st.lists(st.builds(Recipient, ADDRESSES, st.just("r"), fields=st.fixed_dictionaries({"manage_url": LINKS}))))
def test_all_at_once_are_refused_as_one_by_one(people: list[Recipient]) -> None:
    assert list(refuse_recipients(people)) == [refuse_recipient(one) for one in people]


async def test_one_unusable_address_does_not_cost_the_others_their_mail(http: Http, rig: Rig) -> None:
    addresses = ("ana@example.org", "bo@example.org\r\nBcc: all@example.org", "ci@example.org")
    outcomes = await channel(rig.url("sendgrid"), http).send(batch(MAIL, *addresses))
    kinds = [outcome.kind if isinstance(outcome, Failure) else None for outcome in outcomes]
    assert kinds == [None, FailureKind.RECIPIENT, None]
    assert rig.ledger.accepted("sendgrid") == 2


async def test_a_refused_batch_is_content_but_a_refused_single_is_its_recipient(http: Http, rig: Rig) -> None:
    rig.behave("sendgrid", "invalid_recipient", address_suffix="bad@example.org")
    sender = channel(rig.url("sendgrid"), http)
    pair = await sender.send(batch(MAIL, "ana@example.org", "bad@example.org"))
    assert [outcome.kind for outcome in pair if isinstance(outcome, Failure)] == [FailureKind.CONTENT] * 2
    (single,) = await sender.send(batch(MAIL, "bad@example.org"))
    assert isinstance(single, Failure)
    assert single.kind is FailureKind.RECIPIENT


async def test_a_subject_with_a_line_break_is_never_sent(http: Http, rig: Rig) -> None:
    words = message(Medium.EMAIL, subject="Saluton\r\nBcc: all@example.org")
    outcomes = await channel(rig.url("sendgrid"), http).send(batch(words, "ana@example.org", "bo@example.org"))
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Failure)] == ["header_injection"] * 2
    assert rig.ledger.tally("sendgrid").requests == 0


def events(*found: dict[str, object]) -> bytes:
    # SendGrid ends its body with a line break; what is signed are the bytes.
    return orjson.dumps(list(found)) + b"\r\n"


def inbound(
    body: bytes, headers: dict[str, str] | None = None, *, at: int | None = None, key: EventKey = KEY
) -> Inbound:
    stamp = str(int(NOON.timestamp()) if at is None else at)
    signed = {
        "x-twilio-email-event-webhook-signature": key.sign(stamp, body),
        "x-twilio-email-event-webhook-timestamp": stamp,
    }
    return Inbound("https://clarion.example/callbacks/mail", {**signed, **(headers or {})}, body)


BODY = events({"event": "delivered", "sg_event_id": "e1", "reference": "ref1"})


def test_events_signed_by_sendgrid_are_believed() -> None:
    channel("https://api.sendgrid.com").verify(inbound(BODY), NOON)
    channel("https://api.sendgrid.com").verify(inbound(BODY), NOON + FRESHNESS)


@pytest.mark.parametrize(
    "forged",
    [
        inbound(BODY, key=EventKey()),
        inbound(BODY, at=1_000_000_000),
        inbound(BODY, at=int((NOON - FRESHNESS - timedelta(seconds=1)).timestamp())),
        inbound(BODY, at=int((NOON + FRESHNESS + timedelta(seconds=1)).timestamp())),
        Inbound("", inbound(BODY).headers, BODY.strip()),
        Inbound("", {}, BODY),
        inbound(BODY, {"x-twilio-email-event-webhook-signature": "not base64!"}),
        inbound(BODY, {"x-twilio-email-event-webhook-timestamp": "soon"}),
        inbound(BODY, {"x-twilio-email-event-webhook-timestamp": "9" * 30}),
        inbound(b"\xff\xfe"),
    ],
)
def test_events_that_are_forged_old_or_rewritten_are_refused(forged: Inbound) -> None:
    with pytest.raises(Forged):
        channel("https://api.sendgrid.com").verify(forged, NOON)


def test_without_a_verification_key_nothing_is_believed() -> None:
    settings = SendGridEmail.Settings(Secret(SENDGRID_KEY), SENDGRID_SENDER)
    with pytest.raises(Forged):
        SendGridEmail(settings, Http()).verify(inbound(BODY), NOON)


def receipt(**event: object) -> Receipt:
    body = events({"sg_event_id": "e1", "reference": "ref1", "email": "ana@example.org", **event})
    (found,) = channel("https://api.sendgrid.com").receipts(inbound(body))
    return found


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"event": "processed"}, ReceiptKind.ACCEPTED),
        ({"event": "deferred"}, ReceiptKind.DEFERRED),
        ({"event": "delivered"}, ReceiptKind.DELIVERED),
        ({"event": "open"}, ReceiptKind.READ),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, ReceiptKind.BOUNCED),
        ({"event": "bounce", "type": "blocked", "status": "4.7.1"}, ReceiptKind.UNDELIVERED),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, ReceiptKind.OPTED_OUT),
        ({"event": "dropped", "reason": "Bounced Address"}, ReceiptKind.BOUNCED),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, ReceiptKind.COMPLAINED),
        ({"event": "dropped", "reason": "Something new"}, ReceiptKind.UNDELIVERED),
        ({"event": "spamreport"}, ReceiptKind.COMPLAINED),
        ({"event": "group_unsubscribe"}, ReceiptKind.OPTED_OUT),
        ({"event": "group_resubscribe"}, ReceiptKind.UNKNOWN),
        ({"event": "teleported"}, ReceiptKind.UNKNOWN),
        ({}, ReceiptKind.UNKNOWN),
    ],
)
def test_an_event_becomes_a_receipt(event: dict[str, object], kind: ReceiptKind) -> None:
    found = receipt(**event)
    assert (found.kind, found.reference, found.event_id) == (kind, "ref1", "e1")


def test_a_receipt_never_quotes_the_address() -> None:
    found = receipt(event="bounce", reason="550 <ana@example.org> unknown", status="ana@example.org")
    assert "ana@" not in repr(found)


def test_an_event_without_an_id_is_known_by_its_content() -> None:
    first, again = receipt(sg_event_id=None, event="open"), receipt(sg_event_id=None, event="open")
    assert first.event_id == again.event_id != receipt(sg_event_id=None, event="click").event_id


def test_the_time_of_an_event_is_read_and_nonsense_is_no_time() -> None:
    assert receipt(event="open", timestamp=int(NOON.timestamp())).at == NOON
    assert receipt(event="open", timestamp="yesterday").at is None


@pytest.mark.parametrize("body", [b"{}", b"nonsense", b'"x"', b""])
def test_a_body_that_is_no_list_of_events_is_kept_as_unknown(body: bytes) -> None:
    (found,) = channel("https://api.sendgrid.com").receipts(inbound(body))
    assert found.kind is ReceiptKind.UNKNOWN
