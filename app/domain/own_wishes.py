"""What the personal link of an address shows and changes, also where several people share it.

One address gets one message, for whoever of its people hears it. So the page shows what reaches the address, and what
is chosen there holds for all of them: nobody who holds the telephone can say which of them a text is for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain.consent import How, Said, Standing, Wishes
from app.domain.message import Medium
from app.domain.topics import EVERYTHING


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants by one medium; not `on` = nothing."""

    on: bool
    topics: tuple[str, ...] = ()
    """Sorted; empty = everything."""


def chosen(wishes: Wishes, medium: Medium) -> Choice:
    """One person's."""
    of_medium = {topic: granted for (by, topic), granted in wishes.choices.items() if by is medium}
    whole = of_medium.get(EVERYTHING, wishes.standing is Standing.CUSTOMER)
    topics = tuple(sorted(topic for topic, granted in of_medium.items() if topic != EVERYTHING and granted))
    return Choice(on=True) if whole else Choice(bool(topics), topics)


def together(choices: Sequence[Choice]) -> Choice:
    """What reaches an address of these people: what any of them hears."""
    hearing = [one for one in choices if one.on]
    if any(not one.topics for one in hearing):
        return Choice(on=True)
    return Choice(bool(hearing), tuple(sorted({topic for one in hearing for topic in one.topics})))


def statements(medium: Medium, choice: Choice, known: Collection[str], text_version: str) -> list[Said]:
    """What they say by choosing so in a form; topics that are no longer there are left out."""
    topics = [topic for topic in choice.topics if topic in known]
    everything = Said(medium, EVERYTHING, choice.on and not topics, How.FORM, text_version)
    return [everything, *(Said(medium, topic, True, How.FORM, text_version) for topic in topics if choice.on)]


def languages_together(readers: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The languages that all of them read, as the first person has them, else the first person's."""
    first = readers[0]
    shared = tuple(one for one in first if all(one in theirs for theirs in readers))
    return shared or tuple(first)


def area_together(areas: Sequence[str]) -> str:
    """That of all of them; "" when they live in different ones."""
    return areas[0] if len(set(areas)) == 1 else ""
