"""Twilio's Messages resource: https://www.twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from tests.rig.accounts import TWILIO_ACCOUNTS
from tests.rig.behaviours import Rule
from tests.rig.exchange import Ask
from tests.rig.ledger import Keep, Ledger
from tests.rig.wire import Reply, Request

REFUSED_FROM: Final = {
    "+15005550001": 21212,
    "+15005550002": 21606,
    "+15005550003": 21606,
    "+15005550004": 21606,
    "+15005550007": 21606,
    "+15005550008": 21611,
    "+15005550009": 21606,
}
REFUSED_TO: Final = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
"""Both: the magic numbers of https://www.twilio.com/docs/iam/test-credentials."""
WORDS: Final = {
    20001: "A parameter is invalid",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21211: "The 'To' number is not a valid phone number",
    21212: "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required",
    21603: "A 'From' or 'MessagingServiceSid' parameter is required to send a message",
    21604: "A 'To' phone number is required",
    21606: "The From phone number is not a valid, SMS-capable inbound phone number for your account",
    21609: "The StatusCallback URL is not a valid URL",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number via SMS",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
}
WAITING: Final = frozenset({"accepted", "queued"})
"""Not sent yet, so without date_sent, so hidden from a search by DateSent. Reports move a message on from here."""
_STATUS_CODES: Final = {400: 21211, 401: 20003, 429: 20429, 500: 20500, 503: 20503}
_PATH: Final = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})/Messages(?:/((?:SM|MM)[0-9a-f]{32}))?\.json")
_E164: Final = re.compile(r"(?:whatsapp:)?\+[1-9]\d{6,14}")


