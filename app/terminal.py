"""Tables, bars and lines: live and coloured on a terminal, plain and in steps anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TextIO

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

PLAIN_WIDTH: Final = 96
"""Where there is no terminal to ask."""
STEPS: Final = 4
"""A bar that nobody watches live says so often that it moved."""
_THEME: Final = Theme(
    {"good": "green", "bad": "bold red", "warn": "yellow", "quiet": "dim", "name": "cyan", "head": "bold"}
)


def console(file: TextIO | None = None, *, error: bool = False) -> Console:
    """Standard output, standard error with `error`, or the file. No control characters unless it is a terminal."""
    made = Console(file=file, stderr=error, theme=_THEME, highlight=False, emoji=False, soft_wrap=False)
    if not made.is_terminal:
        made = Console(
            file=file, stderr=error, theme=_THEME, highlight=False, emoji=False, width=PLAIN_WIDTH, color_system=None
        )
    return made


def is_live(screen: Console) -> bool:
    """Whether something may be drawn again in its place."""
    return screen.is_terminal and not screen.is_dumb_terminal


def table(*columns: str, right: Sequence[str] = (), title: str = "") -> Table:
    """`right` names the columns whose figures stand under each other."""
    made = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", header_style="head", pad_edge=False)
    for column in columns:
        number = column in right
        made.add_column(column, justify="right" if number else "left", no_wrap=number)
    return made


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    done: int
    total: int
    note: str = ""


class Bars:
    """`with Bars(screen) as bars: bars.show([...])`, as often as something moved."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, int] = {}

    def __enter__(self) -> Self:
        if is_live(self._screen):
            self._progress = Progress(
                TextColumn("  {task.description}", style="name"),
                BarColumn(bar_width=26),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}", style="quiet"),
                console=self._screen,
            )
            self._progress.start()
        return self

    def show(self, bars: Sequence[Bar]) -> None:
        for bar in bars:
            if self._progress is None:
                self._say(bar)
                continue
            if bar.name not in self._tasks:
                self._tasks[bar.name] = self._progress.add_task(bar.name, total=bar.total, note="")
            self._progress.update(self._tasks[bar.name], completed=bar.done, total=bar.total, note=bar.note)

    def _say(self, bar: Bar) -> None:
        step = STEPS if bar.total <= bar.done else bar.done * STEPS // bar.total
        if step > self._said.get(bar.name, 0):
            self._said[bar.name] = step
            figures = f"{bar.done:>7,} of {bar.total:<7,}"
            line = f"  {bar.name:<12} {figures} {bar.note}".rstrip()
            self._screen.print(line, markup=False, no_wrap=True, overflow="ellipsis")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()


def quote(screen: Console, title: str, words: Text) -> None:
    """Somebody's words with a line on their left; none on the right, because terminals disagree about widths."""
    screen.print(Text.assemble(("┌ ", "quiet"), (title, "name")))
    for line in words.wrap(screen, min(screen.width, PLAIN_WIDTH) - 2):
        screen.print(Text.assemble(("│ ", "quiet"), line), soft_wrap=True)
    screen.print()


@contextmanager
def counting(screen: Console, label: str) -> Iterator[Callable[[int, int], None]]:
    """One bar for one long piece of work; call what it yields with (done, of how many)."""
    with Bars(screen) as bars:
        yield lambda done, total: bars.show([Bar(label, done, total)])


@contextmanager
def waiting(screen: Console, label: str) -> Iterator[None]:
    """For work whose end nobody can tell: the label, and on a terminal the seconds."""
    if not is_live(screen):
        screen.print(f"  {label}", markup=False)
        yield
        return
    columns = (TextColumn(" "), SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        progress.add_task(label, total=None)
        yield


def figures(counts: Mapping[str, int], order: Sequence[str] = ()) -> str:
    """`accepted 5,012 · failed 3`; zeroes are left out."""
    names = [name for name in (*order, *(name for name in counts if name not in order)) if counts.get(name)]
    return " · ".join(f"{name} {counts[name]:,}" for name in names)
