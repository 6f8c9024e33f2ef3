"""What each role sees to in a crisis: short, because nobody reads a long list under stress."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHECKLIST: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "lead": ("one_leads", "severity_right", "next_promise"),
        "writer": ("facts_sourced", "help_named", "languages_there"),
        "second_person": ("read_as_reader", "numbers_called"),
        "contact_channels": ("staffed_for_it", "staff_know_the_words"),
        "watch": ("failures_looked_at", "social_read"),
    }
)
"""Role -> what it sees to; what they say stands in templates/console/checklist.html."""
ITEMS: Final = frozenset(item for items in CHECKLIST.values() for item in items)
