"""`make bench`: recipients a second and peak memory at three sizes, beside the usual way in the same run.

Every figure is a process of its own against the loopback providers; results go to benchmarks/results.json.
Sizes and repeats can be given: `python -m benchmarks --sizes 10000 100000 --repeats 3`.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.rig.ledger import Keep
from tests.rig.process import RigProcess

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results.json"
LONGEST = 1_800
PEER_PEOPLE = 400
MEMORY_RATIO, MEMORY_EXTRA_MB = 1.3, 100


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3, help="of the sizes below a million; a million runs once")
    given = parser.parse_args()
    runs = [(medium, size) for medium in ("sms", "email") for size in given.sizes]
    plan = [(medium, size) for medium, size in runs for _ in range(given.repeats if size < 1_000_000 else 1)]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="clarion-bench-rig-") as directory, Progress() as progress:
        task = progress.add_task("broadcasts", total=len(plan) + 2 * given.repeats)
        with RigProcess(keep=Keep.COUNTS, directory=Path(directory)):
            ports = Path(directory) / "ports.json"
            for medium, size in plan:
                rows.append({"way": "clarion", **_run("benchmarks.one", medium, size, ports)})
                progress.advance(task)
            for medium in ("sms", "email"):
                for _ in range(given.repeats):
                    rows.append({"way": "sdk loop", **_run("benchmarks.peers", medium, PEER_PEOPLE, ports)})
                    progress.advance(task)
    _keep(rows)
    return _show(rows)


def _run(module: str, medium: str, people: int, ports: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", module, "--people", str(people), "--medium", medium, "--ports", str(ports)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=False)
    if done.returncode:
        raise SystemExit(f"{module} failed for {people} by {medium}:\n{done.stderr[-2_000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _keep(rows: list[dict[str, Any]]) -> None:
    machine = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
    document = {"at": datetime.now(UTC).isoformat(timespec="minutes"), **machine, "runs": rows}
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _show(rows: list[dict[str, Any]]) -> int:
    """Print the table; 1 when memory is not flat."""
    table = Table("way", "medium", "people", "recipients/s (spread)", "per CPU second", "peak MB", "staging s")
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["way"], row["medium"], row["people"]), []).append(row)
    for (way, medium, people), same in groups.items():
        rates = [row["recipients_a_second"] for row in same]
        cpu = statistics.median(row["recipients_a_cpu_second"] for row in same)
        memory, staging = max(row.get("memory_peak_mb", 0) for row in same), same[-1].get("staging_seconds", "")
        spread = f"{statistics.median(rates):,.0f} ({min(rates):,}..{max(rates):,})"
        table.add_row(way, medium, f"{people:,}", spread, f"{cpu:,.0f}", str(memory or ""), str(staging))
    Console().print(table)
    return 0 if all(_memory_is_flat(groups, medium) for medium in ("sms", "email")) else 1


def _memory_is_flat(groups: dict[tuple[str, str, int], list[dict[str, Any]]], medium: str) -> bool:
    peaks = {
        people: max(row["memory_peak_mb"] for row in same)
        for (way, of, people), same in groups.items()
        if way == "clarion" and of == medium
    }
    small, large = peaks[min(peaks)], peaks[max(peaks)]
    flat = bool(large <= small * MEMORY_RATIO and large - small <= MEMORY_EXTRA_MB)
    Console().print(
        f"{medium}: {small} MB for {min(peaks):,}, {large} MB for {max(peaks):,}: {'flat' if flat else 'NOT flat'}"
    )
    return flat


if __name__ == "__main__":
    sys.exit(main())
