"""`make bench`: how fast broadcasts leave, beside the usual ways in the same run, on the same cores, turn by turn.

`make bench PART="sms smtp" QUICK=1` measures some parts with a tenth of the people. Every figure is a process of its
own; results go to benchmarks/results.json, part by part, so that parts can be measured at different times.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import page
from benchmarks.others import measured, measured_celery, provider
from benchmarks.parts import PARTS, Part, Way

RESULTS: Final = Path(__file__).parent / "results.json"
QUICK: Final = 10
Row = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--parts", nargs="*", choices=[*PARTS, ""], default=[], help="all of them when none is named")
    parser.add_argument("--quick", action="store_true", help="a tenth of the people, one round, and nothing is kept")
    given = parser.parse_args()
    fine = True
    for name in [one for one in given.parts if one] or PARTS:
        part = PARTS[name]
        rows = _measure(name, part, rounds=1 if given.quick else part.rounds, share=QUICK if given.quick else 1)
        if not given.quick:
            _keep(name, rows)
        fine &= _show(name, part, rows)
    return 0 if fine else 1


def _measure(name: str, part: Part, *, rounds: int, share: int) -> list[Row]:
    rows: list[Row] = []
    with Progress(transient=True) as progress, provider(part.latency) as ports:
        task = progress.add_task(name, total=rounds * len(part.ways))
        for number in range(rounds):
            for way, run in _runs(part, ports, share):
                if number < way.rounds:
                    rows.append({"way": way.name, **run()})
                progress.advance(task)
    return rows


def _runs(part: Part, ports: Path, share: int) -> Iterator[tuple[Way, Callable[[], Row]]]:
    for way in part.ways:
        people = max(way.least, way.people // share)
        if way.module == "celery":
            yield way, partial(measured_celery, ports, way.arguments[-1], people)
        else:
            yield way, partial(measured, way.module, ports, *way.arguments, "--people", str(people))


def _keep(name: str, rows: list[Row]) -> None:
    """Replace this part's runs and leave the others."""
    try:
        document = json.loads(RESULTS.read_text(encoding="utf-8"))["parts"]
    except (FileNotFoundError, KeyError):
        document = {}
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    document[name] = {"at": datetime.now(UTC).isoformat(timespec="minutes"), "machine": machine, "runs": rows}
    RESULTS.write_text(json.dumps({"parts": document}, indent=1) + "\n", encoding="utf-8")
    page.write(document)


def _show(name: str, part: Part, rows: list[Row]) -> bool:
    """Print the table and the goals; whether all were met."""
    table = Table("way", part.people, part.title, "per CPU second", "peak memory", title=name)
    for line in page.cells(part, rows):
        table.add_row(*line)
    console = Console(width=110)
    console.print(table)
    fine = True
    for what, ratio, bound, met in page.ratios(part, rows):
        fine &= met
        console.print(f"  {what}: {ratio:.2f}, {bound}: {'met' if met else 'NOT met'}")
    for row in rows:
        for word in row.get("not_met", ()):
            fine = False
            console.print(f"  {row['way']}: {word}")
    return fine


if __name__ == "__main__":
    sys.exit(main())
