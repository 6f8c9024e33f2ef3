"""SendGrid's v3 mail send: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from tests.rig.accounts import SENDGRID_KEY
from tests.rig.behaviours import Rule
from tests.rig.exchange import Ask
from tests.rig.ledger import Ledger
from tests.rig.wire import Reply, Request

_ADDRESS: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+|[^@\s<>,;]+@localhost")
_FORBIDDEN_HEADERS: Final = frozenset({
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding",
    "to", "from", "subject", "reply-to", "cc", "bcc",
})  # fmt: skip
_RETRY_WORDS: Final = {
    400: "Does not contain a valid address.",
    401: "The provided authorization grant is invalid, expired, or revoked",
    429: "too many requests",
    500: "Internal server error",
    503: "Service unavailable",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One recipient of one accepted request."""

    to: str
    message_id: str
    """X-Message-Id of the request plus a part of its own, as events carry it."""
    arguments: Mapping[str, str]
    """custom_args of the request and of the personalization together."""

    @property
    def reference(self) -> str:
        return self.arguments.get("reference", "")


class SendGrid:
    """`on_accept` is called once per accepted request with all its mails."""

    name = "sendgrid"

    def __init__(self, ledger: Ledger, on_accept: Callable[[Sequence[Mail]], None]) -> None:
        self._ledger = ledger
        self._on_accept = on_accept

    def read(self, request: Request, number: int) -> Ask | Reply:
        if request.headers.get("authorization") != f"Bearer {SENDGRID_KEY}":
            return self._refuse(401, _RETRY_WORDS[401], None)
        if (request.method, request.path) != ("POST", "/v3/mail/send"):
            return self._refuse(404, "not found", None)
        document = request.document()
        if not isinstance(document, dict):
            return self._refuse(400, "Bad Request", None)
        fault = find_fault(document)
        addresses = tuple(person["to"][0]["email"] for person in document["personalizations"]) if fault is None else ()
        if fault is not None:
            message, field = fault
            return Ask(lambda: self._refuse(400, message, field), sends=True)
        return Ask(lambda: self._send(document, addresses, number), addresses, sends=True)

    def _send(self, document: Mapping[str, object], addresses: Sequence[str], number: int) -> Reply:
        message_id = secrets.token_urlsafe(16)
        shared = cast("Mapping[str, str]", document.get("custom_args", {}))
        content = cast("Sequence[Mapping[str, str]]", document.get("content", ()))
        subject = str(document.get("subject", ""))
        words = "\n".join([subject, *(part["value"] for part in content)])
        mails: list[Mail] = []
        persons = cast("Sequence[Mapping[str, Mapping[str, str]]]", document["personalizations"])
        for index, (to, person) in enumerate(zip(addresses, persons, strict=True)):
            mail = Mail(to, f"{message_id}.rig-{index}", {**shared, **person.get("custom_args", {})})
            body = partial(substitute, words, person.get("substitutions", {}))
            self._ledger.accept(self.name, to, mail.reference, words, number, body)
            mails.append(mail)
        self._on_accept(mails)
        return Reply(202, headers=(("X-Message-Id", message_id),))

    def _refuse(self, status: int, message: str, field: str | None) -> Reply:
        self._ledger.refuse(self.name, str(status))
        return problem(status, message, field)

    def refusal(self, status: int, rule: Rule, ask: Ask) -> Reply:
        field = None
        if status == 400:
            hits = [n for n, address in enumerate(ask.addresses) if address.endswith(rule.address_suffix)]
            field = f"personalizations.{hits[0]}.to.0.email"
        headers = (("Retry-After", f"{rule.wait:g}"), ("X-RateLimit-Remaining", "0")) if status in (429, 503) else ()
        return problem(status, _RETRY_WORDS[status], field, headers)


def problem(status: int, message: str, field: str | None, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply.of_json(status, {"errors": [{"message": message, "field": field, "help": None}]}, headers)


def substitute(words: str, fields: Mapping[str, str]) -> str:
    for mark, value in fields.items():
        words = words.replace(mark, value)
    return words


def find_fault(document: Mapping[str, object]) -> tuple[str, str | None] | None:
    """The first reason to refuse the whole request with 400, as (message, field)."""
    persons = document.get("personalizations")
    if not isinstance(persons, list) or not persons:
        return "The personalizations field is required and must have at least one personalization.", "personalizations"
    if len(persons) > 1000:
        return "There is a limit of 1000 personalizations per request.", "personalizations"
    sender = document.get("from")
    if not isinstance(sender, dict) or not _ADDRESS.fullmatch(str(sender.get("email", ""))):
        return "The from object must be provided for every email send.", "from.email"
    content = document.get("content")
    if not document.get("template_id") and (not isinstance(content, list) or not content):
        return "Unless a valid template_id is provided, the content parameter is required.", "content"
    for index, part in enumerate(content if isinstance(content, list) else ()):
        if not isinstance(part, dict) or not part.get("type") or not part.get("value"):
            return "The content value must be a string at least one character in length.", f"content.{index}.value"
    if isinstance(content, list) and [part["type"] for part in content] == ["text/html", "text/plain"]:
        return "If present, text/plain and text/html may only be provided in this order.", "content"
    seen: set[str] = set()
    for index, person in enumerate(persons):
        fault = _find_fault_of_person(person, seen, bool(document.get("subject")))
        if fault is not None:
            return fault[0], f"personalizations.{index}.{fault[1]}"
    return _find_fault_in_headers(document.get("headers"), "headers")


def _find_fault_of_person(person: object, seen: set[str], has_subject: bool) -> tuple[str, str] | None:
    if not isinstance(person, dict):
        return "Bad Request", ""
    to = person.get("to")
    if not isinstance(to, list) or not to:
        return "The to array is required for all personalization objects.", "to"
    for index, one in enumerate([*to, *person.get("cc", ()), *person.get("bcc", ())]):
        address = one.get("email") if isinstance(one, dict) else None
        if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
            return _RETRY_WORDS[400], f"to.{index}.email"
        if address.lower() in seen:
            return "Each email address should be unique between to, cc, and bcc.", f"to.{index}.email"
        seen.add(address.lower())
    if not has_subject and not person.get("subject"):
        return "The subject is required.", "subject"
    for name in ("custom_args", "substitutions"):
        values = person.get(name, {})
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            return f"The {name} values must be strings.", name
        if sum(len(key.encode()) + len(value.encode()) for key, value in values.items()) > 10_000:
            return f"The {name} may not exceed 10000 bytes.", name
    return _find_fault_in_headers(person.get("headers"), "headers")


def _find_fault_in_headers(headers: object, field: str) -> tuple[str, str] | None:
    if headers is None:
        return None
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        return "The headers must be an object of strings.", field
    for name in headers:
        if name.lower() in _FORBIDDEN_HEADERS:
            return f"The header {name} may not be overridden.", f"{field}.{name}"
    return None
