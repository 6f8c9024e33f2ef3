"""An update going out, live."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from rich.table import Table

from app.api.answers import EndpointProgress, Sleepers, UpdateView
from app.api.progress import settled
from app.domain.delivery import State
from app.terminal import Bar, Bars, figures, table

EVERY_SECONDS: Final = 0.25
WAITING: Final = (State.QUEUED.value, State.SENDING.value, State.RETRY_WAIT.value, State.UNKNOWN.value)


def follow(look: Callable[[], UpdateView], bars: Bars, *, seconds: float, stalled: float = float("inf")) -> UpdateView:
    """Draw until nothing changes by itself any more, the time is over or nothing moved; the last picture."""
    began = moved = time.monotonic()
    shown = look()
    while True:
        bars.show([bar_of(line) for line in shown.per_endpoint])
        now = time.monotonic()
        if settled(shown) or now - began > seconds or now - moved > stalled:
            return shown
        time.sleep(EVERY_SECONDS)
        before, shown = shown, look()
        if (shown.state, shown.counts) != (before.state, before.counts):
            moved = time.monotonic()


def bar_of(line: EndpointProgress) -> Bar:
    done = line.size - sum(line.counts.get(state, 0) for state in WAITING)
    notes = {
        name: count for name, count in line.counts.items() if name not in ("queued", "accepted", "sending") and count
    }
    return Bar(line.endpoint, done, line.size, figures(notes, ("delivered", "undelivered", "failed")))


def asleep_line(asleep: Sleepers) -> str:
    """Whom quiet hours let sleep, and until when."""
    zones = f" in {asleep.zones} zone{'s' if asleep.zones > 1 else ''}" if asleep.zones else ""
    until = f" until {asleep.ends} by their own clocks" if asleep.ends else " for their morning"
    lost = f"; for {asleep.lost:,} of them it expires before" if asleep.lost else ""
    first, last = f"{asleep.first:%Y-%m-%d %H:%M}", f"{asleep.last:%Y-%m-%d %H:%M}"
    return f"{asleep.people:,}{zones} wait{until}: the first {first} UTC, the last {last} UTC{lost}."


def spared_line(spared: Mapping[str, int]) -> str:
    """Why nothing was sent to the suppressed ones."""
    return f"suppressed: {', '.join(f'{number:,} {reason}' for reason, number in spared.items())}"


def progress_table(shown: UpdateView) -> Table:
    """Endpoint by endpoint; the columns of states that occur."""
    states = [state.value for state in State if shown.counts.get(state.value)]
    drawn = table("way out", "medium", "audience", *states, right=("audience", *states))
    for line in shown.per_endpoint:
        counts = [f"{line.counts[state]:,}" if line.counts.get(state) else "" for state in states]
        drawn.add_row(line.endpoint, line.medium, f"{line.size:,}", *counts)
    if len(shown.per_endpoint) > 1:
        drawn.add_section()
        drawn.add_row("", "", f"{shown.recipients or 0:,}", *(f"{shown.counts[state]:,}" for state in states))
    return drawn
