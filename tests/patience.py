"""How long a test waits for what must come: only a fault runs it out, never a slow or busy machine."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 180.0
"""Seconds. Nobody waits so long unless something is broken, so it costs nothing to be generous."""
