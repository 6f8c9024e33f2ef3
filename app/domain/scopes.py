"""What a token is for, beside the role of whoever it belongs to: one for cron need not be able to send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Scope(StrEnum):
    READ = "read"
    TICK = "tick"
    FACTS_WRITE = "facts:write"
    READINGS_WRITE = "readings:write"
    UPDATES_WRITE = "updates:write"
    """Crises, words, playbooks at work: everything before the second person."""
    UPDATES_RELEASE = "updates:release"
    """Approve, send, stop."""
    PEOPLE_WRITE = "people:write"
    """Subscribers and audiences."""
    REGISTRY_WRITE = "registry:write"
    """Contact channels, needs, rules, help and what staff are told."""


_ACTS: Final[Mapping[Scope, Iterable[str]]] = MappingProxyType(
    {
        Scope.READ: ("read", "read_audit", "verify_audit", "preview_update"),
        Scope.TICK: ("tick", "check_links"),
        Scope.FACTS_WRITE: ("record_fact",),
        Scope.READINGS_WRITE: ("post_reading",),
        Scope.UPDATES_WRITE: (
            "open_crisis", "resolve_crisis", "change_severity", "draft_update", "submit_update", "correct_update",
        ),
        Scope.UPDATES_RELEASE: (
            "approve_update", "return_update", "reject_update", "send_update", "cancel_update", "pause_update",
            "resume_update", "settle_unknown", "resend_failed", "wake_readers",
        ),
        Scope.PEOPLE_WRITE: (
            "import_subscribers", "save_subscriber", "save_audience", "suppress_address", "lift_suppression",
            "handle_reply",
        ),
        Scope.REGISTRY_WRITE: ("save_document", "note_upkeep", "acknowledge_notice", "open_knowledge"),
    }
)  # fmt: skip

SCOPE_FOR: Final[Mapping[str, Scope]] = MappingProxyType({act: scope for scope, acts in _ACTS.items() for act in acts})
"""Act -> the scope it needs. An act that is not here is for tokens without scopes only: the keys of the house."""
