"""Whose words a publication needs: what holds now, what feeds still list, and a portion of the past that is unwritten.

So a publication takes as long with thousands of old crises as without any. When all pages have to be made again (other
templates, another look), the past follows in portions, and news never waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.snapshot import File
from app.publishing.building import Press
from app.publishing.check import entries, stale
from app.publishing.feeds import MOST_ENTRIES
from app.publishing.picture import Picture
from app.publishing.side import unwritten

PORTION: Final = 25
"""Old crises written by one publication, in every language; some tenths of a second."""
PORTION_OF_SHEETS: Final = 3
"""Old pages of messages, likewise."""


@dataclass(frozen=True, slots=True)
class Chosen:
    crises: frozenset[str]
    """Slugs."""
    listed: frozenset[int]
    """Updates whose texts are needed."""
    more: bool
    """Whether something of the past is still unwritten after this publication."""


NOTHING: Final = Chosen(frozenset(), frozenset(), more=False)


def choose(press: Press, shown: Picture, before: Mapping[str, File]) -> Chosen:
    kept = press.kept(shown, before)
    crises: set[str] = set()
    listed: set[int] = set()
    more = False
    for drill in (False, True):
        told = press.told(shown, drill=drill)
        frames = press.frames(shown, drill=drill)
        crises |= {chapter.slug for chapter in told.chapters if chapter.current}
        crises |= {one.chapter.slug for one in entries(told.chapters)[:MOST_ENTRIES]}
        old = unwritten(frames, told.chapters, kept)
        crises.update(chapter.slug for chapter in old[:PORTION])
        sheets = stale(frames, told.messages, kept)
        listed.update(one.mention.id for sheet in sheets[:PORTION_OF_SHEETS] for one in sheet.entries)
        more |= len(old) > PORTION or len(sheets) > PORTION_OF_SHEETS
    return Chosen(frozenset(crises), frozenset(listed), more)
