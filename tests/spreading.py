"""In which order tests run on several workers: each begins with its share of the long ones and ends with short ones.

xdist deals the tests out in equal numbers, one stretch of the list to each worker; who is done takes over the end of
another's. So nobody waits at the end for somebody who has just begun a long one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

LONG: Final = (
    "tests/browser/",
    "tests/promises/",
    "tests/contract/test_every_screen_has_a_cell.py",
    "tests/unit/api/test_odd_input.py",
    "tests/unit/console/test_refusals.py",
    "tests/unit/store/test_counters.py",
)
"""Files and folders with tests of many seconds."""


def spread(files: Sequence[str], workers: int) -> list[int]:
    """The places of the tests in a better order, given the file of each; a long file's tests stay together."""
    long = [file for file in dict.fromkeys(files) if file.startswith(LONG)]
    hands = {file: number % workers for number, file in enumerate(long)}
    short = iter([place for place, file in enumerate(files) if file not in hands])
    order: list[int] = []
    for worker in range(workers):
        own = [place for place, file in enumerate(files) if hands.get(file) == worker]
        # Every other worker begins with promises, which wait, while the others' browsers work. One browser each.
        own.sort(key=lambda place: files[place].startswith("tests/browser/"), reverse=worker % 2 == 0)
        share = (len(files) - len(order)) // (workers - worker)
        order += [*own, *islice(short, max(0, share - len(own)))]
    return [*order, *short]
