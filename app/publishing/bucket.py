"""An S3-compatible bucket that is a whole website, with Clarion and its database gone.

Nothing is replaced that somebody else has changed meanwhile: every write names the version it replaces (If-Match,
If-None-Match), so of two publishers the one with the higher number wins, whoever is slower. A store that does not
know these headers is written to after a look, and says so in its state.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.domain.message import Failure
from app.domain.snapshot import (
    JSON,
    SHORT_CACHE,
    File,
    Manifest,
    Snapshot,
    manifest_bytes,
    manifest_digest,
    read_manifest,
)
from app.domain.targets import Encoding
from app.publishing.targets import Placement, Result
from channels.s3 import Bucket, Opened

MANIFEST: Final = "manifest.json"
CLAIM: Final = "manifest.next.json"
"""What is coming: whoever writes it first with a higher number goes ahead. It stays, as a memory of that number."""
SECONDS: Final = 60.0
"""For one placement, all requests together."""
AT_ONCE: Final = 6
ROUNDS: Final = 6
"""Beginnings of one placement when others keep writing meanwhile."""
UNCONDITIONAL: Final = "no conditional writes: only one process may publish there"
TEXTS: Final = ("text/", "application/json", "application/feed+json", "application/atom+xml")


class Conditions(StrEnum):
    UNKNOWN = "unknown"
    KEPT = "kept"
    IGNORED = "ignored"


class _Lost(Exception):
    """Somebody wrote a key we were about to write."""


class _Refused(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class _Held:
    """What lies in the bucket under our two names for what belongs together."""

    manifest: Manifest | None
    manifest_etag: str
    """"" = there is none."""
    digest: str
    """SHA-256 of the manifest's bytes."""
    claimed: int
    claim_etag: str

    @property
    def seq(self) -> int:
        return max(self.manifest.seq if self.manifest else 0, self.claimed)

    def holds(self, snapshot: Snapshot) -> bool:
        return self.digest == manifest_digest(snapshot)


