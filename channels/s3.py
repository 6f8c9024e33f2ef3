"""One bucket of an S3-compatible store: signed requests, typed failures, conditional writes.

Wire facts: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (If-Match, If-None-Match: 412 and 409),
API_ListObjectsV2.html. Requests are signed by requests-aws4auth (Signature Version 4) and sent by `channels.http`,
so names are resolved and checked as everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

from channels.base import Failure, FailureKind
from channels.http import Http, Line, Reply

if TYPE_CHECKING:
    from requests_aws4auth import AWS4Auth

MOST_LISTED: Final = 50
"""Pages of a thousand keys each; a prefix that holds more is not ours alone."""
LOST: Final = frozenset({409, 412})
"""Somebody else wrote the key in between (ConditionalRequestConflict, PreconditionFailed)."""
NO_CONDITIONS: Final = frozenset({400, 501})
"""How stores that do not know a conditional header refuse it."""
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9_.]{1,64})</Code>")
_NAMESPACE: Final = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket is and how to sign for it."""

    base_url: str
    """https://s3.eu-central-1.amazonaws.com, without a slash at its end."""
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    path_style: bool = True
    """`base_url/bucket/key`; else the bucket is a label in front of the host."""
    private: bool = False
    """It may stand inside: http, any port, any address."""

    @property
    def root(self) -> str:
        if self.path_style:
            return f"{self.base_url}/{self.bucket}"
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{self.bucket}.{parts.netloc}{parts.path}"


@dataclass(slots=True)
class _Request:
    """What the signer reads and writes: a request of its library by shape."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Bucket:
    """The constructor does no I/O; `opened` gives the lines requests go over."""

    def __init__(self, place: Place, http: Http) -> None:
        self.place = place
        self._http = http

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Opened | Failure]:
        async with self._http.line(self.place.root, private=self.place.private) as line:
            yield line if isinstance(line, Failure) else Opened(self.place, line, self._signer)

    @cached_property
    def _signer(self) -> AWS4Auth:
        from requests_aws4auth import AWS4Auth  # a tenth of a second, for those who have a bucket

        place = self.place
        return AWS4Auth(place.access_key_id, place.secret_access_key, place.region, "s3")


@dataclass(frozen=True, slots=True)
class Opened:
    place: Place
    line: Line
    signer: AWS4Auth

    async def get(self, key: str) -> Reply | Failure | None:
        """The object; None when there is none."""
        reply = await self._ask("GET", key)
        if isinstance(reply, Reply) and reply.status == 404 and _code(reply) != "NoSuchBucket":
            return None
        return reply if isinstance(reply, Failure) or reply.status == 200 else _refused(reply)

    async def put(self, key: str, body: bytes, headers: Mapping[str, str]) -> str | Failure | None:
        """The new ETag, quoted as sent; None when a condition in `headers` does not hold."""
        reply = await self._ask("PUT", key, body=body, headers=headers)
        if isinstance(reply, Failure):
            return reply
        if reply.status in LOST:
            return None
        conditional = "if-match" in headers
        if conditional and reply.status == 404 and _code(reply) != "NoSuchBucket":
            return None  # it was deleted in between
        return reply.header("etag") if reply.status == 200 else _refused(reply)

    async def delete(self, key: str) -> Failure | None:
        reply = await self._ask("DELETE", key)
        if isinstance(reply, Failure):
            return reply
        return None if reply.status in {200, 204, 404} else _refused(reply)

    async def etags(self, prefix: str) -> dict[str, str] | Failure:
        """Key to quoted ETag of everything below `prefix`."""
        found: dict[str, str] = {}
        token = ""
        for _ in range(MOST_LISTED):
            query = {"list-type": "2", "prefix": prefix, **({"continuation-token": token} if token else {})}
            reply = await self._ask("GET", "", query=query)
            if isinstance(reply, Failure):
                return reply
            page = _listed(reply) if reply.status == 200 else None
            if page is None:
                return _refused(reply)
            found |= page[0]
            token = page[1]
            if not token:
                return found
        return Failure(FailureKind.ACCOUNT, "too_many_keys", "There are too many other objects below this prefix.")

    async def _ask(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply | Failure:
        url = f"{self.place.root}/{quote(key)}"
        if query:
            url += f"?{urlencode(sorted(query.items()), quote_via=quote)}"
        request = _Request(method, url, dict(headers or {}), body or b"")
        self.signer(request)
        return await self.line.ask(method, url, request.headers, body)


def _listed(reply: Reply) -> tuple[dict[str, str], str] | None:
    """Keys with their ETags and where the next page begins ("" = this was the last); None for anything else."""
    try:
        # No entity of a bounded answer can grow: the expat that comes with Python 3.11 limits amplification.
        root = ET.fromstring(bytes(reply.body))  # noqa: S314
    except ET.ParseError:
        return None
    found: dict[str, str] = {}
    token, more = "", False
    for element in root:
        match _NAMESPACE.sub("", element.tag):
            case "Contents":
                fields = {_NAMESPACE.sub("", child.tag): child.text or "" for child in element}
                etag = fields.get("ETag", "").strip('"')
                found[fields.get("Key", "")] = f'"{etag}"'
            case "NextContinuationToken":
                token = element.text or ""
            case "IsTruncated":
                more = element.text == "true"
            case _:
                pass
    return found, token if more else ""


def _code(reply: Reply) -> str:
    found = _CODE.search(bytes(reply.body))
    return found.group(1).decode() if found else ""


def _refused(reply: Reply) -> Failure:
    """The store's own word for it (AccessDenied, SlowDown), never its whole answer."""
    code = _code(reply) or f"http_{reply.status}"
    if reply.status in NO_CONDITIONS and code in {"NotImplemented", "InvalidArgument", "InvalidRequest", "http_501"}:
        return Failure(FailureKind.CONTENT, "not_implemented", "The store does not know what it was asked for.")
    detail = f"The store answers {reply.status} ({code})."
    if reply.status in {429, 503}:
        return Failure(FailureKind.NOT_ACCEPTED, code, detail)
    return Failure(FailureKind.ACCOUNT if reply.status < 500 else FailureKind.AMBIGUOUS, code, detail)
