"""What a notice to staff says, from templates/staff/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.staff_notices import Notice
from app.templating.words import FALLBACK, Words


@dataclass(frozen=True, slots=True)
class Said:
    subject: str
    """One line."""
    text: str
    acknowledge: str
    """How to say that somebody takes care."""


def say_notice(
    words: Mapping[str, Words],
    notice: Notice,
    notice_id: int,
    language: str = FALLBACK,
    console: str = "",
    tap: str = "",
) -> Said:
    """In the language, or in English. A gap without a detail keeps its name in braces: better odd than silent.

    `console`: where the staff console is reached, for notices that lead somewhere. `tap`: where this one is answered
    with one tap.
    """
    spoken = words.get(language) or words.get(language.split("-", maxsplit=1)[0]) or words[FALLBACK]
    values = {**notice.details, "subject": notice.subject, "link": console + notice.details.get("path", "")}
    key = notice.kind.value
    return Said(
        f"{spoken.say('mark')} {spoken.say(f'{key}.subject', **values)}",
        spoken.say(f"{key}.text", **values) + (f" {spoken.say(f'{key}.tap', tap=tap)}" if tap else ""),
        spoken.say("acknowledge", id=str(notice_id)),
    )