@dataclass(slots=True)
class Sms:
    sid: str
    account: str
    to: str
    sender: str
    body: str
    at: float
    """Unix seconds."""
    status: str
    callback: str
    error: int | None = None

    def document(self) -> dict[str, object]:
        date = format_datetime(datetime.fromtimestamp(int(self.at), UTC))
        uri = f"/2010-04-01/Accounts/{self.account}/Messages/{self.sid}"
        service = self.sender.startswith("MG")
        return {
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": date,
            "date_sent": None if self.status in WAITING else date,
            "date_updated": date,
            "direction": "outbound-api",
            "error_code": self.error,
            "error_message": None,
            "from": None if service else self.sender,
            "messaging_service_sid": self.sender if service else None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


class Twilio:
    """`on_accept` is called with every accepted message; the callbacks start there."""

    name = "twilio"

    def __init__(self, ledger: Ledger, on_accept: Callable[[Sms], None]) -> None:
        self._ledger = ledger
        self._on_accept = on_accept
        self._logins = {
            "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode(): sid
            for sid, token in TWILIO_ACCOUNTS.items()
        }
        self._run = secrets.token_hex(8)
        self._count = 0
        self._messages: dict[str, Sms] = {}
        self._by_to: dict[str, list[Sms]] = {}

    def read(self, request: Request, number: int) -> Ask | Reply:
        found = _PATH.fullmatch(request.path)
        if found is None:
            return self._refuse(404, 20404)
        account, sid = found.groups()
        if self._logins.get(request.headers.get("authorization", "")) != account:
            return self._refuse(401, 20003)
        if sid is not None:
            return self._read_one(request, sid)
        if request.method == "GET":
            parameters = request.parameters()
            return Ask(lambda: self._search(account, parameters))
        form = request.form()
        to = form.get("To", "")
        code = refusal_code(form)
        if code:
            return Ask(lambda: self._refuse(400, code), (to,), sends=True)
        return Ask(lambda: self._send(account, form, number), (to,), sends=True)

    def _send(self, account: str, form: Mapping[str, str], number: int) -> Reply:
        self._count += 1
        service = form.get("MessagingServiceSid", "")
        sms = Sms(
            sid=f"SM{self._run}{self._count:016x}",
            account=account,
            to=form["To"],
            sender=service or form["From"],
            body=form["Body"],
            at=time.time(),
            status="accepted" if service else "queued",
            callback=form.get("StatusCallback", ""),
        )
        reference = sms.callback.partition("?")[0].rpartition("/")[2]
        self._ledger.accept(self.name, sms.to, reference, sms.body, number)
        if self._ledger.keep is not Keep.COUNTS:
            self._messages[sms.sid] = sms
            self._by_to.setdefault(sms.to, []).append(sms)
        self._on_accept(sms)
        return Reply.of_json(201, sms.document())

    def _search(self, account: str, parameters: Mapping[str, str]) -> Reply:
        if self._ledger.keep is Keep.COUNTS:
            return self._refuse(503, 20503)
        to = parameters.get("To")
        found = list(self._messages.values()) if to is None else self._by_to.get(to, [])
        wanted = [sms for sms in reversed(found) if sms.account == account and _fits(sms, parameters)]
        size = min(max(int(parameters.get("PageSize", "50")), 1), 1000)
        page = int(parameters.get("Page", "0"))
        start = page * size
        uri = f"/2010-04-01/Accounts/{account}/Messages.json"
        more = len(wanted) > start + size
        document = {
            "messages": [sms.document() for sms in wanted[start : start + size]],
            "page": page,
            "page_size": size,
            "start": start,
            "end": start + len(wanted[start : start + size]) - 1,
            "first_page_uri": f"{uri}?PageSize={size}&Page=0",
            "next_page_uri": f"{uri}?PageSize={size}&Page={page + 1}" if more else None,
            "previous_page_uri": f"{uri}?PageSize={size}&Page={page - 1}" if page else None,
            "uri": uri,
        }
        return Reply.of_json(200, document)

    def _read_one(self, request: Request, sid: str) -> Ask | Reply:
        sms = self._messages.get(sid)
        if sms is None:
            return self._refuse(404, 20404)
        if request.method == "GET":
            return Ask(lambda: Reply.of_json(200, sms.document()))
        if request.method == "DELETE":
            return Ask(lambda: self._delete(sms))
        return Ask(lambda: self._change(sms, request.form()))

    def _delete(self, sms: Sms) -> Reply:
        del self._messages[sms.sid]
        self._by_to[sms.to].remove(sms)
        self._ledger.note(self.name, "deleted")
        return Reply(204)

    def _change(self, sms: Sms, form: Mapping[str, str]) -> Reply:
        if form.get("Status") == "canceled":
            sms.status = "canceled"
            self._ledger.note(self.name, "cancelled")
        elif form.get("Body") == "":
            sms.body = ""
            self._ledger.note(self.name, "redacted")
        return Reply.of_json(200, sms.document())

    def _refuse(self, status: int, code: int) -> Reply:
        self._ledger.refuse(self.name, str(code))
        return problem(status, code)

    def refusal(self, status: int, rule: Rule, ask: Ask) -> Reply:
        headers = (("Retry-After", f"{rule.wait:g}"),) if status in (429, 503) else ()
        return problem(status, rule.code or _STATUS_CODES[status], headers)


def problem(status: int, code: int, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    document = {
        "code": code,
        "message": WORDS.get(code, "Refused by the rig's script"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Reply.of_json(status, document, headers)


def refusal_code(form: Mapping[str, str]) -> int:
    """Twilio's error code for a message it would refuse with 400; 0 = it would take it."""
    to, sender, callback = form.get("To", ""), form.get("From", ""), form.get("StatusCallback")
    if not to:
        return 21604
    if not sender and not form.get("MessagingServiceSid"):
        return 21603
    if sender in REFUSED_FROM or to in REFUSED_TO:
        return REFUSED_FROM.get(sender) or REFUSED_TO[to]
    if _E164.fullmatch(to) is None:
        return 21211
    if not form.get("Body"):
        return 21602
    if len(form["Body"]) > 1600:
        return 21617
    if callback is not None and not callback.startswith(("http://", "https://")):
        return 21609
    validity = form.get("ValidityPeriod", "1")
    return 0 if validity.isdecimal() and 1 <= int(validity) <= 36000 else 20001


def _fits(sms: Sms, parameters: Mapping[str, str]) -> bool:
    """The list's filters; DateSent is a day or, as `DateSent>` and `DateSent<`, a bound (inclusive)."""
    if parameters.get("From", sms.sender) != sms.sender:
        return False
    sent = datetime.fromtimestamp(sms.at, UTC)
    for name, value in parameters.items():
        if not name.startswith("DateSent"):
            continue
        if sms.status in WAITING:
            return False
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if name == "DateSent" and sent.date() != moment.date():
            return False
        by_day = len(value) == len("2026-01-31")
        if name == "DateSent>" and (sent.date() < moment.date() if by_day else sent < moment):
            return False
        if name == "DateSent<" and (sent.date() > moment.date() if by_day else sent > moment):
            return False
    return True
