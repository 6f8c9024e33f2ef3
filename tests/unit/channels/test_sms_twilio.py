"""Twilio's words, in and out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

import pytest

from app.domain.message import (
    Accepted,
    Batch,
    Failure,
    FailureKind,
    Forged,
    Found,
    Inbound,
    Outcome,
    People,
    Receipt,
    ReceiptKind,
    Recipient,
    Secret,
)
from channels.http import Http, Raw
from channels.sms_twilio import LONGEST_CALLBACK, STRANGER, TwilioSms
from tests.conftest import NOON
from tests.rig import Rig
from tests.rig.accounts import TWILIO_ACCOUNTS, TWILIO_SENDER
from tests.rig.signing import sign_twilio
from tests.unit.channels.answers import Answers, always
from tests.unit.channels.letters import batch, message

pytestmark = pytest.mark.anyio

SID, TOKEN = next(iter(TWILIO_ACCOUNTS.items()))
URL = "https://clarion.example/callbacks/sms/ref1"


def channel(base_url: str, http: Http | None = None, sender: str = TWILIO_SENDER) -> TwilioSms:
    return TwilioSms(TwilioSms.Settings(SID, Secret(TOKEN), sender, base_url), http or Http())


async def form_of(http: Http, sender: str = TWILIO_SENDER, **changes: object) -> dict[str, list[str]]:
    callback = str(changes.pop("callback", ""))
    fields = changes.pop("fields", None)
    async with Answers(always(201, {"sid": "SM1"})) as server:
        words = batch(message(**changes), "+15551230001", fields=fields, callback=callback)  # type: ignore[arg-type]
        assert await channel(server.url, http, sender).send(words) == [Accepted("SM1")]
        return parse_qs(server.requests[0].body.decode(), keep_blank_values=True)


async def test_the_form_holds_what_twilio_needs_and_nothing_else(http: Http) -> None:
    assert await form_of(http) == {
        "To": ["+15551230001"],
        "From": [TWILIO_SENDER],
        "ValidityPeriod": ["1800"],
        "Body": ["La kurento mankas ĝis 14:30."],
    }


async def test_a_messaging_service_is_named_as_one(http: Http) -> None:
    form = await form_of(http, sender="MG" + "0" * 32)
    assert "From" not in form
    assert form["MessagingServiceSid"] == ["MG" + "0" * 32]


@pytest.mark.parametrize(("seconds", "said"), [(0, "1"), (-5, "1"), (60, "60"), (99_999, "36000")])
async def test_the_expiry_is_handed_down_within_twilios_bounds(http: Http, seconds: int, said: str) -> None:
    assert (await form_of(http, valid_seconds=seconds))["ValidityPeriod"] == [said]


async def test_personal_fields_are_spliced_and_other_dashes_left_alone(http: Http) -> None:
    form = await form_of(http, text="Saluton -name-! A well-known-fact.", fields={"name": "Ĝ & -name-"})
    assert form["Body"] == ["Saluton Ĝ & -name-! A well-known-fact."]


async def test_a_callback_address_goes_along(http: Http) -> None:
    assert (await form_of(http, callback=URL))["StatusCallback"] == [URL]


@pytest.mark.parametrize(
    ("to", "kind", "code"),
    [
        ("+15005550001", FailureKind.RECIPIENT, "21211"),
        ("+15005550002", FailureKind.RECIPIENT, "21612"),
        ("+15005550003", FailureKind.RECIPIENT, "21408"),
        ("+15005550004", FailureKind.OPTED_OUT, "21610"),
        ("+15005550009", FailureKind.RECIPIENT, "21614"),
    ],
)
async def test_twilios_magic_numbers_are_about_the_recipient(
    http: Http, rig: Rig, to: str, kind: FailureKind, code: str
) -> None:
    (outcome,) = await channel(rig.url("twilio"), http).send(batch(message(), to))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (kind, code)
    assert to not in repr(outcome)


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("+15005550001", FailureKind.ACCOUNT),
        ("+15005550007", FailureKind.ACCOUNT),
        ("+15005550008", FailureKind.NOT_ACCEPTED),
    ],
)
async def test_twilios_magic_senders_are_about_the_endpoint(
    http: Http, rig: Rig, sender: str, kind: FailureKind
) -> None:
    (outcome,) = await channel(rig.url("twilio"), http, sender).send(batch(message(), "+15551230001"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is kind


async def test_a_known_code_in_a_server_error_proves_nothing(http: Http) -> None:
    async with Answers(always(500, {"code": 20429})) as server:
        (outcome,) = await channel(server.url, http).send(batch(message(), "+15551230001"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.AMBIGUOUS


async def test_what_twilio_took_is_found_again_even_after_a_lost_answer(http: Http, rig: Rig) -> None:
    rig.behave("twilio", "reset_after_accept", times=1)
    sms = channel(rig.url("twilio"), http)
    words = batch(message(), "+15551230001")
    (outcome,) = await sms.send(words)
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.AMBIGUOUS
    ago = timedelta(days=36_500)
    found = await sms.find(words.recipients[0], words.message, NOON - ago)
    assert found.found is Found.YES
    assert found.provider_id.startswith("SM")
    other = await sms.find(words.recipients[0], message(text="Alia vorto."), NOON - ago)
    assert other.found is Found.NO
    assert (await sms.find(Recipient("+15551239999", "r"), words.message, NOON - ago)).found is Found.NO


@pytest.mark.parametrize(
    ("status", "document"),
    [(500, {}), (200, {}), (200, {"messages": [{"date_created": None, "body": "x"}], "next_page_uri": "/more"})],
)
async def test_a_search_without_a_clear_answer_does_not_say_no(http: Http, status: int, document: object) -> None:
    async with Answers(always(status, document)) as server:
        result = await channel(server.url, http).find(Recipient("+15551230001", "r"), message(), NOON)
    assert result.found is Found.CANNOT_TELL


@pytest.mark.parametrize(
    ("word", "error", "kind", "code"),
    [
        ("delivered", None, ReceiptKind.DELIVERED, "delivered"),
        ("sent", None, ReceiptKind.SENT, "sent"),
        ("undelivered", 30005, ReceiptKind.BOUNCED, "30005"),
    ],
)
async def test_what_is_asked_later_is_the_same_event_as_its_callback(
    http: Http, word: str, error: int | None, kind: ReceiptKind, code: str
) -> None:
    async with Answers(always(200, {"sid": "SM1", "status": word, "error_code": error})) as server:
        told = await channel(server.url, http).what_became_of("SM1")
    assert isinstance(told, Receipt)
    assert (told.kind, told.code, told.provider_id) == (kind, code, "SM1")
    form = status(word, **({"ErrorCode": str(error)} if error else {}))
    assert channel("https://api.twilio.com").receipts(inbound(form))[0].event_id == told.event_id


@pytest.mark.parametrize(("answer", "kind"), [(404, None), (429, FailureKind.NOT_ACCEPTED), (401, FailureKind.ACCOUNT)])
async def test_what_cannot_be_asked_later_is_no_end(http: Http, answer: int, kind: FailureKind | None) -> None:
    async with Answers(always(answer, {"code": 1})) as server:
        told = await channel(server.url, http).what_became_of("SM1")
    assert (told.kind if isinstance(told, Failure) else told) == kind
    assert await channel("https://api.twilio.com", http).what_became_of("../Accounts") is None


def test_what_is_kept_of_a_callback_holds_no_number() -> None:
    (receipt,) = channel("https://api.twilio.com").receipts(inbound(status("delivered", From="+15005550006")))
    assert receipt.raw == "MessageStatus=delivered MessageSid=SM1"


def inbound(form: dict[str, str], token: str = TOKEN, url: str = URL, signed_url: str = URL) -> Inbound:
    headers = {"x-twilio-signature": sign_twilio(token, signed_url, form)}
    return Inbound(url, headers, urlencode(form).encode(), "ref1")


def status(word: str, **more: str) -> dict[str, str]:
    return {"MessageSid": "SM1", "MessageStatus": word, "To": "+15551230001", "Empty": "", **more}


def test_a_callback_signed_by_twilio_is_believed() -> None:
    channel("https://api.twilio.com").verify(inbound(status("delivered")), NOON)


def test_the_vector_of_twilios_own_tests_is_accepted() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    settings = TwilioSms.Settings(SID, Secret("12345"), TWILIO_SENDER)
    headers = {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    TwilioSms(settings, Http()).verify(Inbound(url, headers, urlencode(form).encode()), NOON)


@pytest.mark.parametrize(
    "forged",
    [
        inbound(status("delivered"), token="another"),
        inbound(status("delivered"), url="https://clarion.example/callbacks/sms/ref2"),
        inbound(status("delivered"), url="http://clarion.example/callbacks/sms/ref1"),
        Inbound(URL, {}, urlencode(status("delivered")).encode(), "ref1"),
        Inbound(URL, inbound(status("failed")).headers, urlencode(status("delivered")).encode(), "ref1"),
        Inbound(URL, inbound(status("failed")).headers, b'{"MessageStatus": "delivered"}', "ref1"),
        inbound(status("delivered", Body="&" * LONGEST_CALLBACK)),
        Inbound(URL, {"x-twilio-signature": "é"}, b"\xff\xfe", "ref1"),
    ],
)
def test_a_callback_that_twilio_did_not_sign_is_refused(forged: Inbound) -> None:
    with pytest.raises(Forged):
        channel("https://api.twilio.com").verify(forged, NOON)


@pytest.mark.parametrize(
    ("form", "kind", "code"),
    [
        (status("queued"), ReceiptKind.ACCEPTED, "queued"),
        (status("sent"), ReceiptKind.SENT, "sent"),
        (status("delivered"), ReceiptKind.DELIVERED, "delivered"),
        (status("read"), ReceiptKind.READ, "read"),
        (status("undelivered", ErrorCode="30003"), ReceiptKind.UNDELIVERED, "30003"),
        (status("failed", ErrorCode="30005"), ReceiptKind.BOUNCED, "30005"),
        (status("failed", ErrorCode="30007"), ReceiptKind.FILTERED, "30007"),
        (status("failed", ErrorCode="21610"), ReceiptKind.OPTED_OUT, "21610"),
        (status("teleported"), ReceiptKind.UNKNOWN, "teleported"),
        ({}, ReceiptKind.UNKNOWN, ""),
    ],
)
def test_a_status_becomes_a_receipt(form: dict[str, str], kind: ReceiptKind, code: str) -> None:
    (receipt,) = channel("https://api.twilio.com").receipts(inbound(form))
    assert (receipt.kind, receipt.code, receipt.reference) == (kind, code, "ref1")


def test_a_repeated_callback_is_the_same_event_and_a_new_status_another() -> None:
    sms = channel("https://api.twilio.com")
    first, again = sms.receipts(inbound(status("sent"))), sms.receipts(inbound(status("sent", New="1")))
    (later,) = sms.receipts(inbound(status("delivered")))
    assert first[0].event_id == again[0].event_id != later.event_id


@pytest.mark.parametrize(
    "folder", ["", "https://clarion.example/callbacks/sms/", "https://clarion.example/an odd & one/"]
)
@pytest.mark.parametrize("fields", [(), ({"name": "Ĝ & -name-"}, {"name": "B"}, {}, {})])
@pytest.mark.parametrize(
    "addresses", [["+15551230001", "+15551230002"], ["+15551230001", "whatsapp:+1 555", "0049&To=1", ""], []]
)
async def test_what_is_posted_is_what_would_be_sent_one_by_one(
    http: Http, addresses: list[str], fields: tuple[dict[str, str], ...], folder: str
) -> None:
    names = ["plain1", "with&and/slash", "plain2", ""][: len(addresses)]
    words, people = message(text="Saluton -name-!"), People(addresses, names, folder, fields[: len(addresses)])
    async with Answers(always(201, {"sid": "SM1"})) as server:
        sms = channel(server.url, http)
        prepared = sms.prepare(words, people)
        await sms.send(Batch(words, people.part(0, len(addresses))))
        sent = [parse_qs(request.body.decode()) for request in server.requests]
        assert [parse_qs(form.decode()) for form in prepared] == sent


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (201, {"sid": "SM" + "0" * 32}, Accepted("SM" + "0" * 32)),
        (201, {"sid": "SM1"}, Accepted("SM1")),
        (200, {"sid": None}, STRANGER),
        (400, {"code": 21211}, FailureKind.RECIPIENT),
        (503, {}, FailureKind.NOT_ACCEPTED),
    ],
)
async def test_a_post_comes_to_what_a_call_would(
    http: Http, status: int, body: dict[str, object], outcome: Outcome | FailureKind
) -> None:
    async with Answers(always(status, body)) as server:
        sms = channel(server.url, http)
        (form,) = sms.prepare(message(), People(["+15551230001"], ["ref1"]))
        answers: asyncio.Queue[Raw] = asyncio.Queue()
        sms.poster()(form, answers.put_nowait)
        found = sms.read(await asyncio.wait_for(answers.get(), 30))
    assert (found if isinstance(outcome, Accepted | Failure) else getattr(found, "kind", None)) == outcome
