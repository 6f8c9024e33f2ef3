"""Everything that can be refused, in domain words; the faces translate (api/problems.py, cli.py).

ClarionError
├── Invalid          the request itself is wrong; one Problem for each thing to mend
├── Unauthenticated  we do not know who asks
├── Forbidden        we know, and they may not
├── NotFound
├── Conflict         right in form, wrong at this moment (state, revision, duplicate)
├── TooLarge
├── TooSlow          the body did not arrive in time
└── Unavailable      try again later; `retry_after` seconds
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable code, where, one sentence, and what to do about it."""

    code: str
    sentence: str
    field: str = ""
    remedy: str = ""


class ClarionError(Exception):
    """Base of all refusals. `problems` is never empty; the first one is the headline."""

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("; ".join(problem.sentence for problem in self.problems))


class Invalid(ClarionError):
    pass


class Unauthenticated(ClarionError):
    pass


class Forbidden(ClarionError):
    pass


class NotFound(ClarionError):
    pass


class Conflict(ClarionError):
    pass


class TooLarge(ClarionError):
    pass


class TooSlow(ClarionError):
    pass


class Unavailable(ClarionError):
    def __init__(self, problems: Sequence[Problem] | Problem, retry_after: float = 1.0) -> None:
        super().__init__(problems)
        self.retry_after = retry_after


def not_found(what: str, name: object) -> NotFound:
    """The usual refusal for a slug or id that does not exist."""
    return NotFound(
        Problem(
            f"{what.replace(' ', '_')}_not_found",
            f"There is no {what} “{name}”.",
            what,
            f"List the {what}s to see which exist.",
        )
    )
