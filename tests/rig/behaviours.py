"""Scripted misbehaviour: which request meets which fault."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Final


class Effect(StrEnum):
    """What happens instead of the ordinary answer. "Accept" = the message stands in the ledger."""

    OK = "ok"
    """The ordinary answer, in spite of any later rule."""
    THROTTLE = "throttle"
    """429 with Retry-After `seconds`; not accepted."""
    UNAVAILABLE = "unavailable"
    """503 with Retry-After `seconds`; not accepted."""
    ERROR_BEFORE = "error_before"
    """500, not accepted."""
    ERROR_AFTER_ACCEPT = "error_after_accept"
    """500, yet accepted."""
    HANG_AFTER_ACCEPT = "hang_after_accept"
    RESET_AFTER_ACCEPT = "reset_after_accept"
    RESET_MID_REPLY = "reset_mid_reply"
    """Accepted; half of the answer, then a reset."""
    RESET_BEFORE = "reset_before"
    SLOW = "slow"
    """Accepted at once, answered after `seconds`."""
    LATE = "late"
    """Accepted and answered after `seconds`, even if the client has given up by then."""
    BLACK_HOLE = "black_hole"
    """Neither accepted nor answered."""
    INVALID_RECIPIENT = "invalid_recipient"
    """Refused for this address, with the provider's error `code` if one is given."""
    UNAUTHORIZED = "unauthorized"
    KILL_BEFORE_READ = "kill_before_read"
    KILL_AFTER_ACCEPT = "kill_after_accept"
    KILL_AFTER_REPLY = "kill_after_reply"
    """SIGKILL `seconds` after the answer was written."""


REFUSALS: Final[Mapping[Effect, int]] = {
    Effect.THROTTLE: 429,
    Effect.UNAVAILABLE: 503,
    Effect.ERROR_BEFORE: 500,
    Effect.INVALID_RECIPIENT: 400,
    Effect.UNAUTHORIZED: 401,
}
"""Effects that are an answer without acceptance, and its HTTP status."""

KILLS: Final = frozenset({Effect.KILL_BEFORE_READ, Effect.KILL_AFTER_ACCEPT, Effect.KILL_AFTER_REPLY})


@dataclass(frozen=True, slots=True)
class Rule:
    """Applies to sending requests of one provider, or to any request whose "METHOD /path" contains `path`."""

    provider: str
    effect: Effect
    nth: int | None = None
    """Only the n-th request (from 1) of those that match otherwise, counted from when the rule was added."""
    share: float = 1.0
    """This part of the matching requests, by a generator seeded with `seed`."""
    address_suffix: str = ""
    path: str = ""
    times: int | None = None
    """How often at most; None = no limit."""
    seconds: float | None = None
    """What `effect` says of seconds; None = 1, for a kill 0."""
    code: int = 0
    seed: int = 0

    @property
    def wait(self) -> float:
        if self.seconds is not None:
            return self.seconds
        return 0.0 if self.effect in KILLS else 1.0

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Rule:
        """Raises ValueError on an unknown field, effect or a missing name."""
        unknown = set(document) - {field.name for field in fields(cls)}
        if unknown or "provider" not in document or "effect" not in document:
            raise ValueError(f"a rule needs provider and effect; unknown: {sorted(unknown)}")
        values: dict[str, object] = {**document, "effect": Effect(str(document["effect"]))}
        return cls(**values)  # type: ignore[arg-type]  # the names are checked, the rig is a test tool

    def document(self) -> dict[str, object]:
        return asdict(self)


class _Standing:
    """A rule in force and what it has seen."""

    __slots__ = ("dice", "fired", "rule", "seen")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.fired = 0
        self.dice = random.Random(rule.seed)

    def meets(self, path: str, addresses: Sequence[str], sends: bool) -> bool:
        rule = self.rule
        if rule.times is not None and self.fired >= rule.times:
            return False
        if rule.path not in path if rule.path else not sends:
            return False
        if rule.address_suffix and not any(address.endswith(rule.address_suffix) for address in addresses):
            return False
        self.seen += 1
        if rule.nth is not None and self.seen != rule.nth:
            return False
        if rule.share < 1.0 and self.dice.random() >= rule.share:
            return False
        self.fired += 1
        return True


class Script:
    """The rules in force, first match first."""

    def __init__(self) -> None:
        self._standing: list[_Standing] = []

    def add(self, rule: Rule) -> None:
        self._standing.append(_Standing(rule))

    def clear(self, provider: str | None = None) -> None:
        self._standing = [one for one in self._standing if provider not in (None, one.rule.provider)]

    def documents(self) -> list[dict[str, object]]:
        return [{**one.rule.document(), "seen": one.seen, "fired": one.fired} for one in self._standing]

    def match(
        self,
        provider: str,
        path: str,
        addresses: Sequence[str],
        *,
        sends: bool = True,
        among: Collection[Effect] | None = None,
    ) -> Rule | None:
        """The rule for this request, None = behave. Only rules with an effect in `among` are looked at."""
        for one in self._standing:
            if one.rule.provider != provider or (among is not None and one.rule.effect not in among):
                continue
            if one.meets(path, addresses, sends):
                return one.rule
        return None


@dataclass(frozen=True, slots=True)
class Kill:
    pid: int
    provider: str
    request: int
    effect: Effect
    at: float


class Killer:
    """Ends the one process it was told, once; then it must be told the next."""

    def __init__(self) -> None:
        self._pid: int | None = None
        self.kills: list[Kill] = []

    def aim(self, pid: int | None) -> None:
        """Raises ValueError for a pid that can only be a mistake."""
        if pid is not None and (pid <= 1 or pid in (os.getpid(), os.getppid())):
            raise ValueError(f"refusing to kill process {pid}")
        self._pid = pid

    def kill(self, provider: str, request: int, effect: Effect) -> None:
        """SIGKILL; without an aim, or when the process has gone already, nothing."""
        pid, self._pid = self._pid, None
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills.append(Kill(pid, provider, request, effect, time.monotonic()))
