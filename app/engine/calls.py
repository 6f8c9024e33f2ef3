"""A window with its words, taken by the senders a call at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import NamedTuple

from app.domain.message import Accepted, Batch, Message, People
from app.store.settling import Taken
from app.store.windows import Origin


@dataclass(slots=True)
class Load:
    """Whoever of a window gets the same words; `ids` and `people` are columns of one length."""

    origin: Origin
    message: Message
    drill: bool
    ids: Sequence[int]
    people: People
    begun: int = 0
    """So many of them are in somebody's hands, or done."""
    forms: Sequence[bytes] | None = None
    """What is posted for each of them, where the channel posts; None = not prepared yet, empty = each is sent alone."""
    home: list[tuple[int, int, Sequence[Accepted], int]] = field(default_factory=list)
    """Calls all of which the provider took since they were last collected: start, stop, outcomes, milliseconds."""
    posted: list[tuple[int, str, int]] = field(default_factory=list)
    """The same of those posted, one recipient each: where they stand, the provider's id, milliseconds."""

    def next(self, size: int) -> Unit:
        """The next call's worth, at most `size` recipients."""
        start = self.begun
        self.begun = stop = min(start + size, len(self.ids))
        return Unit(self, start, stop)

    def collect(self) -> Taken:
        """What the provider took since the last time, all calls at once: one by one costs three times as much."""
        taken = Taken(self.origin)
        if self.posted:
            places, taken.provider_ids, taken.at_ms = map(list, zip(*self.posted, strict=True))
            taken.ids = list(map(self.ids.__getitem__, places))
            self.posted.clear()
        if self.home:
            starts, stops, outcomes, at_ms = zip(*self.home, strict=True)
            taken.ids += chain.from_iterable(map(self.ids.__getitem__, map(slice, starts, stops)))
            taken.provider_ids += [outcome.provider_id for outcome in chain.from_iterable(outcomes)]
            taken.at_ms += chain.from_iterable(map(repeat, at_ms, map(len, outcomes)))
            self.home.clear()
        return taken

    def rest(self) -> Unit:
        """Those for whom no call has begun; they are not handed out again."""
        return self.next(len(self.ids))


class Unit(NamedTuple):
    """One call: a part of a load."""

    load: Load
    start: int
    stop: int

    @property
    def batch(self) -> Batch:
        load, start, stop = self
        return Batch(load.message, load.people.part(start, stop))

    @property
    def ids(self) -> Sequence[int]:
        return self.load.ids[self.start : self.stop]

    def halves(self) -> tuple[Unit, Unit]:
        middle = (self.start + self.stop) // 2
        return Unit(self.load, self.start, middle), Unit(self.load, middle, self.stop)