@dataclass(slots=True)
class BucketTarget:
    """Order: the claim, pages, banners (their links already lead somewhere), the manifest, then what nobody lists."""

    name: str
    bucket: Bucket
    prefix: str = ""
    encoding: Encoding = Encoding.IDENTITY
    conditions: Conditions = Conditions.UNKNOWN
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Key to (ETag, SHA-256) of what we wrote: for stores whose ETag is not the MD5 of the bytes."""

    async def place(self, snapshot: Snapshot) -> Placement:
        """Replace the site by `snapshot` unless it is not newer. Never raises for what a store or a network does."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._place(snapshot)
        except TimeoutError:
            return self._failed(f"not done within {SECONDS:g} s")
        except _Refused as refused:
            return self._failed(f"{refused.failure.code}: {refused.failure.detail}")
        except _Lost:
            return self._failed("others kept writing to it")

    async def _place(self, snapshot: Snapshot) -> Placement:
        async with self.bucket.opened() as opened:
            if isinstance(opened, Failure):
                raise _Refused(opened)
            written: set[str] = set()
            begun = False
            for left in reversed(range(ROUNDS)):
                held = await self._held(opened)
                if held.holds(snapshot) and not begun:
                    break  # an attempt whose last answer never came
                shown = held.manifest.seq if held.manifest else 0
                if held.seq > snapshot.seq or (shown == snapshot.seq and not held.holds(snapshot)):
                    detail = f"holds {held.seq}, offered {snapshot.seq}"
                    return Placement(self.name, Result.NOT_NEWER, detail, held.seq, note=self._note)
                begun = True
                try:
                    await self._write(opened, snapshot, held, written)
                except _Lost:
                    if not left:
                        raise
                    continue
                break
        return Placement(self.name, Result.PLACED, held=snapshot.seq, written=len(written), note=self._note)

    async def _held(self, opened: Opened) -> _Held:
        body, etag = await self._get(opened, MANIFEST)
        claim, claim_etag = await self._get(opened, CLAIM)
        claimed = read_manifest(claim)
        digest = hashlib.sha256(body).hexdigest()
        return _Held(read_manifest(body), etag, digest, claimed.seq if claimed else 0, claim_etag)

    async def _get(self, opened: Opened, name: str) -> tuple[bytes, str]:
        """Its bytes and ETag, both empty when it is not there."""
        reply = await opened.get(self.prefix + name)
        if isinstance(reply, Failure):
            raise _Refused(reply)
        return (b"", "") if reply is None else (bytes(reply.body), reply.header("etag"))

    async def _write(self, opened: Opened, snapshot: Snapshot, held: _Held, written: set[str]) -> None:
        listed = manifest_bytes(snapshot)
        manifest = File(MANIFEST, listed, JSON, SHORT_CACHE)
        await self._put(opened, File(CLAIM, listed, JSON, SHORT_CACHE), held.claim_etag)
        if self.conditions is Conditions.UNKNOWN:
            await self._find_out(opened, listed)
        etags = await self._etags(opened)
        pages = [file for file in snapshot.files.values() if not file.path.endswith("banner.json")]
        banners = [file for file in snapshot.files.values() if file.path.endswith("banner.json")]
        await self._put_changed(opened, pages, etags, held, written)
        await self._still_ours(opened, snapshot)
        await self._put_changed(opened, banners, etags, held, written)
        await self._put(opened, manifest, held.manifest_etag)
        # Whoever lost may have written a page just before it found out: what is listed now is what we left there.
        now = await self._etags(opened)
        if any(now.get(self.prefix + file.path) != etags.get(self.prefix + file.path) for file in (*pages, *banners)):
            raise _Lost
        await self._remove(opened, held, snapshot, etags)

    async def _put_changed(
        self, opened: Opened, files: Sequence[File], etags: dict[str, str], held: _Held, written: set[str]
    ) -> None:
        """Those that are not there yet byte for byte; `etags` is brought up to date."""
        limit = asyncio.Semaphore(AT_ONCE)

        async def put(file: File) -> None:
            key = self.prefix + file.path
            async with limit:
                etags[key] = await self._put(opened, file, etags.get(key, ""))
            written.add(file.path)

        changed = [file for file in files if not self._is_there(file, etags, held)]
        found = await asyncio.gather(*(put(file) for file in changed), return_exceptions=True)
        for fault in found:
            if isinstance(fault, BaseException):
                raise fault

    def _is_there(self, file: File, etags: dict[str, str], held: _Held) -> bool:
        entry = held.manifest.entries.get(file.path) if held.manifest else None
        if entry is None or (entry.content_type, entry.cache_control) != (file.content_type, file.cache_control):
            return False
        etag = etags.get(self.prefix + file.path, "")
        body = self._stored(file)
        md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
        return etag == f'"{md5}"' or (bool(etag) and self._known.get(file.path) == (etag, file.digest))

    async def _put(self, opened: Opened, file: File, etag: str) -> str:
        """The new ETag. Raise _Lost when what lies there is not what `etag` names ("" = nothing)."""
        headers = self._headers(file)
        if self.conditions is not Conditions.IGNORED:
            headers |= {"if-match": etag} if etag else {"if-none-match": "*"}
        put = await opened.put(self.prefix + file.path, self._stored(file), headers)
        if isinstance(put, Failure) and put.code == "not_implemented" and self.conditions is Conditions.UNKNOWN:
            self.conditions = Conditions.IGNORED
            return await self._put(opened, file, etag)
        if isinstance(put, Failure):
            raise _Refused(put)
        if put is None:
            raise _Lost
        self._known[file.path] = (put, file.digest)
        return put

    async def _find_out(self, opened: Opened, claim: bytes) -> None:
        """Ask for what must be refused, the claim that is there already: a store that takes it minds no condition."""
        file = File(CLAIM, claim, JSON, SHORT_CACHE)
        headers = {**self._headers(file), "if-none-match": "*"}
        put = await opened.put(self.prefix + CLAIM, self._stored(file), headers)
        if isinstance(put, Failure) and put.code != "not_implemented":
            raise _Refused(put)
        self.conditions = Conditions.KEPT if put is None else Conditions.IGNORED

    async def _still_ours(self, opened: Opened, snapshot: Snapshot) -> None:
        """A last look before readers see anything: all there is where a store minds no condition."""
        claim = read_manifest((await self._get(opened, CLAIM))[0])
        if claim is None or claim.seq != snapshot.seq:
            raise _Lost

    async def _etags(self, opened: Opened) -> dict[str, str]:
        found = await opened.etags(self.prefix)
        if isinstance(found, Failure):
            raise _Refused(found)
        return found

    async def _remove(self, opened: Opened, held: _Held, snapshot: Snapshot, etags: dict[str, str]) -> None:
        """What the manifest before listed and this one does not; never a file that is not ours."""
        before: Iterable[str] = held.manifest.entries if held.manifest else ()
        gone = [path for path in before if path not in snapshot.files and self.prefix + path in etags]
        for path in gone:
            failure = await opened.delete(self.prefix + path)
            if failure is not None:
                raise _Refused(failure)
            self._known.pop(path, None)

    def _stored(self, file: File) -> bytes:
        return gzip.compress(file.body, 6, mtime=0) if self._packs(file) else file.body

    def _headers(self, file: File) -> dict[str, str]:
        headers = {"content-type": file.content_type, "cache-control": file.cache_control}
        if self._packs(file):
            headers["content-encoding"] = "gzip"
        if file.language:
            headers["content-language"] = file.language
        return headers

    def _packs(self, file: File) -> bool:
        ours = file.path in {MANIFEST, CLAIM}  # publishers read these: plain for all of them
        return self.encoding is Encoding.GZIP and not ours and file.content_type.startswith(TEXTS)

    @property
    def _note(self) -> str:
        return UNCONDITIONAL if self.conditions is Conditions.IGNORED else ""

    def _failed(self, detail: str) -> Placement:
        return Placement(self.name, Result.FAILED, detail, note=self._note)
