from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from channels.http import Http, Timeouts
from tests.conftest import NOON
from tests.rig import Rig

PATIENT = Timeouts(connect=30.0, total=60.0)
IMPATIENT = Timeouts(connect=30.0, total=1.5)
"""For those who never answer. Long enough that whoever does answer has answered, on a busy machine too."""


@pytest.fixture
async def http(anyio_backend: str) -> AsyncIterator[Http]:
    """Allowed to call loopback."""
    client = Http(PATIENT, allow_private=True, now=lambda: NOON)
    yield client
    await client.aclose()


@pytest.fixture
async def impatient(anyio_backend: str) -> AsyncIterator[Http]:
    """Soon gives up waiting for an answer."""
    client = Http(IMPATIENT, allow_private=True, now=lambda: NOON)
    yield client
    await client.aclose()


@pytest.fixture
async def rig(anyio_backend: str) -> AsyncIterator[Rig]:
    async with Rig() as running:
        yield running
