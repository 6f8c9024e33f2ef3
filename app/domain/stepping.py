"""How much to do in one transaction, so that nobody waits long for it: learnt from how long the last ones took."""

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


@dataclass(frozen=True, slots=True)
class Stride:
    """The size of the next step."""

    size: int
    each: float = 0.0
    """Seconds for one of it in the last step."""

    def after(self, seconds: float, sizes: Sizes) -> Stride:
        """When that step took so long: as many as fit by the slower of the last two, at most twice as many.

        So what was quick by chance makes no step too long, and what was long is cut at once.
        """
        each = seconds / self.size
        slower = max(each, self.each)
        fits = AIM_SECONDS / slower if slower > 0 else 2.0 * self.size
        return Stride(max(sizes.least, min(sizes.most, int(min(fits, 2.0 * self.size)))), each)
