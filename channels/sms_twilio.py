"""Text messages by Twilio's Messages API.

The hot path posts a form encoded once per message. Signatures are checked here, as the official SDK checks them
(tests hold the two against each other), at a fraction of its cost.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import ParseResult, parse_qsl, quote_plus, urlencode, urlparse

from channels.base import (
    EMPTY,
    Accepted,
    Batch,
    Failure,
    FailureKind,
    FindResult,
    Forged,
    Found,
    Inbound,
    Info,
    Label,
    Limits,
    Marked,
    Medium,
    Message,
    Outcome,
    People,
    PerMessage,
    Problem,
    Receipt,
    ReceiptKind,
    Recipient,
    Reply,
    Secret,
    Wish,
)
from channels.http import Http, Raw, by_status, standing_headers
from channels.http import Reply as Answer
from channels.twilio_forms import quoted, quoted_names, quoted_numbers

# https://www.twilio.com/docs/api/errors
# A single foreign number (21408) or impossible route (21612) must not stop the endpoint: it is that recipient's.
ERRORS: Final[Mapping[int, FailureKind]] = {
    10001: FailureKind.ACCOUNT,
    20003: FailureKind.ACCOUNT,
    20404: FailureKind.ACCOUNT,
    20429: FailureKind.NOT_ACCEPTED,
    21211: FailureKind.RECIPIENT,
    21212: FailureKind.ACCOUNT,
    21408: FailureKind.RECIPIENT,
    21601: FailureKind.ACCOUNT,
    21606: FailureKind.ACCOUNT,
    21608: FailureKind.ACCOUNT,
    21610: FailureKind.OPTED_OUT,
    21611: FailureKind.NOT_ACCEPTED,
    21612: FailureKind.RECIPIENT,
    21614: FailureKind.RECIPIENT,
    21617: FailureKind.CONTENT,
    30001: FailureKind.NOT_ACCEPTED,
    30002: FailureKind.ACCOUNT,
}

OUR_OWN_REACH: Final = frozenset({21408, 21612})
"""Of them those that say nothing of the number: our account may not send there yet, or this sender has no route."""

# https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
STATUSES: Final[Mapping[str, ReceiptKind]] = {
    "accepted": ReceiptKind.ACCEPTED,
    "scheduled": ReceiptKind.ACCEPTED,
    "queued": ReceiptKind.ACCEPTED,
    "sending": ReceiptKind.ACCEPTED,
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "undelivered": ReceiptKind.UNDELIVERED,
    "failed": ReceiptKind.UNDELIVERED,
    "canceled": ReceiptKind.UNDELIVERED,
    "partially_delivered": ReceiptKind.UNDELIVERED,
}

# The same page as ERRORS; what an ErrorCode makes of an undelivered or failed message.
DELIVERY_ERRORS: Final[Mapping[str, ReceiptKind]] = {
    "21610": ReceiptKind.OPTED_OUT,
    "30004": ReceiptKind.BOUNCED,
    "30005": ReceiptKind.BOUNCED,
    "30006": ReceiptKind.BOUNCED,
    "30007": ReceiptKind.FILTERED,
    "30034": ReceiptKind.FILTERED,
}

# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
OPT_OUT_TYPES: Final[Mapping[str, Wish]] = {"STOP": Wish.STOP, "START": Wish.START, "HELP": Wish.HELP}

# https://help.twilio.com/articles/223134027: what Twilio answers by itself, as the only word of a message.
TWILIOS_OWN: Final = frozenset(
    {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "START", "YES", "UNSTOP", "HELP",
     "INFO"}
)  # fmt: skip
ANSWERED_BY: Final = ("provider", "clarion")

EVIDENCE: Final = ("MessageStatus", "SmsStatus", "ErrorCode", "RawDlrDoneDate", "MessageSid")
"""Of a status callback: what is kept as it came. Everything else may hold a number or our account."""

STRANGER: Final = Failure(
    FailureKind.AMBIGUOUS, "no_sid", "The address answers, but not as Twilio does; is the API address right?"
)
VALIDITY_SECONDS: Final = (1, 36_000)
"""What ValidityPeriod may be."""
LONGEST_CALLBACK: Final = 64 << 10
"""Bytes: a text of 1,600 characters and what Twilio says of it are a tenth of that. Holding more against a signature
costs seconds, for which nobody needs to have signed anything.
"""
CLOCK_SLACK: Final = timedelta(seconds=60)
"""How far Twilio's clock may differ from ours in a search."""
SEARCH_PAGE: Final = 50


