"""A window with its words, taken by the senders a call at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.message import Accepted, Batch, Message, Recipient
from app.store.settling import Taken
from app.store.windows import Origin


@dataclass(slots=True)
class Load:
    """Whoever of a window gets the same words; `ids` and `people` are columns of one length."""

    origin: Origin
    message: Message
    drill: bool
    ids: Sequence[int]
    people: Sequence[Recipient]
    begun: int = 0
    """So many of them are in somebody's hands, or done."""
    taken: Taken | None = None
    """What the provider took since it was last collected."""

    def next(self, size: int) -> Unit:
        """The next call's worth, at most `size` recipients."""
        start = self.begun
        self.begun = stop = min(start + size, len(self.ids))
        return Unit(self, start, stop)

    @property
    def exhausted(self) -> bool:
        return self.begun == len(self.ids)

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
        return Batch(load.message, load.people[start:stop])

    @property
    def ids(self) -> Sequence[int]:
        return self.load.ids[self.start : self.stop]

    def halves(self) -> tuple[Unit, Unit]:
        middle = (self.start + self.stop) // 2
        return Unit(self.load, self.start, middle), Unit(self.load, middle, self.stop)

    def note_taken(self, outcomes: Sequence[Accepted], now_ms: int) -> bool:
        """The provider took them all; whether these are the load's first since it was last collected."""
        load, start, stop = self
        first = load.taken is None
        taken = load.taken = load.taken or Taken(load.origin)
        taken.ids += load.ids[start:stop]
        taken.provider_ids += [outcome.provider_id for outcome in outcomes]
        taken.at_ms += [now_ms] * (stop - start)
        return first
