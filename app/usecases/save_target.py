"""Configure where the website is published besides this machine's own folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from app.domain.principals import Actor, permit
from app.domain.targets import Target, TargetDraft, read_target
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import audit, publishing, targets
from app.store.database import Database
from app.store.targets import TargetValues

CheckUrl = Callable[[str, bool], Problem | None]
"""What is wrong with an address we are told to open; the flag: it may stand in a private network."""


def save_target(
    db: Database,
    keyring: Keyring,
    check_url: CheckUrl,
    actor: Actor,
    slug: str,
    document: Mapping[str, object],
    expected_revision: int | None,
    now: datetime,
) -> Target:
    """`document`: {kind, settings{}, public_url?}. Secret settings are sealed and never given back; `***` keeps one.

    The website is published to it at once. Raise Invalid with one Problem per fault, Conflict `stale_edit`.
    """
    permit(actor, "save_target")
    with db.writing() as tx:
        before = targets.find(tx, slug)
        opened = keyring.unseal(before.secrets) if before and before.secrets else b"{}"
        draft = read_target(slug, document, json.loads(opened))
        _check_addresses(draft, check_url)
        sealed = keyring.seal(json.dumps(dict(draft.secret)).encode()) if draft.secret else b""
        values = TargetValues(draft.kind, draft.plain, sealed, draft.public_url)
        row = targets.save(tx, slug, values, expected_revision)
        publishing.request(tx, "target_saved", now)
        body = {
            "revision": row.revision,
            "kind": row.kind.value,
            "settings": dict(row.settings),
            "secrets": sorted(draft.secret),
            "public_url": row.public_url,
        }
        audit.append(tx, actor.name, "save_target", f"target/{slug}", body, now)
    return row


def remove_target(db: Database, actor: Actor, slug: str, now: datetime) -> Target:
    """The target as it was. Nothing is published there any more; what lies there stays there."""
    permit(actor, "save_target")
    with db.writing() as tx:
        row = targets.remove(tx, slug)
        audit.append(tx, actor.name, "remove_target", f"target/{slug}", {"kind": row.kind.value}, now)
    return row


def _check_addresses(draft: TargetDraft, check_url: CheckUrl) -> None:
    private = draft.plain.get("private") is True
    given = {"settings.base_url": draft.plain.get("base_url"), "public_url": draft.public_url}
    problems = [
        Problem(found.code, found.sentence, name, found.remedy)
        for name, url in given.items()
        if url and (found := check_url(str(url), private)) is not None
    ]
    if problems:
        raise Invalid(problems)
