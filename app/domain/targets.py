"""Where the website is published besides this machine's own folder, and what became of it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from app.domain.endpoints import MASK, ChannelFacts, split_settings
from app.domain.message import Medium
from app.domain.reading import Reader, iso
from app.domain.retrying import Backoff

OWN: Final = "folder"
"""CLARION_PUBLISH_DIR, which is always published to; no other target has this name."""
BACKOFF: Final = Backoff(base=2.0, cap=120.0)
"""Between two attempts at a target that fails; equal jitter, so never sooner than half of it."""
LONGEST_SLUG: Final = 40


class TargetKind(StrEnum):
    DIRECTORY = "directory"
    S3 = "s3"


class Encoding(StrEnum):
    """How a bucket holds texts. A bucket does not negotiate: what lies there is what everybody gets."""

    IDENTITY = "identity"
    GZIP = "gzip"


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    required: bool = False
    secret: bool = False


FACTS: Final[Mapping[TargetKind, ChannelFacts]] = MappingProxyType(
    {
        TargetKind.DIRECTORY: ChannelFacts(
            "directory", Medium.SITE, (Setting("path", required=True), Setting("private")), 1.0
        ),
        TargetKind.S3: ChannelFacts(
            "s3",
            Medium.SITE,
            (
                Setting("bucket", required=True),
                Setting("region", required=True),
                Setting("access_key_id", required=True),
                Setting("secret_access_key", required=True, secret=True),
                Setting("base_url"),
                Setting("prefix"),
                Setting("path_style"),
                Setting("encoding"),
                Setting("private"),
            ),
            1.0,
        ),
    }
)
"""What each kind is configured with, in the order of a form."""


@dataclass(frozen=True, slots=True)
class Target:
    slug: str
    kind: TargetKind
    settings: Mapping[str, object]
    """Plain ones only."""
    secrets: bytes
    """Sealed JSON object of the secret ones."""
    public_url: str
    """Where visitors find the files, without a slash at its end; "" = not read back."""
    revision: int


@dataclass(frozen=True, slots=True)
class TargetState:
    """What came of publishing to it, as the process that does it last wrote down."""

    slug: str
    seq: int = 0
    """The last sequence number that was placed whole; 0 = none yet."""
    placed_at: datetime | None = None
    held: int = 0
    """The highest number ever seen there, whoever placed it."""
    failures: int = 0
    """Attempts in a row that failed."""
    error: str = ""
    failing_since: datetime | None = None
    note: str = ""
    """A limit found out about this target, such as a store without conditional writes."""


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """A checked document, its secrets not sealed yet."""

    kind: TargetKind
    public_url: str
    plain: Mapping[str, object]
    secret: Mapping[str, object]


def read_target(slug: str, document: Mapping[str, object], stored: Mapping[str, object]) -> TargetDraft:
    """`document`: {kind, settings{}, public_url?}; `stored`: the secret settings as they are, for `***`.

    Raise Invalid with one Problem per fault.
    """
    read = Reader({**document, "slug": slug})
    read.only("slug", "kind", "settings", "public_url", "revision", "state", "seen")
    read.slug()
    if slug == OWN or len(slug) > LONGEST_SLUG:
        read.problem(
            "bad_slug", "slug", f"cannot be the name of a target: {slug}", f"Not “{OWN}”, {LONGEST_SLUG} long."
        )
    kind = read.choice("kind", TargetKind)
    public_url = read.text("public_url", longest=500, lines=False).rstrip("/")
    _check_address(read, "public_url", public_url)
    settings = read.mapping("settings")
    inner = Reader(settings, "settings", read.problems)
    if kind is TargetKind.S3:
        _check_bucket(inner)
    else:
        path = inner.text("path", required=True, longest=1_000, lines=False)
        if path and not path.startswith("/"):
            inner.problem("bad_path", "settings.path", "is not a whole path", "Begin with /.")
        inner.flag("private")
    read.done()
    plain, secret = split_settings(FACTS[kind], settings, stored)
    return TargetDraft(kind, public_url, plain, secret)


def _check_bucket(read: Reader) -> None:
    for name in ("bucket", "region", "access_key_id"):
        value = read.text(name, required=True, longest=255, lines=False)
        if any(character in value for character in " /\\?#"):
            read.problem("bad_name", read.path(name), "holds a character that no name has", "Take it as it was given.")
    secret = read.text("secret_access_key", required=True, longest=500, lines=False)
    if secret != MASK and not secret.isascii():
        read.problem("bad_secret", read.path("secret_access_key"), "is not ASCII", "Take it as it was given.")
    base_url = read.text("base_url", longest=500, lines=False)
    _check_address(read, "base_url", base_url)
    prefix = read.text("prefix", longest=200, lines=False)
    if prefix.startswith("/") or "//" in prefix or ".." in prefix.split("/"):
        read.problem("bad_prefix", read.path("prefix"), "is not a plain folder name", "Write crisis/ or leave it out.")
    read.choice("encoding", Encoding, Encoding.IDENTITY)
    read.flag("path_style", default=True)
    read.flag("private")


def _check_address(read: Reader, name: str, url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"https", "http"} and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        whole = False
    if not whole:
        read.problem("url_malformed", read.path(name), "is not a web address", "Write https://host/path.")


def allows_inside(target: Target) -> bool:
    """Whether its operator says that it stands in a private network."""
    return target.settings.get("private") is True


def view(target: Target, state: TargetState | None = None) -> dict[str, object]:
    """The document as anybody may read it, with its state."""
    fields = FACTS[target.kind].fields
    masked = {field.name: MASK if target.secrets else "" for field in fields if field.secret}
    return {
        "slug": target.slug,
        "kind": target.kind.value,
        "settings": {**target.settings, **masked},
        "public_url": target.public_url,
        "revision": target.revision,
        "state": state_view(state or TargetState(target.slug)),
    }


def state_view(state: TargetState) -> dict[str, object]:
    return {
        "seq": state.seq,
        "placed_at": iso(state.placed_at) if state.placed_at else None,
        "failures": state.failures,
        "error": state.error,
        "failing_since": iso(state.failing_since) if state.failing_since else None,
        "note": state.note,
    }


def wait_after(failures: int, jitter: float) -> float:
    """Seconds until the next attempt; `failures` >= 1, 0 <= jitter < 1."""
    return BACKOFF.delay(failures, 0.5 + jitter / 2)
