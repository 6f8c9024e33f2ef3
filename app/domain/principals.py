"""Who acts, what each role may do, and who may be the second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.scopes import SCOPE_FOR, Scope
from app.errors import Forbidden, Problem


class Role(StrEnum):
    """Each role may do everything the ones before it may."""

    VIEWER = "viewer"
    AUTHOR = "author"
    APPROVER = "approver"
    ADMIN = "admin"

    def allows(self, other: Role) -> bool:
        """True when whoever holds this role may do what asks for `other`."""
        return _RANK[self] >= _RANK[other]


_RANK: Final = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: a person by a session or one of their tokens, or somebody nobody can name (`user_id` None)."""

    name: str
    role: Role
    user_id: int | None
    token_id: int | None
    scopes: frozenset[Scope] | None = None
    """What the token is for; None = whatever the role may do."""
    person: int | None = None
    """The first account of the same person, where this one is a later one."""
    session_id: int | None = None
    confirmed_at: datetime | None = None
    """When they last proved with a code that it is they."""

    @property
    def person_id(self) -> int | None:
        """The same for whatever account, token or session this person comes with; None = nobody can say."""
        return self.user_id if self.person is None else self.person


HOST: Final = Actor("host", Role.ADMIN, None, None)
"""Whoever has a shell on the machine. Only `migrate`, `user add`, `token add` and `demo` act as the host."""


ROLE_FOR: Final[Mapping[str, Role]] = MappingProxyType(
    {
        "read": Role.VIEWER,
        "read_audit": Role.APPROVER,
        "verify_audit": Role.APPROVER,
        # words
        "open_crisis": Role.AUTHOR,
        "resolve_crisis": Role.AUTHOR,
        "change_severity": Role.AUTHOR,
        "record_fact": Role.AUTHOR,
        "draft_update": Role.AUTHOR,
        "preview_update": Role.AUTHOR,
        "submit_update": Role.AUTHOR,
        "correct_update": Role.AUTHOR,
        "keep_checklist": Role.AUTHOR,
        # release: sending needs no more than authorship once a second person has approved; stopping never waits
        "approve_update": Role.APPROVER,
        "return_update": Role.APPROVER,
        "reject_update": Role.APPROVER,
        "approve_alone": Role.AUTHOR,
        "send_first_word": Role.AUTHOR,
        "send_update": Role.AUTHOR,
        "cancel_update": Role.AUTHOR,
        "pause_update": Role.AUTHOR,
        "resume_update": Role.AUTHOR,
        "settle_unknown": Role.APPROVER,
        "resend_failed": Role.AUTHOR,
        "wake_readers": Role.APPROVER,
        # cadence: what a schedule sends by itself needs a second person's approval of its own
        "save_schedule": Role.AUTHOR,
        "resume_scheduler": Role.APPROVER,
        "confirm_update": Role.AUTHOR,
        # people we write to
        "import_subscribers": Role.AUTHOR,
        "export_subscribers": Role.APPROVER,
        "save_subscriber": Role.AUTHOR,
        "show_address": Role.APPROVER,
        "export_subscriber": Role.APPROVER,
        "erase_subscriber": Role.APPROVER,
        "save_audience": Role.AUTHOR,
        "suppress_address": Role.AUTHOR,
        "lift_suppression": Role.APPROVER,
        "handle_reply": Role.AUTHOR,
        # how customers reach us: a phone number must be changeable at 3 a.m. by whoever is on duty
        "save_document": Role.APPROVER,
        "post_reading": Role.AUTHOR,
        "note_upkeep": Role.AUTHOR,
        "acknowledge_notice": Role.AUTHOR,
        "open_knowledge": Role.APPROVER,
        "check_links": Role.AUTHOR,
        "check_site": Role.AUTHOR,
        "make_preview_link": Role.AUTHOR,
        "publish": Role.AUTHOR,
        "tick": Role.AUTHOR,
        # the keys of the house
        "save_endpoint": Role.ADMIN,
        "save_target": Role.ADMIN,
        "forget_deliveries": Role.ADMIN,
        "resume_endpoint": Role.APPROVER,
        "halt_endpoint": Role.AUTHOR,
        "try_endpoint": Role.APPROVER,
        "save_contact_secret": Role.ADMIN,
        "save_fact_source": Role.ADMIN,
        "save_staff_recipients": Role.ADMIN,
        "hand_out_key": Role.ADMIN,
        "create_user": Role.ADMIN,
        "change_user": Role.ADMIN,
        "invite_user": Role.ADMIN,
        "end_sessions": Role.ADMIN,
        "create_token": Role.ADMIN,
        "revoke_token": Role.ADMIN,
    }
)
"""Act -> the least role that may do it. Use cases and faces ask here and nowhere else."""


def require(actor: Actor, role: Role) -> None:
    """Raise Forbidden (code `role_too_low`) unless the actor's role allows `role`."""
    if not actor.role.allows(role):
        raise Forbidden(
            Problem(
                "role_too_low",
                f"This needs the role {role.value}; {actor.name} has {actor.role.value}.",
                "role",
                f"Ask somebody who is {role.value}, or an admin for that role.",
            )
        )


def permit(actor: Actor, act: str) -> None:
    """Raise Forbidden unless the actor's role (code `role_too_low`) and scopes (`scope_missing`) allow the act."""
    require(actor, ROLE_FOR[act])
    require_scope(actor, SCOPE_FOR.get(act))


def require_scope(actor: Actor, wanted: Scope | None) -> None:
    """Raise Forbidden (`scope_missing`) for a token that is for something else; None: one without limits is needed."""
    if actor.scopes is None or wanted in actor.scopes:
        return
    need = f"This needs a token for {wanted.value}" if wanted else "This needs a token without limits"
    has = ", ".join(sorted(actor.scopes)) or "nothing"
    remedy = "Use one that may, or ask an admin for it."
    raise Forbidden(Problem("scope_missing", f"{need}; this one is for {has}.", "scopes", remedy))


def approval_refusal(actor: Actor, authors: frozenset[int | None]) -> Problem | None:
    """Why this actor cannot be the second person for words these persons wrote; None = they can.

    Two tokens of one user are one person. A token without a user is never the second person, because nobody
    can say who held it.
    """
    if actor.user_id is None:
        return Problem(
            "approver_unknown",
            f"{actor.name} is not tied to a person, so it cannot be the second person.",
            "approver",
            "Approve with the token or session of a named user.",
        )
    if actor.person_id in authors:
        return Problem(
            "approver_is_author",
            f"{actor.name} wrote or edited this update and cannot approve it.",
            "approver",
            "Ask another approver.",
        )
    return None


STEP_UP: Final = timedelta(minutes=15)
"""How long a code counts for what cannot be taken back."""


def step_up_refusal(actor: Actor, now: datetime, within: timedelta | None, *, has_code: bool) -> Problem | None:
    """Why this person must first type a code from their authenticator; None = they need not.

    `within` None: the organisation does not ask for it. Whoever has no authenticator works with tokens only.
    """
    fresh = actor.confirmed_at is not None and within is not None and now - actor.confirmed_at <= within
    if within is None or fresh or not (has_code or actor.session_id is not None):
        return None
    return Problem(
        "code_wanted",
        "This cannot be taken back, so it needs a fresh code.",
        "code",
        "Type the code that your authenticator shows now.",
    )