class TwilioSms:
    info: ClassVar[Info] = Info(
        name="sms_twilio",
        title="SMS by Twilio",
        medium=Medium.SMS,
        limits=Limits(characters=1600, segments=6),
        rate_per_second=10.0,
        concurrency=64,
        docs_url="https://www.twilio.com/docs/messaging/api/message-resource",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        account_sid: Annotated[str, Label("Account SID", "Begins with AC.")]
        auth_token: Annotated[Secret, Label("Auth token", "Also signs the callbacks.")]
        sender: Annotated[str, Label("Sender", "A number, a sender name or a Messaging Service SID (MG...).")]
        base_url: Annotated[str, Label("API address")] = "https://api.twilio.com"
        keyword_answers: Annotated[
            str,
            Label("Who answers STOP and HELP", "provider, unless Twilio has switched its own answers off: clarion."),
        ] = "provider"

        def problems(self) -> Iterable[Problem]:
            if self.keyword_answers not in ANSWERED_BY:
                sentence = "Answers come from the provider or from clarion."
                yield Problem("answers_unknown", sentence, "keyword_answers", "provider or clarion.")

    def __init__(self, settings: Settings, http: Http) -> None:
        self._http = http
        self._settings = settings
        address = (
            f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{quote_plus(settings.account_sid)}/Messages.json"
        )
        self._url = address
        self._folder = address.removesuffix(".json")
        login = f"{settings.account_sid}:{settings.auth_token.reveal()}".encode()
        authorization = "Basic " + base64.b64encode(login).decode()
        self._headers = standing_headers(authorization, "application/x-www-form-urlencoded")
        self._service = settings.sender.startswith("MG") and len(settings.sender) == 34
        self._forms = PerMessage(self._form)
        self._sid_at = 0
        """Where it stood in the last answer: the answers to one account are alike."""
        self._mac = hmac.new(settings.auth_token.reveal().encode(), digestmod=hashlib.sha1)

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        message, outcomes = batch.message, []
        for recipient in batch.recipients:
            reply = await self._http.call("POST", self._url, self._headers, self._filled_in(message, recipient))
            outcomes.append(_outcome(reply))
        return outcomes

    def prepare(self, message: Message, people: People) -> Sequence[bytes]:
        if any(people.fields):
            return [self._filled_in(message, one) for one in people.part(0, len(people.addresses))]
        head, body = self._forms.get(message, EMPTY)
        rest = head + body.splice(EMPTY, quote_plus)
        numbers = quoted_numbers(people.addresses)
        if not people.callback_folder:
            return [f"To={number}{rest}".encode() for number in numbers]
        rest += f"&StatusCallback={quote_plus(people.callback_folder)}"
        names = quoted_names(people.references)
        return [f"To={number}{rest}{name}".encode() for number, name in zip(numbers, names, strict=True)]

    def poster(self) -> Callable[[bytes, Callable[[Raw], object]], Callable[[], None]]:
        return self._http.poster(self._url, self._headers)

    def read(self, answer: Raw) -> Outcome:
        if not isinstance(answer, Failure) and answer.status in TAKEN:
            told = _SID.match(answer.body, self._sid_at) or _SID.search(answer.body)
            if told:
                self._sid_at = told.start()
                return Accepted(told[1].decode())
        return _outcome(self._http.understood(answer))

    def _filled_in(self, message: Message, recipient: Recipient) -> bytes:
        """The form for one recipient."""
        address, _, callback_url, fields = recipient
        head, body = self._forms.get(message, fields)
        form = f"To={quoted(address)}{head}{body.splice(fields, quote_plus)}"
        if callback_url:
            cut = callback_url.rfind("/") + 1
            form = f"{form}&StatusCallback={quoted(callback_url[:cut])}{quoted(callback_url[cut:])}"
        return form.encode()

    def _form(self, message: Message, names: tuple[str, ...]) -> tuple[str, Marked]:
        """Everything of the form but To and StatusCallback, encoded; the text last, cut at its marks."""
        fields = {"MessagingServiceSid" if self._service else "From": self._settings.sender}
        if message.valid_seconds is not None:
            low, high = VALIDITY_SECONDS
            fields["ValidityPeriod"] = str(min(max(message.valid_seconds, low), high))
        return f"&{urlencode(fields)}&Body=", Marked(message.text, names, quote_plus)

    async def find(self, recipient: Recipient, message: Message, since: datetime) -> FindResult:
        """Look through the messages to this number, newest first, for ours.

        Twilio's own DateSent filter is not used: it hides what is still queued, which would be sent twice.
        """
        query = urlencode({"To": recipient.address, "PageSize": SEARCH_PAGE})
        reply = await self._http.call("GET", f"{self._url}?{query}", self._headers)
        if isinstance(reply, Failure) or reply.status != 200:
            return FindResult(Found.CANNOT_TELL)
        document = reply.document()
        listed = document.get("messages")
        if not isinstance(listed, list):
            return FindResult(Found.CANNOT_TELL)
        wanted = Marked(message.text, recipient.fields).splice(recipient.fields)
        for entry in listed:
            if self._is_ours(entry, wanted, since - CLOCK_SLACK):
                return FindResult(Found.YES, str(entry.get("sid", "")))
        more = bool(document.get("next_page_uri")) and all(_created(entry, since) >= since for entry in listed)
        return FindResult(Found.CANNOT_TELL if more else Found.NO)

    def _is_ours(self, entry: Mapping[str, Any], text: str, since: datetime) -> bool:
        sender = entry.get("messaging_service_sid" if self._service else "from")
        return entry.get("body") == text and sender == self._settings.sender and _created(entry, since) >= since

    def verify(self, inbound: Inbound, now: datetime) -> None:
        """Raise Forged unless Twilio's signature fits the public URL and every parameter.

        The signature holds no time: a replay passes, and does no harm, since a receipt counts once by its
        event id and receipts only ever move a delivery forward.
        """
        signature = inbound.headers.get("x-twilio-signature", "")
        if not signature:
            raise Forged("The callback carries no signature.")
        if len(inbound.body) > LONGEST_CALLBACK:
            raise Forged("The callback is longer than any of Twilio's.")
        if not self._signed(inbound.url, _pairs(inbound.body), signature.encode("utf-8", "surrogatepass")):
            raise Forged("The signature does not fit the callback.")

    def _signed(self, url: str, pairs: Sequence[tuple[str, str]], signature: bytes) -> bool:
        """By https://www.twilio.com/docs/usage/security#validating-requests: HMAC-SHA1 over URL and sorted parameters.

        Twilio signs the URL with or without its port, as it happens to be, so both count.
        """
        parameters = "".join([name + value for name, value in sorted(set(pairs))]).encode()
        for each in _with_and_without_port(url):
            mac = self._mac.copy()
            mac.update(each.encode() + parameters)
            if hmac.compare_digest(base64.b64encode(mac.digest()), signature):
                return True
        return False

    def receipts(self, inbound: Inbound) -> Sequence[Receipt]:
        """One receipt; the same status of the same message always has the same event id."""
        fields = dict(_pairs(inbound.body))  # of a repeated name the last
        sid = fields.get("MessageSid") or fields.get("SmsSid", "")
        status = fields.get("MessageStatus") or fields.get("SmsStatus", "")
        raw = " ".join(f"{name}={fields[name]}" for name in EVIDENCE if fields.get(name))
        return (_receipt(inbound.reference, sid, status, fields.get("ErrorCode", ""), raw),)

    thanks: Final = ("text/xml", b'<?xml version="1.0" encoding="UTF-8"?><Response/>')
    """TwiML that says nothing: answers go out as messages of their own."""

    def replies(self, inbound: Inbound) -> Sequence[Reply]:
        """One, by https://www.twilio.com/docs/messaging/guides/webhook-request; () for a status callback."""
        fields = dict(_pairs(inbound.body))
        if "Body" not in fields or not fields.get("From") or "MessageStatus" in fields:
            return ()
        sid, text = fields.get("MessageSid") or fields.get("SmsSid", ""), fields["Body"]
        wish = OPT_OUT_TYPES.get(fields.get("OptOutType", "").upper())
        known = wish is not None or text.strip().upper() in TWILIOS_OWN
        answered = known and self._settings.keyword_answers == "provider"
        event = sid or hashlib.sha256(inbound.body).hexdigest()
        return (Reply(fields["From"], event, text, wish, answered=answered),)

    async def what_became_of(self, provider_id: str) -> Receipt | Failure | None:
        """Fetch one message: https://www.twilio.com/docs/messaging/api/message-resource#fetch-a-message-resource."""
        if not provider_id.isalnum():
            return None
        address = f"{self._folder}/{provider_id}.json"
        reply = await self._http.call("GET", address, self._headers)
        if isinstance(reply, Failure):
            return reply
        if reply.status != 200:
            return None if reply.status == 404 else by_status(reply)
        document = reply.document()
        code = document.get("error_code")
        return _receipt("", provider_id, str(document.get("status", "")), "" if code is None else str(code))


def _receipt(reference: str, sid: str, status: str, code: str, raw: str = "") -> Receipt:
    """The same status of the same message always has the same event id, told or fetched."""
    kind = STATUSES.get(status.lower(), ReceiptKind.UNKNOWN)
    if kind is ReceiptKind.UNDELIVERED:
        kind = DELIVERY_ERRORS.get(code, kind)
    event = hashlib.sha256(f"{sid}\n{status}\n{code}".encode()).hexdigest()[:32]
    return Receipt(reference, event, kind, code or status[:40], sid, raw=raw)


@lru_cache(maxsize=1)
def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Kept for the moment between checking a callback and reading it. Not to be changed."""
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


_PLAIN_REST: Final = re.compile(r"/[!\"$-:<->@-~]*")
"""A path without query, parameters, fragment, blanks or controls: taken apart and put together it is the same."""


def _with_and_without_port(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if slash and _PLAIN_REST.fullmatch(slash + path):
        without, with_port = _origins(f"{scheme}://{host}")
        return without + slash + path, with_port + slash + path
    parsed = urlparse(url)
    return _without_port(parsed), _with_port(parsed)


@lru_cache(maxsize=16)
def _origins(origin: str) -> tuple[str, str]:
    parsed = urlparse(origin)
    return _without_port(parsed), _with_port(parsed)


def _without_port(url: ParseResult) -> str:
    return url._replace(netloc=url.netloc.split(":")[0]).geturl() if url.port else url.geturl()


def _with_port(url: ParseResult) -> str:
    if url.port:
        return url.geturl()
    return url._replace(netloc=f"{url.netloc}:{443 if url.scheme == 'https' else 80}").geturl()


def _created(entry: Mapping[str, Any], otherwise: datetime) -> datetime:
    """When Twilio made the message; `otherwise` when it does not say, so that doubt never means "not found"."""
    try:
        return parsedate_to_datetime(str(entry.get("date_created")))
    except ValueError:
        return otherwise


TAKEN: Final = frozenset({200, 201})
_SID: Final = re.compile(rb'"sid"\s*:\s*"([A-Za-z0-9]{34})"')
"""Of a message; nothing that stands inside a text of JSON looks like it, since quotes are escaped there."""


def _outcome(reply: Answer | Failure) -> Outcome:
    if isinstance(reply, Failure):
        return reply
    if reply.status in TAKEN:
        told = _SID.search(reply.body)
        sid = told[1].decode() if told else str(reply.document().get("sid") or "")
        return Accepted(sid) if sid else STRANGER
    return _failure(reply)


def _failure(reply: Answer) -> Failure:
    code = reply.document().get("code")
    usual = by_status(reply)
    kind = ERRORS.get(code) if isinstance(code, int) else None
    # A 5xx stays what its status says: even a familiar code in it does not prove the message was left alone.
    if kind is None or reply.status >= 500:
        return usual
    detail = f"Twilio error {code}, see https://www.twilio.com/docs/errors/{code}."
    # every NOT_ACCEPTED of the table is a queue or a concurrency limit
    throttled, spared = kind is FailureKind.NOT_ACCEPTED, code in OUR_OWN_REACH
    return Failure(kind, str(code), detail, usual.retry_after, throttled=throttled, spares_address=spared)
