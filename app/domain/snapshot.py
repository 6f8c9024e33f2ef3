"""A snapshot: everything the public site consists of at one moment, as finished files.

The one shape the publisher writes, the targets store and the shelf serves. A file knows its own
headers, so that serving it needs no decision.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

MANIFEST: Final = "manifest.json"
"""The name under which a publication says which files, with which hashes, belong to it."""
MANIFEST_VERSION: Final = 1

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"
JSON_FEED: Final = "application/feed+json"
ATOM: Final = "application/atom+xml; charset=utf-8"
JAVASCRIPT: Final = "text/javascript; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"
SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
CAP: Final = "application/cap+xml"
CALENDAR: Final = "text/calendar; charset=utf-8"

WORTH_COMPRESSING: Final = 200
SHORT_CACHE: Final = "public, max-age=5, stale-if-error=86400"
"""Every public answer may be five seconds old; a cache whose origin died keeps it for a day."""

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""For a file whose name promises its bytes."""

CLOSED_CSP: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class File:
    """One finished file: `path` relative, with `/`, never absolute and never with `..`."""

    path: str
    body: bytes
    content_type: str
    cache_control: str = SHORT_CACHE
    csp: str = CLOSED_CSP
    language: str = ""
    source: str = ""
    """What it was made from; while that is the same the file need not be made again. "" = always made anew."""
    digest: str = field(init=False, repr=False, compare=False)
    """SHA-256 of the body, computed once: a large site has ten thousand files and one of them changed."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(self.body).hexdigest())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`seq` rises with each publication; of two snapshots the higher one is the truth."""

    seq: int
    published_at: datetime
    files: Mapping[str, File]
    listing: bytes = field(default=b"", init=False, repr=False, compare=False)
    """What `manifest_bytes` gave, so that memory, targets and record need not write ten thousand lines each."""

    @property
    def digest(self) -> str:
        """One hash for all files with their paths."""
        lines = "".join(f"{path} {file.digest}\n" for path, file in sorted(self.files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """What a manifest says about one file."""

    sha256: str
    content_type: str
    cache_control: str
    csp: str
    language: str
    source: str = ""

    def matches(self, body: bytes) -> bool:
        return hashlib.sha256(body).hexdigest() == self.sha256

    def file(self, path: str, body: bytes) -> File:
        return File(path, body, self.content_type, self.cache_control, self.csp, self.language, self.source)


@dataclass(frozen=True, slots=True)
class Manifest:
    seq: int
    published_at: datetime
    entries: Mapping[str, Entry] = field(default_factory=dict)


def packed(body: bytes) -> bytes | None:
    """`body` as gzip, the same bytes whenever it is done; None where that gains nothing."""
    if len(body) < WORTH_COMPRESSING:
        return None
    smaller = gzip.compress(body, 6, mtime=0)
    return smaller if len(smaller) < len(body) else None


def manifest_bytes(snapshot: Snapshot) -> bytes:
    """The manifest as it lies beside the files: JSON, sorted, with a hash per file."""
    if snapshot.listing:
        return snapshot.listing
    document = {
        "version": MANIFEST_VERSION,
        "seq": snapshot.seq,
        "published_at": snapshot.published_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "files": {
            path: {
                "sha256": file.digest,
                "content_type": file.content_type,
                "cache_control": file.cache_control,
                "csp": file.csp,
                "language": file.language,
                **({"source": file.source} if file.source else {}),
            }
            for path, file in sorted(snapshot.files.items())
        },
    }
    object.__setattr__(snapshot, "listing", json.dumps(document, ensure_ascii=False).encode() + b"\n")
    return snapshot.listing


def manifest_digest(snapshot: Snapshot) -> str:
    """SHA-256 of `manifest_bytes`: the fingerprint of a whole publication."""
    return hashlib.sha256(manifest_bytes(snapshot)).hexdigest()


def read_manifest(body: bytes) -> Manifest | None:
    """The manifest in `body`, or None when it is not a whole one of this version."""
    try:
        document = json.loads(body)
        if document["version"] != MANIFEST_VERSION:
            return None
        entries = {
            str(path): Entry(
                str(entry["sha256"]),
                str(entry["content_type"]),
                str(entry["cache_control"]),
                str(entry["csp"]),
                str(entry["language"]),
                str(entry.get("source", "")),
            )
            for path, entry in document["files"].items()
            if is_plain_path(str(path))
        }
        return Manifest(int(document["seq"]), datetime.fromisoformat(document["published_at"]), entries)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def is_plain_path(path: str) -> bool:
    """Whether `path` stays below the folder it is joined to, on every operating system."""
    if not path or path.startswith("/") or "\\" in path or "\0" in path or ":" in path:
        return False
    return all(part not in {"", ".", ".."} for part in path.split("/"))


def addresses(path: str) -> tuple[str, ...]:
    """The URL paths under which a file is served; the first is the canonical one.

    `gu/contact/index.html` -> `/gu/contact`, `/gu/contact/`; `gu/index.html` -> `/gu/`, `/gu`;
    `index.html` -> `/`; everything else under its own name.
    """
    folder, _, name = path.rpartition("/")
    if name != "index.html":
        return (f"/{path}",)
    if not folder:
        return ("/",)
    if "/" not in folder:
        return (f"/{folder}/", f"/{folder}")
    return (f"/{folder}", f"/{folder}/")
