from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from channels.http import Http, Timeouts
from tests.conftest import NOON
from tests.rig import Rig

QUICK = Timeouts(connect=0.2, total=0.4)


@pytest.fixture
async def http(anyio_backend: str) -> AsyncIterator[Http]:
    """Quick to give up, and allowed to call loopback."""
    client = Http(QUICK, allow_private=True, now=lambda: NOON)
    yield client
    await client.aclose()


@pytest.fixture
async def rig(anyio_backend: str) -> AsyncIterator[Rig]:
    async with Rig() as running:
        yield running
