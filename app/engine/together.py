"""Several things handed over at once, of which one that fails takes no other along."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable


async def together(acts: Iterable[Awaitable[object]]) -> None:
    """Returns when each has come to its own end; then raises what the first of those that failed raised.

    Cancelled, it cancels them all.
    """
    for ended in await asyncio.gather(*acts, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended
