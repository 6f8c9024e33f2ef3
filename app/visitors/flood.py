"""How often answers of strangers may be counted, so that a robot can neither flood the counts nor the database."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final

PER_ANSWER: Final = (5.0, 50.0)
"""Rounds a second that end in the same answer of the same tree, and how many at once."""
PER_PROCESS: Final = (20.0, 200.0)
"""The same for everything together."""
MOST_KEYS: Final = 5_000
"""Different answers remembered; trees have some hundred. Beyond that everything begins anew."""


@dataclass(slots=True)
class Flood:
    """Token buckets in memory. Nothing about who answers is known here: no address, no cookie, no time but the last."""

    _left: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    """(tokens, when that was so)"""
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def admits(self, tree: str, answers: Iterable[tuple[str, str]], now: float) -> bool:
        """Whether one more round with these (question, answer) pairs may be counted; `now` in monotonic seconds.

        A round is counted whole or not at all. One that the answers' own limits refuse takes nothing from the others.
        """
        keys: list[tuple[Hashable, tuple[float, float]]] = [((tree, *pair), PER_ANSWER) for pair in answers]
        keys.append(("", PER_PROCESS))
        with self._guard:
            if len(self._left) > MOST_KEYS:
                self._left.clear()
            tokens = {key: self._tokens(key, limit, now) for key, limit in keys}
            if any(left < 1.0 for left in tokens.values()):
                return False
            self._left.update({key: (left - 1.0, now) for key, left in tokens.items()})
            return True

    def _tokens(self, key: Hashable, limit: tuple[float, float], now: float) -> float:
        rate, most = limit
        left, at = self._left.get(key, (most, now))
        return min(most, left + max(0.0, now - at) * rate)
