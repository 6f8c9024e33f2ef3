"""Our own checks of signatures say what the providers' official SDKs say, of good callbacks and of forged ones."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from app.domain.message import Forged, Inbound, Secret
from channels.email_sendgrid import SendGridEmail
from channels.http import Http
from channels.sms_twilio import TwilioSms
from tests.conftest import NOON
from tests.rig.signing import EventKey

TOKEN = "an auth token"
HTTP = Http()
SMS = TwilioSms(TwilioSms.Settings("AC1", Secret(TOKEN), "+15005550006"), HTTP)
KEY, STRANGERS = EventKey(), EventKey()
MAIL = SendGridEmail(SendGridEmail.Settings(Secret("SG.x"), "news@example.org", event_public_key=KEY.public), HTTP)
STAMP = str(int(NOON.timestamp()))


class Many(dict[str, list[str]]):
    """A form with repeated names, as the SDK takes it."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def parameters(body: bytes) -> Many:
    found = Many()
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def believed(channel: TwilioSms | SendGridEmail, inbound: Inbound) -> bool:
    try:
        channel.verify(inbound, NOON)
    except Forged:
        return False
    return True


ORIGINS = st.sampled_from(
    ["https://c.example", "https://c.example:443", "https://c.example:8443", "http://c.example", "HTTP://C.example:80"]
)
PATHS = st.one_of(
    st.sampled_from(["/callbacks/sms/ref1", "/a?b=c&d", "/a?", "/a;b", "/a;", "/a%20b", "//a", "/", ""]),
    st.text(st.characters(codec="latin-1"), max_size=20).map(lambda text: "/callbacks/" + text),
)
FORMS = st.one_of(
    st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=6).map(urlencode),
    st.sampled_from(["A=1&A=2&A=1", "A=&B", "AB=C&A=BC", "&&=", "A=%FF%00"]),
).map(str.encode)


@given(ORIGINS, PATHS, st.one_of(FORMS, st.binary(max_size=30)), st.booleans(), st.booleans())
@example("https://c.example", "/callbacks/sms/ref1", b"A=1", True, True)
def test_twilios(origin: str, path: str, body: bytes, with_port: bool, good: bool) -> None:
    url = origin + path
    sdk = RequestValidator(TOKEN if good else "another")
    signed = url.replace("c.example/", "c.example:443/") if with_port else url
    signature = sdk.compute_signature(signed, parameters(body))
    expected = bool(RequestValidator(TOKEN).validate(url, parameters(body), signature))
    assert believed(SMS, Inbound(url, {"x-twilio-signature": signature}, body)) is expected


@given(st.text(max_size=30))
def test_twilios_of_any_text(signature: str) -> None:
    expected = bool(RequestValidator(TOKEN).validate("https://c.example/a", parameters(b"A=1"), signature))
    assert believed(SMS, Inbound("https://c.example/a", {"x-twilio-signature": signature}, b"A=1")) is expected


@given(st.text(max_size=40), st.sampled_from(["", " ", "1"]), st.booleans())
def test_sendgrids(text: str, added: str, good: bool) -> None:
    signature = (KEY if good else STRANGERS).sign(STAMP, text.encode())
    body = text + added
    expected = EventWebhook(KEY.public).verify_signature(body, signature, STAMP)
    assert expected is (good and not added)
    headers = {
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": STAMP,
    }
    assert believed(MAIL, Inbound("", headers, body.encode())) is expected


@given(st.one_of(st.text(max_size=30), st.binary(max_size=80).map(lambda raw: base64.b64encode(raw).decode())))
def test_sendgrids_of_any_text(signature: str) -> None:
    headers = {
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": STAMP,
    }
    assert not believed(MAIL, Inbound("", headers, b"[]"))


@pytest.mark.parametrize(
    "key", ["", "rubbish", "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WG"]
)
def test_a_key_that_is_none_believes_nobody(key: str) -> None:
    channel = SendGridEmail(SendGridEmail.Settings(Secret("SG.x"), "news@example.org", event_public_key=key), HTTP)
    headers = {
        "x-twilio-email-event-webhook-signature": KEY.sign(STAMP, b"[]"),
        "x-twilio-email-event-webhook-timestamp": STAMP,
    }
    assert not believed(channel, Inbound("", headers, b"[]"))
