"""The tables of benchmarks/README.md, made from results.json after every part: figures nobody copies by hand."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.parts import PARTS, Part

README: Final = Path(__file__).parent / "README.md"
BEGIN: Final = "<!-- made by make bench: begin -->"
END: Final = "<!-- made by make bench: end -->"
Row = Mapping[str, Any]


def write(document: Mapping[str, Mapping[str, Any]]) -> None:
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    parts = "\n".join(line for name in PARTS if name in document for line in _part(name, document[name]))
    README.write_text(f"{before}{BEGIN}\n\n{parts}\n{END}{after}", encoding="utf-8")


def by_way(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["way"], []).append(row)
    return found


def ratios(part: Part, rows: Sequence[Row]) -> Iterator[tuple[str, float, str, bool]]:
    """(what over what, ratio, its bound, whether it is met), for every goal of which both sides were measured."""
    ways = by_way(rows)
    for goal in part.goals:
        if goal.of not in ways or (goal.to and goal.to not in ways):
            continue
        above = statistics.median(row[goal.figure] for row in ways[goal.of])
        below = statistics.median(row[goal.figure] for row in ways[goal.to]) if goal.to else 1
        ratio = above / below if below else float("inf")
        bound = f"at least {goal.least:g}" if goal.least else f"at most {goal.most:g}"
        of = "" if goal.figure == part.figure else f" ({goal.figure})"
        yield f"{goal.of}{f' / {goal.to}' if goal.to else ''}{of}", ratio, bound, goal.least <= ratio <= goal.most


def cells(part: Part, rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """(way, people, median and spread, per CPU second, peak memory) for each way."""
    for way, same in by_way(rows).items():
        values = [row[part.figure] for row in same]
        cpu = [row[name] for name in ("recipients_a_cpu_second", "a_cpu_second") for row in same if name in row]
        memory = max(row.get("memory_peak_mb", 0) for row in same)
        yield (
            way,
            f"{same[0]['people']:,}",
            f"{statistics.median(values):,.0f} ({min(values):,}..{max(values):,})",
            f"{statistics.median(cpu):,.0f}" if cpu else "",
            f"{memory} MB" if memory else "",
        )


def _more(part: Part, rows: Sequence[Row]) -> Iterator[str]:
    """The medians of a part's other figures, a line a way."""
    for way, same in by_way(rows).items() if part.more else ():
        known = [figure for figure in part.more if figure in same[0]]
        told = (f"{figure} {statistics.median(row[figure] for row in same):,.4g}" for figure in known)
        yield f"- {way}: {', '.join(told)}"


def _part(name: str, measured: Mapping[str, Any]) -> Iterator[str]:
    part, rows = PARTS[name], measured["runs"]
    yield f"### {name}\n"
    yield f"{measured['machine']}, {measured['at']}.\n"
    yield f"| way | {part.people} | {part.title} | per CPU second | peak memory |"
    yield "| --- | --- | --- | --- | --- |"
    for line in cells(part, rows):
        yield f"| {' | '.join(line)} |"
    yield ""
    yield from _more(part, rows)
    for what, ratio, bound, met in ratios(part, rows):
        yield f"- {what}: **{ratio:,.2f}** ({bound}: {'met' if met else 'not met'})"
    yield ""
