"""Mastodon's statuses: https://docs.joinmastodon.org/methods/statuses/."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from tests.rig.accounts import MASTODON_ACCOUNT, MASTODON_TOKEN
from tests.rig.behaviours import Rule
from tests.rig.counting import mastodon_length
from tests.rig.exchange import Ask
from tests.rig.ledger import Ledger
from tests.rig.wire import Reply, Request

MAX_CHARACTERS: Final = 500
_WORDS: Final = {
    400: "Validation failed",
    401: "The access token is invalid",
    404: "Record not found",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Remote data could not be fetched",
}
_INSTANCE: Final = {
    "domain": "rig.example",
    "version": "4.4.0",
    "configuration": {
        "statuses": {
            "max_characters": MAX_CHARACTERS,
            "max_media_attachments": 4,
            "characters_reserved_per_url": 23,
        },
    },
}


@dataclass(slots=True)
class Toot:
    id: str
    text: str
    language: str | None
    visibility: str
    reply_to: str | None
    base_url: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    edited_at: datetime | None = None

    def document(self) -> dict[str, object]:
        return {
            "id": self.id,
            "uri": f"{self.base_url}/users/{MASTODON_ACCOUNT}/statuses/{self.id}",
            "url": f"{self.base_url}/@{MASTODON_ACCOUNT}/{self.id}",
            "created_at": _iso(self.at),
            "edited_at": _iso(self.edited_at) if self.edited_at else None,
            "content": f"<p>{html.escape(self.text)}</p>",
            "language": self.language,
            "visibility": self.visibility,
            "in_reply_to_id": self.reply_to,
            "sensitive": False,
            "spoiler_text": "",
            "account": {"id": "1", "acct": MASTODON_ACCOUNT, "username": MASTODON_ACCOUNT},
        }


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Mastodon:
    """A repeated Idempotency-Key is answered with the first status, and counted as `replayed`."""

    name = "mastodon"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._toots: dict[str, Toot] = {}
        self._by_key: dict[str, Toot] = {}
        self._last_id = time.time_ns() // 1_000_000 << 16

    def read(self, request: Request, number: int) -> Ask | Reply:
        if request.path == "/api/v2/instance":
            return Ask(lambda: Reply.of_json(200, _INSTANCE))
        if request.headers.get("authorization") != f"Bearer {MASTODON_TOKEN}":
            return self._refuse(401)
        if request.path == "/api/v1/accounts/verify_credentials":
            return Ask(lambda: Reply.of_json(200, {"id": "1", "acct": MASTODON_ACCOUNT, "username": MASTODON_ACCOUNT}))
        if request.path == "/api/v1/accounts/1/statuses":
            return Ask(lambda: Reply.of_json(200, [toot.document() for toot in reversed(self._toots.values())]))
        if request.path == "/api/v1/statuses" and request.method == "POST":
            return self._read_post(request, number)
        toot = self._toots.get(request.path.removeprefix("/api/v1/statuses/"))
        if toot is None:
            return self._refuse(404)
        return self._read_one(request, toot)

    def _read_post(self, request: Request, number: int) -> Ask:
        fields = _fields(request)
        key = request.headers.get("idempotency-key", "")
        base_url = f"http://{request.headers.get('host', 'rig.example')}"
        fault = self._find_fault(fields)
        if fault:
            return Ask(lambda: self._refuse(422, fault), (MASTODON_ACCOUNT,), sends=True)
        return Ask(lambda: self._post(fields, key, base_url, number), (MASTODON_ACCOUNT,), sends=True)

    def _find_fault(self, fields: Mapping[str, str]) -> str:
        text = fields.get("status", "")
        if not text.strip():
            return "Validation failed: Text can't be blank"
        if mastodon_length(fields.get("spoiler_text", "") + text) > MAX_CHARACTERS:
            return f"Validation failed: Text character limit of {MAX_CHARACTERS} exceeded"
        if not re.fullmatch(r"[a-z]{2,3}", fields.get("language", "en")):
            return "Validation failed: Language is not a valid ISO 639 code"
        if fields.get("visibility", "public") not in ("public", "unlisted", "private", "direct"):
            return "Validation failed: Visibility is not included in the list"
        if fields.get("in_reply_to_id") and fields["in_reply_to_id"] not in self._toots:
            return "Validation failed: The post you are trying to reply to does not appear to exist"
        return ""

    def _post(self, fields: Mapping[str, str], key: str, base_url: str, number: int) -> Reply:
        known = self._by_key.get(key) if key else None
        if known is not None:
            self._ledger.note(self.name, "replayed")
            return Reply.of_json(200, known.document())
        self._last_id += 1
        toot = Toot(
            id=str(self._last_id),
            text=fields["status"],
            language=fields.get("language"),
            visibility=fields.get("visibility", "public"),
            reply_to=fields.get("in_reply_to_id") or None,
            base_url=base_url,
        )
        self._toots[toot.id] = toot
        if key:
            self._by_key[key] = toot
        self._ledger.accept(self.name, MASTODON_ACCOUNT, key, toot.text, number)
        return Reply.of_json(200, toot.document())

    def _read_one(self, request: Request, toot: Toot) -> Ask | Reply:
        if request.method == "GET":
            return Ask(lambda: Reply.of_json(200, toot.document()))
        if request.method == "DELETE":
            return Ask(lambda: self._delete(toot))
        fields = _fields(request)
        fault = self._find_fault(fields)
        if fault:
            return self._refuse(422, fault)
        return Ask(lambda: self._edit(toot, fields["status"]))

    def _delete(self, toot: Toot) -> Reply:
        del self._toots[toot.id]
        self._ledger.note(self.name, "deleted")
        return Reply.of_json(200, toot.document())

    def _edit(self, toot: Toot, text: str) -> Reply:
        toot.text = text
        toot.edited_at = datetime.now(UTC)
        self._ledger.note(self.name, "edited")
        return Reply.of_json(200, toot.document())

    def _refuse(self, status: int, words: str | None = None) -> Reply:
        self._ledger.refuse(self.name, str(status))
        return Reply.of_json(status, {"error": words or _WORDS[status]})

    def refusal(self, status: int, rule: Rule, ask: Ask) -> Reply:
        headers: tuple[tuple[str, str], ...] = ()
        if status == 429:
            reset = _iso(datetime.fromtimestamp(time.time() + rule.wait, UTC))
            headers = (("X-RateLimit-Limit", "300"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", reset))
        if status in (429, 503):
            headers = (*headers, ("Retry-After", f"{rule.wait:g}"))
        return Reply.of_json(422 if status == 400 else status, {"error": _WORDS[status]}, headers)


def _fields(request: Request) -> dict[str, str]:
    if "json" not in request.headers.get("content-type", ""):
        return request.form()
    document = request.document()
    if not isinstance(document, dict):
        return {}
    return {name: str(value) for name, value in document.items() if value is not None}
