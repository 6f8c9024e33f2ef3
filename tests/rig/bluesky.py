"""A Bluesky PDS: https://docs.bsky.app/docs/api/com-atproto-repo-put-record."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

import orjson

from tests.rig.accounts import BLUESKY_DID, BLUESKY_HANDLE, BLUESKY_PASSWORD
from tests.rig.behaviours import Rule
from tests.rig.counting import graphemes
from tests.rig.exchange import Ask
from tests.rig.ledger import Ledger
from tests.rig.wire import Reply, Request

POSTS: Final = "app.bsky.feed.post"
_ERRORS: Final = {
    400: ("InvalidRequest", "Record refused"),
    401: ("AuthenticationRequired", "Invalid identifier or password"),
    429: ("RateLimitExceeded", "Rate Limit Exceeded"),
    500: ("InternalServerError", "Internal Server Error"),
    503: ("UpstreamFailure", "Service unavailable"),
}
Record = Mapping[str, object]


class Bluesky:
    """One repository. Writing the same record again under its rkey is `replayed`, another one there is `edited`."""

    name = "bluesky"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._records: dict[tuple[str, str], Record] = {}
        self._sessions = 0
        self._oldest_session = 1
        self._last_rkey = time.time_ns() // 1_000

    def expire_sessions(self) -> None:
        """Every access token given so far is answered with 400 ExpiredToken from now on."""
        self._oldest_session = self._sessions + 1

    def read(self, request: Request, number: int) -> Ask | Reply:
        method = request.path.removeprefix("/xrpc/com.atproto.")
        document = request.document() if request.body else {}
        values = cast("Mapping[str, object]", document if isinstance(document, dict) else {})
        if method == "server.createSession":
            right = values.get("identifier") in (BLUESKY_HANDLE, BLUESKY_DID)
            if not right or values.get("password") != BLUESKY_PASSWORD:
                return self._refuse(401, *_ERRORS[401])
            return Ask(self._start_session)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if method == "server.refreshSession":
            return Ask(self._start_session) if token.startswith("rig-refresh-") else self._refuse(401, *_ERRORS[401])
        if method == "repo.getRecord":
            return Ask(lambda: self._get(request.parameters()))
        if method == "repo.listRecords":
            return Ask(lambda: self._list(request.parameters()))
        session = token.removeprefix("rig-access-")
        if not session.isdecimal() or int(session) > self._sessions:
            return self._refuse(401, "AuthMissing", "Authentication Required")
        if int(session) < self._oldest_session:
            return self._refuse(400, "ExpiredToken", "Token has expired")
        return self._read_write(method, values, number)

    def _start_session(self) -> Reply:
        self._sessions += 1
        session = {
            "accessJwt": f"rig-access-{self._sessions}",
            "refreshJwt": f"rig-refresh-{self._sessions}",
            "did": BLUESKY_DID,
            "handle": BLUESKY_HANDLE,
            "active": True,
        }
        return Reply.of_json(200, session)

    def _read_write(self, method: str, values: Mapping[str, object], number: int) -> Ask | Reply:
        if values.get("repo") not in (BLUESKY_DID, BLUESKY_HANDLE) or not values.get("collection"):
            return self._refuse(400, "InvalidRequest", "Input must have the property repo and collection")
        collection, rkey = str(values["collection"]), str(values.get("rkey") or "")
        if method == "repo.deleteRecord":
            return Ask(lambda: self._delete(collection, rkey))
        if method not in ("repo.createRecord", "repo.putRecord") or (method == "repo.putRecord" and not rkey):
            return self._refuse(400, "InvalidRequest", "no such method, or no rkey")
        record = values.get("record")
        fault = find_fault(record) if collection == POSTS else ""
        if fault or not isinstance(record, dict):
            words = fault or "Input must have the property record"
            return Ask(lambda: self._refuse(400, "InvalidRequest", words), (BLUESKY_HANDLE,), sends=True)
        if method == "repo.createRecord" and (collection, rkey) in self._records:
            return self._refuse(400, "InvalidRequest", "Record already exists")
        return Ask(lambda: self._put(collection, rkey, record, number), (BLUESKY_HANDLE,), sends=True)

    def _put(self, collection: str, rkey: str, record: Record, number: int) -> Reply:
        if not rkey:
            self._last_rkey += 1
            rkey = str(self._last_rkey)
        known = self._records.get((collection, rkey))
        self._records[collection, rkey] = record
        if known is not None:
            self._ledger.note(self.name, "replayed" if known == record else "edited")
        else:
            self._ledger.accept(self.name, BLUESKY_HANDLE, rkey, str(record.get("text", "")), number)
        commit = {"cid": cid(record), "rev": rkey}
        answer = {"uri": uri(collection, rkey), "cid": cid(record), "commit": commit, "validationStatus": "valid"}
        return Reply.of_json(200, answer)

    def _get(self, parameters: Mapping[str, str]) -> Reply:
        collection, rkey = parameters.get("collection", ""), parameters.get("rkey", "")
        record = self._records.get((collection, rkey))
        if record is None:
            return self._refuse(400, "RecordNotFound", f"Could not locate record: {uri(collection, rkey)}")
        return Reply.of_json(200, {"uri": uri(collection, rkey), "cid": cid(record), "value": record})

    def _list(self, parameters: Mapping[str, str]) -> Reply:
        records = [
            {"uri": uri(collection, rkey), "cid": cid(record), "value": record}
            for (collection, rkey), record in reversed(self._records.items())
            if collection == parameters.get("collection")
        ]
        return Reply.of_json(200, {"records": records[: int(parameters.get("limit", "50"))]})

    def _delete(self, collection: str, rkey: str) -> Reply:
        if self._records.pop((collection, rkey), None) is not None:
            self._ledger.note(self.name, "deleted")
        return Reply.of_json(200, {})

    def _refuse(self, status: int, error: str, message: str) -> Reply:
        self._ledger.refuse(self.name, error)
        return Reply.of_json(status, {"error": error, "message": message})

    def refusal(self, status: int, rule: Rule, ask: Ask) -> Reply:
        error, message = _ERRORS[status]
        headers: tuple[tuple[str, str], ...] = ()
        if status == 429:
            headers = (("ratelimit-remaining", "0"), ("ratelimit-reset", str(int(time.time() + rule.wait))))
        if status in (429, 503):
            headers = (*headers, ("Retry-After", f"{rule.wait:g}"))
        return Reply.of_json(status, {"error": error, "message": message}, headers)


def uri(collection: str, rkey: str) -> str:
    return f"at://{BLUESKY_DID}/{collection}/{rkey}"


def cid(record: Record) -> str:
    """Looks like a CID and is the same for the same record."""
    digest = hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).digest()
    return "bafyrei" + base64.b32encode(digest).decode().rstrip("=").lower()


def find_fault(record: object) -> str:
    """Why app.bsky.feed.post would not take it; "" = it would."""
    if not isinstance(record, dict) or record.get("$type", POSTS) != POSTS:
        return f"Invalid {POSTS} record: wrong $type"
    text, created_at = record.get("text"), record.get("createdAt")
    if not isinstance(text, str) or graphemes(text) > 300 or len(text.encode()) > 3000:
        return f"Invalid {POSTS} record: text must not be longer than 300 graphemes or 3000 bytes"
    if not isinstance(created_at, str) or not _is_datetime(created_at):
        return f"Invalid {POSTS} record: createdAt must be a valid atproto datetime"
    if len(record.get("langs", ())) > 3:
        return f"Invalid {POSTS} record: langs must not have more than 3 elements"
    size = len(text.encode())
    for facet in record.get("facets", ()):
        index = facet.get("index", {})
        start, end = index.get("byteStart", -1), index.get("byteEnd", -1)
        if not 0 <= start < end <= size or not facet.get("features"):
            return f"Invalid {POSTS} record: a facet's index is outside of the text or it has no features"
        if any(feature.get("uri", "https:").split(":")[0] not in ("https", "http") for feature in facet["features"]):
            return f"Invalid {POSTS} record: a link's uri must be a valid uri"
    reply = record.get("reply")
    if reply is not None and not all(
        reply.get(end, {}).get("uri") and reply[end].get("cid") for end in ("root", "parent")
    ):
        return f"Invalid {POSTS} record: reply needs root and parent with uri and cid"
    return ""


def _is_datetime(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
