"""What a visitor of a public address finds, compared with what was published."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.snapshot import Manifest

GRACE: Final = timedelta(seconds=60)
"""How long an address may lag behind before staff are told."""
MOST_SKEW: Final = 60.0
"""Seconds between a server's clock and ours, past which expiry and opening hours are told wrongly to its readers."""


class Verdict(StrEnum):
    """Of one look. Everything but the first is told to staff when it lasts longer than GRACE."""

    AS_PUBLISHED = "as_published"
    UNREACHABLE = "unreachable"
    """No answer, or none that is a success."""
    NOT_OURS = "not_ours"
    """It answers, but not with a manifest of this installation."""
    BEHIND = "behind"
    """Something newer was published more than GRACE ago."""
    DIFFERS = "differs"
    """A file there is not the one that was published under this number."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The last look at one public address."""

    seq: int
    verdict: Verdict
    detail: str
    looked_at: datetime
    since: datetime | None = None
    """Since when it has not been as published; None = it is."""
    skew: float | None = None
    """Seconds its clock is ahead of ours; None = it does not tell."""

    def lasts(self, now: datetime) -> bool:
        """Whether staff must hear of it."""
        return self.since is not None and now - self.since > GRACE

    @property
    def clock_is_wrong(self) -> bool:
        return self.skew is not None and abs(self.skew) > MOST_SKEW


@dataclass(frozen=True, slots=True)
class Issue:
    """One publication as the database knows it."""

    seq: int
    request: int
    """The newest request it answers."""
    digest: str
    """SHA-256 of its manifest, "" while it is being made."""
    due: datetime | None
    """When time changes what is true."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What visitors must have been able to see by now."""

    request: int
    """The newest one that is older than GRACE; 0 = none."""


def overdue(issue: Issue, wanted: Wanted, now: datetime) -> bool:
    """Whether something newer should have been there for longer than GRACE.

    Several processes number what they publish by themselves, so the number alone does not tell: what counts are the
    requests it answers, and the moment at which time changes what is true.
    """
    return issue.request < wanted.request or (issue.due is not None and now - issue.due > GRACE)


def judge_manifest(
    manifest: Manifest | None, digest: str, issue: Issue | None, wanted: Wanted, now: datetime
) -> tuple[Verdict, str]:
    """`digest`: SHA-256 of the manifest as it was fetched; `issue`: what the database knows about its number."""
    if manifest is None:
        return Verdict.NOT_OURS, "manifest.json is not one"
    if issue is None:
        return Verdict.NOT_OURS, f"snapshot {manifest.seq} is not one of ours"
    if issue.digest and issue.digest != digest:
        return Verdict.DIFFERS, f"manifest.json is not that of snapshot {manifest.seq}"
    if overdue(issue, wanted, now):
        return Verdict.BEHIND, f"shows snapshot {manifest.seq}"
    return Verdict.AS_PUBLISHED, ""


def judge_file(manifest: Manifest, path: str, body: bytes) -> str:
    """What is wrong with a file, "" = nothing. One of a newer publication than the manifest's is on its way."""
    entry = manifest.entries.get(path)
    if entry is None or entry.matches(body):
        return ""
    number = banner_seq(body) if path.endswith("banner.json") else None
    if number is not None and number > manifest.seq:
        return ""
    return f"{path} is not the file of snapshot {manifest.seq}"


def banner_seq(body: bytes) -> int | None:
    """The number in a banner, None when it is none."""
    try:
        seq = json.loads(body)["seq"]
    except (ValueError, KeyError, TypeError):
        return None
    return seq if isinstance(seq, int) else None


def continued(before: Seen | None, now: Seen) -> Seen:
    """`now` with the beginning of its spell: a fault that changes its kind goes on."""
    if now.verdict is Verdict.AS_PUBLISHED:
        return replace(now, since=None)
    began = before.since if before is not None and before.since is not None else now.looked_at
    return replace(now, since=min(began, now.looked_at))
