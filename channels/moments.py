"""Moments as servers write them in headers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_EARLIEST_MOMENT: Final = 1_000_000_000
"""A number above this is a Unix time, below it a number of seconds."""


def moment_of(value: str) -> float | datetime | None:
    """Seconds to wait, or a moment: a Unix time, an HTTP date or ISO 8601. None for anything else."""
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        if not 0 <= seconds < 1e11:  # also refuses NaN
            return None
        return datetime.fromtimestamp(seconds, UTC) if seconds > _EARLIEST_MOMENT else seconds
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(value)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
