"""The situation and the life of an update: severities, stages, states and the one table of moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.reading import Reader
from app.domain.texts import Texts
from app.errors import Conflict, Problem


class Severity(StrEnum):
    EMERGENCY = "emergency"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the most severe; smaller sorts first."""
        return list(Severity).index(self)


class Stage(StrEnum):
    """What an announcement is for, in the order in which a crisis usually goes."""

    WARNING = "warning"
    HOLDING = "holding"
    DETAILS = "details"
    PROGRESS = "progress"
    CORRECTION = "correction"
    RESOLVED = "resolved"
    FOLLOWUP = "followup"


class CrisisState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class CrisisDocument:
    slug: str
    titles: Texts
    severity: Severity
    state: CrisisState = CrisisState.OPEN
    playbook: str = ""

    @classmethod
    def from_document(cls, document: object) -> CrisisDocument:
        read = Reader(document)
        read.only("slug", "titles", "severity", "state", "playbook")
        crisis = cls(
            slug=read.slug(),
            titles=read.texts("titles", required=True, longest=200),
            severity=read.choice("severity", Severity),
            state=read.choice("state", CrisisState, CrisisState.OPEN),
            playbook=read.slug("playbook", required=False),
        )
        read.done()
        return crisis

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "titles": dict(self.titles),
            "severity": self.severity.value,
            "state": self.state.value,
            "playbook": self.playbook or None,
        }


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known about the situation, who said so, when, and until when it may be repeated."""

    name: str
    value: str | int | float | bool
    source: str
    at: datetime | None = None
    """None: the use case fills in the time of recording."""
    stale_at: datetime | None = None

    @classmethod
    def from_document(cls, document: object) -> Fact:
        read = Reader(document)
        read.only("name", "value", "source", "at", "stale_at")
        value = read.raw("value")
        if isinstance(value, str):
            value = read.text("value", required=True, longest=1_000)
        elif not isinstance(value, int | float):
            read.problem("wrong_type", read.path("value"), "must be a text, number or boolean", "Send one plain value.")
            value = ""
        fact = cls(
            name=read.text("name", required=True, longest=64, lines=False),
            value=value,
            source=read.text("source", required=True, longest=200, lines=False),
            at=read.instant("at"),
            stale_at=read.instant("stale_at"),
        )
        read.done()
        return fact


class UpdateState(StrEnum):
    DRAFT = "draft"
    STAGING = "staging"
    """Submitted, the audience is being listed."""
    SUBMITTED = "submitted"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVED = "approved"
    RELEASING = "releasing"
    """The undo window: sent, nothing has left yet."""
    CANARY = "canary"
    SENDING = "sending"
    PAUSED = "paused"
    """Stopped by a person (or by a correction on its way)."""
    HALTED = "halted"
    """Stopped by the service because something looked wrong."""
    DONE = "done"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


ENDED: Final = frozenset(
    {
        UpdateState.REJECTED,
        UpdateState.DONE,
        UpdateState.CANCELLED,
        UpdateState.SUPERSEDED,
        UpdateState.EXPIRED,
    }
)
"""Nothing leaves this update any more."""

MOVING: Final = frozenset({UpdateState.CANARY, UpdateState.SENDING})
"""Deliveries may be admitted."""

LIVE: Final = frozenset({*MOVING, UpdateState.RELEASING, UpdateState.PAUSED, UpdateState.HALTED})
"""Between `send` and the end."""

REACHED: Final = (*LIVE, UpdateState.DONE, UpdateState.SUPERSEDED, UpdateState.EXPIRED)
"""Updates somebody has read, or is about to."""

CORRECTABLE: Final = frozenset(
    {*MOVING, UpdateState.PAUSED, UpdateState.HALTED, UpdateState.DONE, UpdateState.CANCELLED, UpdateState.EXPIRED}
)
"""Somebody may have read it, so a correction makes sense."""


class Action(StrEnum):
    EDIT = "edit"
    SUBMIT = "submit"
    STAGED = "staged"
    RETURN = "return"
    REJECT = "reject"
    APPROVE = "approve"
    SEND = "send"
    TRY_FIRST = "try_first"
    """A canary goes first: the undo window is over, or somebody resumes in the middle of one."""
    RELEASE = "release"
    """Everybody may be sent to: the undo window is over, or the canary was fine."""
    PAUSE = "pause"
    RESUME = "resume"
    HALT = "halt"
    FINISH = "finish"
    CANCEL = "cancel"
    SUPERSEDE = "supersede"
    EXPIRE = "expire"
    SEND_AGAIN = "send_again"
    """Some of it failed and goes once more."""


_S = UpdateState

_MOVES: Final[Mapping[Action, Mapping[UpdateState, UpdateState]]] = MappingProxyType(
    {
        Action.EDIT: {_S.DRAFT: _S.DRAFT, _S.RETURNED: _S.DRAFT},
        Action.SUBMIT: {_S.DRAFT: _S.STAGING, _S.RETURNED: _S.STAGING},
        Action.STAGED: {_S.STAGING: _S.SUBMITTED},
        Action.RETURN: {_S.STAGING: _S.RETURNED, _S.SUBMITTED: _S.RETURNED, _S.APPROVED: _S.RETURNED},
        Action.REJECT: {_S.STAGING: _S.REJECTED, _S.SUBMITTED: _S.REJECTED, _S.APPROVED: _S.REJECTED},
        Action.APPROVE: {_S.SUBMITTED: _S.APPROVED},
        Action.SEND: {_S.APPROVED: _S.RELEASING},
        Action.TRY_FIRST: {_S.RELEASING: _S.CANARY, _S.PAUSED: _S.CANARY},
        Action.RELEASE: {_S.RELEASING: _S.SENDING, _S.CANARY: _S.SENDING},
        Action.PAUSE: {_S.RELEASING: _S.PAUSED, _S.CANARY: _S.PAUSED, _S.SENDING: _S.PAUSED, _S.HALTED: _S.PAUSED},
        Action.RESUME: {_S.PAUSED: _S.SENDING, _S.HALTED: _S.SENDING},
        Action.HALT: {_S.CANARY: _S.HALTED, _S.SENDING: _S.HALTED},
        Action.FINISH: {_S.CANARY: _S.DONE, _S.SENDING: _S.DONE, _S.PAUSED: _S.DONE, _S.HALTED: _S.DONE},
        Action.CANCEL: {state: _S.CANCELLED for state in _S if state not in ENDED},
        Action.SEND_AGAIN: {_S.DONE: _S.SENDING},
        Action.SUPERSEDE: dict.fromkeys(LIVE, _S.SUPERSEDED),
        Action.EXPIRE: {
            state: _S.EXPIRED for state in (*LIVE, _S.STAGING, _S.SUBMITTED, _S.APPROVED) if state not in ENDED
        },
    }
)


def allowed(state: UpdateState) -> tuple[Action, ...]:
    """What can be done from here, in the order of Action."""
    return tuple(action for action in Action if state in _MOVES[action])


def move(state: UpdateState, action: Action) -> UpdateState:
    """The state after this action; Conflict `update_state` naming what is possible when it is not."""
    if (after := _MOVES[action].get(state)) is not None:
        return after
    possible = ", ".join(other.value for other in allowed(state))
    raise Conflict(
        Problem(
            "update_state",
            f"An update that is {state.value} cannot do “{action.value}”.",
            "state",
            f"Possible now: {possible}." if possible else "It has ended; draft a new update or a correction.",
        )
    )
