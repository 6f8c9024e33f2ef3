"""What a channel may offer that calls once for each recipient, so that no task has to wake for every answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from app.domain.message import Message, Outcome, People


@runtime_checkable
class Posts(Protocol):
    """A channel that can call without anybody who waits. Its `send` does the same, one by one."""

    def prepare(self, message: Message, people: People) -> Sequence[bytes]:
        """What is posted for each of them, however many they are, worked out for all in a few passes.

        Raise ValueError where it cannot be, for somebody or for all.
        """
        ...

    def poster(self) -> Callable[[bytes, Callable[[Any], object]], Callable[[], None]]:
        """post(prepared, heard), for the event loop that runs here: begins a call.

        `heard` is called once, later, with something for `read`. What is returned gives the call up.
        """
        ...

    def read(self, answer: Any) -> Outcome:  # noqa: ANN401 - the channel's own
        """What became of a call."""
        ...
