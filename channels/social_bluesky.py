"""Posts on a Bluesky account, by the XRPC calls of its AT Protocol server.

A post's record key and date follow from the message alone, so writing it again writes the same record.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import urlencode

import orjson

from channels.base import (
    Accepted,
    Batch,
    Failure,
    FailureKind,
    FindResult,
    Found,
    Info,
    Label,
    Limits,
    Medium,
    Message,
    Outcome,
    Recipient,
    Secret,
)
from channels.http import Http, Reply, by_status

COLLECTION: Final = "app.bsky.feed.post"
RATE_LIMIT_RESET: Final = "ratelimit-reset"

# https://docs.bsky.app/docs/api/com-atproto-repo-put-record and .../com-atproto-server-create-session
STALE_SESSION: Final = frozenset({"ExpiredToken", "InvalidToken"})
ERRORS: Final[Mapping[str, FailureKind]] = {
    "AuthenticationRequired": FailureKind.ACCOUNT,
    "AccountTakedown": FailureKind.ACCOUNT,
    "AuthFactorTokenRequired": FailureKind.ACCOUNT,
    "ExpiredToken": FailureKind.ACCOUNT,
    "InvalidToken": FailureKind.ACCOUNT,
}

_LINK: Final = re.compile(r"https?://[^\s<>\"]+")
_LINK_END: Final = ".,;:!?)]}»”’'\""
_BASE32: Final = "234567abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class _Session:
    did: str
    access: Secret
    refresh: Secret


class BlueskyPosts:
    info: ClassVar[Info] = Info(
        name="social_bluesky",
        title="Bluesky",
        medium=Medium.SOCIAL,
        limits=Limits(characters=300, unit="graphemes", utf8_bytes=3000),
        rate_per_second=1.0,
        concurrency=1,
        # Not a lifetime of theirs: the record key is ours, so the same words are the same post for good.
        key_lifetime_seconds=30 * 86_400,
        can_retract=True,
        can_thread=True,
        docs_url="https://docs.bsky.app/docs/advanced-guides/posts",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        identifier: Annotated[str, Label("Handle", "example.bsky.social")]
        app_password: Annotated[Secret, Label("App password")]
        base_url: Annotated[str, Label("Server")] = "https://bsky.social"

    def __init__(self, settings: Settings, http: Http) -> None:
        self._http = http
        self._settings = settings
        self._base = f"{settings.base_url.rstrip('/')}/xrpc/"
        self._session: _Session | None = None
        self._lock = asyncio.Lock()

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        return [await self._send(batch.message)] * len(batch.recipients)

    async def _send(self, message: Message) -> Outcome:
        if message.created_at is None or not message.key:
            return Failure(FailureKind.OURS, "no_key", "Without key and date the post could not be repeated safely.")
        parent = await self._parent(message.reply_to) if message.reply_to else None
        if isinstance(parent, Failure):
            return parent
        post = record(message, message.created_at, parent)
        document = {"collection": COLLECTION, "rkey": record_key(message.created_at, message.key), "record": post}
        reply = await self._ask("com.atproto.repo.putRecord", document)
        if isinstance(reply, Failure):
            return reply
        return Accepted(str(reply.document().get("uri", "")))

    async def retract(self, provider_id: str) -> Outcome:
        """Deleting what is gone already succeeds, by the protocol."""
        document = {"collection": COLLECTION, "rkey": provider_id.rpartition("/")[2]}
        reply = await self._ask("com.atproto.repo.deleteRecord", document)
        return reply if isinstance(reply, Failure) else Accepted(provider_id)

    async def find(self, recipient: Recipient, message: Message, since: datetime) -> FindResult:
        if message.created_at is None:
            return FindResult(Found.CANNOT_TELL)
        session = await self._open()
        if isinstance(session, Failure):
            return FindResult(Found.CANNOT_TELL)
        reply = await self._get(session.did, record_key(message.created_at, message.key))
        if isinstance(reply, Failure):
            return FindResult(Found.CANNOT_TELL)
        document = reply.document()
        if reply.status == 200:
            return FindResult(Found.YES, str(document.get("uri", "")))
        absent = reply.status == 400 and document.get("error") == "RecordNotFound"
        return FindResult(Found.NO if absent else Found.CANNOT_TELL)

    async def _parent(self, uri: str) -> dict[str, Any] | Failure | None:
        """The reply references for a post below `uri`; None when it is gone: then the words stand alone."""
        repository, _, key = uri.removeprefix("at://").replace(f"/{COLLECTION}/", "\n").partition("\n")
        reply = await self._get(repository, key)
        if isinstance(reply, Failure):
            return replace(reply, kind=FailureKind.NOT_ACCEPTED)  # only read: nothing was posted
        found = reply.document()
        if reply.status != 200 or "cid" not in found:
            return None
        parent = {"uri": uri, "cid": found["cid"]}
        value = found.get("value")
        above = value.get("reply") if isinstance(value, dict) else None
        return {"root": above["root"] if isinstance(above, dict) and "root" in above else parent, "parent": parent}

    async def _get(self, repository: str, key: str) -> Reply | Failure:
        query = urlencode({"repo": repository, "collection": COLLECTION, "rkey": key})
        return await self._http.call("GET", f"{self._base}com.atproto.repo.getRecord?{query}", {})

    async def _ask(self, method: str, document: Mapping[str, Any]) -> Reply | Failure:
        """A 200, or why not. A session that has run out is renewed once."""
        for last in (False, True):
            session = await self._open()
            if isinstance(session, Failure):
                return session
            reply = await self._post(method, {**document, "repo": session.did}, session.access)
            if isinstance(reply, Failure) or reply.status == 200:
                return reply
            if last or reply.document().get("error") not in STALE_SESSION:
                return _failure(reply)
            await self._renew(session)
        raise AssertionError("unreachable")

    async def _open(self) -> _Session | Failure:
        async with self._lock:
            if self._session is None:
                login = {
                    "identifier": self._settings.identifier,
                    "password": self._settings.app_password.reveal(),
                }
                reply = await self._post("com.atproto.server.createSession", login, None)
                if isinstance(reply, Failure) or reply.status != 200:
                    return _not_posted(reply)
                self._session = _session(reply)
            return self._session

    async def _renew(self, stale: _Session) -> None:
        """Replace a session unless another call has done so; without success the next call logs in afresh."""
        async with self._lock:
            if self._session is not stale:
                return
            reply = await self._post("com.atproto.server.refreshSession", None, stale.refresh)
            good = not isinstance(reply, Failure) and reply.status == 200
            self._session = _session(reply) if good and isinstance(reply, Reply) else None

    async def _post(self, method: str, document: object, token: Secret | None) -> Reply | Failure:
        headers = {} if token is None else {"authorization": f"Bearer {token.reveal()}"}
        if document is None:
            return await self._http.call("POST", self._base + method, headers)
        headers["content-type"] = "application/json"
        return await self._http.call("POST", self._base + method, headers, orjson.dumps(document))


def record(message: Message, created_at: datetime, reply: Mapping[str, Any] | None) -> dict[str, Any]:
    """The post as app.bsky.feed.post has it; the same message gives the same record."""
    post: dict[str, Any] = {
        "$type": COLLECTION,
        "text": message.text,
        "createdAt": created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "langs": [message.language],
    }
    links = facets(message.text)
    if links:
        post["facets"] = links
    if reply:
        post["reply"] = reply
    return post


def facets(text: str) -> list[dict[str, Any]]:
    """One link facet per URL: without it Bluesky shows a URL as dead text. Offsets are UTF-8 bytes, end exclusive."""
    found = []
    for match in _LINK.finditer(text):
        url = match.group().rstrip(_LINK_END)
        start = len(text[: match.start()].encode())
        index = {"byteStart": start, "byteEnd": start + len(url.encode())}
        found.append({"index": index, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": url}]})
    return found


def record_key(created_at: datetime, key: str) -> str:
    """A TID (https://atproto.com/specs/tid): microseconds of the date, then ten bits that tell two messages apart."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4])
    microseconds = int(created_at.timestamp() * 1000) * 1000 + digest % 1000
    number = (microseconds << 10) | (digest >> 16 & 1023)
    return "".join(_BASE32[number >> shift & 31] for shift in range(60, -1, -5))


def _session(reply: Reply) -> _Session:
    document = reply.document()
    access, refresh = str(document.get("accessJwt", "")), str(document.get("refreshJwt", ""))
    return _Session(str(document.get("did", "")), Secret(access), Secret(refresh))


def _not_posted(reply: Reply | Failure) -> Failure:
    """A login that failed in whatever way has posted nothing."""
    failure = reply if isinstance(reply, Failure) else _failure(reply)
    if failure.kind in {FailureKind.AMBIGUOUS, FailureKind.CONTENT}:
        return replace(failure, kind=FailureKind.NOT_ACCEPTED)
    return failure


def _failure(reply: Reply) -> Failure:
    name = str(reply.document().get("error", ""))
    usual = by_status(reply, reset_header=RATE_LIMIT_RESET)
    kind = ERRORS.get(name)
    if kind is None or reply.status >= 500:
        return usual
    return replace(usual, kind=kind, code=name, detail=f"The server says {name}.")
