"""Compare what visitors of the public addresses found with what was published, and remember it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.reading_back import (
    GRACE,
    Seen,
    Verdict,
    Wanted,
    banner_seq,
    continued,
    judge_file,
    judge_manifest,
    overdue,
)
from app.domain.snapshot import read_manifest
from app.store import publishing, targets
from app.store.database import Database

DIFFERS: Final = "site_differs"


@dataclass(frozen=True, slots=True)
class Found:
    """What one address gave: the bytes of each file by path, or why there are none."""

    slug: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    trouble: str = ""
    skew: float | None = None
    shared: bool = False
    """Several processes answer there, each with its own number: a page may be of another one than the manifest."""


def record_read_back(db: Database, found: Iterable[Found], now: datetime) -> dict[str, Seen]:
    """Judged, by slug. What differs for a second time is published anew, once: the first may have met a publication
    half-way, and who goes on changing files is for staff to stop.
    """
    judged: dict[str, Seen] = {}
    with db.writing() as tx:
        before = targets.seen(tx)
        wanted = Wanted(publishing.asked_before(tx, now - GRACE))
        for one in found:
            verdict, detail, seq = _judge(tx, one, wanted, now)
            seen = Seen(seq, verdict, detail[:300], now, None, one.skew)
            known = before.get(one.slug)
            judged[one.slug] = seen = continued(known, seen)
            targets.note_seen(tx, one.slug, seen)
            again = known is not None and known.verdict is verdict and known.since == known.looked_at
            if verdict is Verdict.DIFFERS and again:
                publishing.request(tx, DIFFERS, now)
        for slug in before.keys() - judged.keys():
            targets.forget_seen(tx, slug)
    return judged


def _judge(tx: Connection, one: Found, wanted: Wanted, now: datetime) -> tuple[Verdict, str, int]:
    if one.trouble:
        return Verdict.UNREACHABLE, one.trouble, 0
    body = one.files["manifest.json"]
    manifest = read_manifest(body)
    issue = publishing.issue(tx, manifest.seq) if manifest else None
    verdict, detail = judge_manifest(manifest, hashlib.sha256(body).hexdigest(), issue, wanted, now)
    if manifest is None or verdict is not Verdict.AS_PUBLISHED:
        return verdict, detail, manifest.seq if manifest else 0
    for path, content in one.files.items():
        wrong = _shared_wrong(tx, path, content, wanted, now) if one.shared else judge_file(manifest, path, content)
        if wrong:
            return Verdict.DIFFERS if not one.shared else Verdict.BEHIND, wrong, manifest.seq
    return Verdict.AS_PUBLISHED, "", manifest.seq


def _shared_wrong(tx: Connection, path: str, body: bytes, wanted: Wanted, now: datetime) -> str:
    if not path.endswith("banner.json"):
        return ""
    seq = banner_seq(body)
    issue = publishing.issue(tx, seq) if seq is not None else None
    if issue is None:
        return f"{path} is not one of ours"
    return f"{path} shows snapshot {seq}" if overdue(issue, wanted, now) else ""
