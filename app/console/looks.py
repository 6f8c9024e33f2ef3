"""One look at a moving update for everybody who watches it: watching costs the same for one and for a hundred."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Generic, TypeVar

Seen = TypeVar("Seen")
FRESH_SECONDS: Final = 0.9
"""Below the beat of the streams, so that each beat sees something new."""
MOST_KEPT: Final = 200


@dataclass(slots=True)
class _Look(Generic[Seen]):
    seen: Seen
    at: float
    pages: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Looks(Generic[Seen]):
    """By the id of the update. Safe from any thread; one of them looks, the others wait for it."""

    clock: Callable[[], float] = monotonic
    _kept: dict[int, _Look[Seen]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def of(self, update_id: int, look: Callable[[], Seen], *, anew: bool = False) -> Seen:
        """What was seen less than a second ago, or a new look. `anew`: for whoever has just seen the page itself."""
        with self._turn:
            known = self._kept.get(update_id)
            if known is not None and not anew and self.clock() - known.at < FRESH_SECONDS:
                return known.seen
            seen = look()
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[update_id] = _Look(seen, self.clock())
            return seen

    def page(self, update_id: int, seen: Seen, language: str, write: Callable[[], str]) -> str:
        """What this look reads like in a language, written once."""
        known = self._kept.get(update_id)
        if known is None or known.seen is not seen:
            return write()
        if language not in known.pages:
            known.pages[language] = write()
        return known.pages[language]
