"""What must not die of one fault: the fault is logged, and the next pass tries again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

log = structlog.get_logger("engine")
Value = TypeVar("Value")

PAUSE_SECONDS: Final = 0.25
"""After a fault, so that what fails at once does not spin."""


async def outlive(act: Callable[[], Awaitable[Value]], event: str = "engine_pass_failed") -> Value | None:
    """What `act` comes to; None when it failed, which is logged as `event`. A cancellation goes through."""
    try:
        return await act()
    except Exception as error:
        log.error(event, act=act.__qualname__, error=type(error).__name__, exc_info=error)
        await asyncio.sleep(PAUSE_SECONDS)
        return None
