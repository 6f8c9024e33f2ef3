"""What the website would show if these words were out, and nothing else: for one reader who holds a link."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from app.domain.snapshot import File
from app.domain.updates import UpdateDocument
from app.publishing.building import Press
from app.publishing.chapters import Standing
from app.publishing.pages import DRILL_PREFIX
from app.publishing.picture import Picture, PublicCrisis, PublicUpdate
from app.store.crises import CrisisRow

AT_LEAST: Final = timedelta(hours=1)
"""Words whose time is over are shown all the same: whoever looks wants to read them."""


def imagined(shown: Picture, crisis: CrisisRow, update_id: int, revision: int, document: UpdateDocument) -> Picture:
    """The website with this update as its only word."""
    at = shown.at
    update = PublicUpdate(
        id=update_id,
        revision=revision,
        crisis=crisis.slug,
        document=replace(document, expires_at=max(document.expires_at, at + AT_LEAST)),
        sent_at=at,
        changed_at=at,
        standing=Standing.CURRENT,
        corrects=None,
    )
    told = PublicCrisis(crisis.slug, crisis.titles, crisis.severity, False, (update,), crisis.playbook or "")
    live, drills = ((), (told,)) if document.drill else ((told,), ())
    return replace(shown, live=live, drills=drills)


def preview_banner(press: Press, picture: Picture, site: str) -> bytes | None:
    """The site's banner.json with `"preview": true` and sequence number 0; None when there is no such site."""
    path = f"{_prefix(picture)}site/{site}/banner.json"
    file = _found(press.banners(picture, 0), path)
    if file is None:
        return None
    document = {**json.loads(file.body), "preview": True}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def preview_page(press: Press, picture: Picture, crisis: str, language: str) -> File | None:
    """The crisis page as it would be in a language; None when the site does not have that one."""
    crises = picture.drills or picture.live
    told = next((one for one in crises if one.slug == crisis), None)
    frames = press.frames(picture, drill=bool(picture.drills))
    frame = next((one for one in frames if one.tongue.language == language), None)
    return press.crisis_page(frame, picture, told) if frame and told else None


def _prefix(picture: Picture) -> str:
    return f"{DRILL_PREFIX.strip('/')}/" if picture.drills else ""


def _found(files: Iterable[File], path: str) -> File | None:
    return next((file for file in files if file.path == path), None)
