"""How much to do in one transaction, so that nobody waits long for it: learnt from how long the last one took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AIM_SECONDS: Final = 0.05
"""What a step should take; others may be made to wait twice as long."""


@dataclass(frozen=True, slots=True)
class Sizes:
    least: int
    """Smaller ones are not over sooner, because every transaction costs something however little it does."""
    most: int


def next_size(size: int, seconds: float, sizes: Sizes) -> int:
    """After a step of `size` took so long: at most twice as much while it was short, at once less when it was long."""
    fits = size * AIM_SECONDS / seconds if seconds > 0 else 2.0 * size
    return max(sizes.least, min(sizes.most, int(min(fits, 2.0 * size))))
