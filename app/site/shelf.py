"""Ready bytes by address: everything the public site answers with, held in memory.

An address is a key of a dict, so nothing outside the snapshot can be reached by any path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from app.domain.snapshot import HTML, JSON, MANIFEST, File, Snapshot, addresses, manifest_bytes, packed

HeaderList = tuple[tuple[bytes, bytes], ...]

NOT_FOUND_PAGE: Final = "404.html"

OPEN_HEADERS: Final[HeaderList] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"etag, last-modified, date, age"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"vary", b"accept-encoding"),
)
"""A 304 says these again: browsers ask anew whether they may; what else describes a page they have kept."""
SHARED_HEADERS: Final[HeaderList] = (
    (b"timing-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"accept-ranges", b"none"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One representation of one address: bytes, its own strong ETag, and both complete header lists.

    Two are the same when they are one object, so that they can be keys without hashing pages.
    """

    body: bytes
    etag: bytes
    headers: HeaderList
    not_modified: HeaderList


@dataclass(frozen=True, slots=True)
class Ready:
    """What one address answers. `gzip` is None where compressing gains nothing."""

    plain: Variant
    gzip: Variant | None


def ready(file: File, published_at: datetime) -> Ready:
    """Prepare one file for serving: compressed once, hashed once, headers written once."""
    tag = hashlib.sha256(file.body).hexdigest()[:32]
    plain = _variant(file, file.body, f'"{tag}"', published_at, encoding="")
    smaller = packed(file.body)
    if smaller is None:
        return Ready(plain, None)
    return Ready(plain, _variant(file, smaller, f'"{tag}-gz"', published_at, encoding="gzip"))


def _variant(file: File, body: bytes, etag: str, published_at: datetime, *, encoding: str) -> Variant:
    known = ((b"etag", etag.encode()), (b"cache-control", file.cache_control.encode()))
    dated = (b"last-modified", format_datetime(published_at.astimezone(UTC), usegmt=True).encode())
    content = [(b"content-type", file.content_type.encode()), (b"content-length", str(len(body)).encode())]
    if encoding:
        content.append((b"content-encoding", encoding.encode()))
    if file.language:
        content.append((b"content-language", file.language.encode()))
    if file.csp:
        content.append((b"content-security-policy", file.csp.encode()))
    headers = (*content, *known, dated, *OPEN_HEADERS, *SHARED_HEADERS)
    return Variant(body, etag.encode(), headers, (*known, *OPEN_HEADERS))


def _addressed(file: File, published_at: datetime) -> list[tuple[str, Ready]]:
    prepared = ready(file, published_at)
    return [(address, prepared) for address in addresses(file.path)]


class Shelf:
    """All addresses of the newest snapshot, swapped as a whole.

    `put` is safe to call from any thread while others read: readers see the old dict or the new one.
    """

    __slots__ = ("_by_path", "_listeners", "_missing", "_prepared", "_rooms", "published_at", "seq")

    def __init__(self) -> None:
        self._by_path: Mapping[str, Ready] = {}
        self._missing: Mapping[str, Ready] = {}
        self._rooms: frozenset[str] = frozenset()
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._prepared: Mapping[str, tuple[File, Ready]] = {}
        self.seq = 0
        self.published_at: datetime | None = None

    def put_ahead(self, files: Iterable[File], seq: int, published_at: datetime) -> bool:
        """Serve these files of snapshot `seq` already while the rest is still being made; `put` follows."""
        if seq <= self.seq:
            return False
        early = {address: prepared for file in files for address, prepared in _addressed(file, published_at)}
        self._by_path = {**self._by_path, **early}
        self._tell()
        return True

    def put(self, snapshot: Snapshot) -> bool:
        """Serve `snapshot` from now on; False, and nothing changes, when it is not newer."""
        if snapshot.seq <= self.seq:
            return False
        by_path: dict[str, Ready] = {}
        missing: dict[str, Ready] = {}
        prepared: dict[str, tuple[File, Ready]] = {}
        for file in snapshot.files.values():
            known = self._prepared.get(file.path)
            # Compressed once while it stays the same: its Last-Modified is when it came to be what it is.
            made = known[1] if known and known[0] == file else ready(file, snapshot.published_at)
            prepared[file.path] = (file, made)
            folder, _, name = file.path.rpartition("/")
            if name == NOT_FOUND_PAGE:
                missing[folder] = made
            else:
                by_path.update(dict.fromkeys(addresses(file.path), made))
        manifest = File(MANIFEST, manifest_bytes(snapshot), JSON)
        by_path[f"/{MANIFEST}"] = ready(manifest, snapshot.published_at)
        rooms = {file.path.split("/", 1)[0] for file in snapshot.files.values() if file.content_type == HTML}
        self._rooms = frozenset(room for room in rooms if not room.endswith(".html"))
        self._missing = missing
        self._by_path = by_path
        self._prepared = prepared
        self.seq = snapshot.seq
        self.published_at = snapshot.published_at
        self._tell()
        return True

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever something was put, from the thread that put it."""
        self._listeners = (*self._listeners, listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    @property
    def addresses(self) -> Mapping[str, Ready]:
        """All there is now; another object as soon as anything is put, never a changed one."""
        return self._by_path

    @property
    def files(self) -> Mapping[str, File]:
        """Of the newest snapshot, by path."""
        return {path: file for path, (file, _) in self._prepared.items()}

    def get(self, path: str) -> Ready | None:
        return self._by_path.get(path)

    def missing(self, path: str) -> Ready | None:
        """The "no such page" page for an address inside the site, None for addresses that are not ours."""
        parts = path.split("/")
        if len(parts) < 2 or parts[1] not in self._rooms:
            return None
        for depth in (3, 2):
            page = self._missing.get("/".join(parts[1:depth]))
            if page is not None:
                return page
        return None
