"""Long tests come first on every worker, and none is lost or run twice."""

from __future__ import annotations

from itertools import groupby

import pytest

from tests.spreading import LONG, spread

FILES = [
    *(f"tests/browser/test_{n}.py" for n in range(4) for _ in range(3)),
    *(f"tests/promises/test_{n}.py" for n in range(9) for _ in range(5)),
    *(f"tests/unit/test_{n}.py" for n in range(100) for _ in range(7)),
]


@pytest.mark.parametrize("files", [FILES, FILES[:57], FILES[57:], FILES[:1], []])
@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_every_test_runs_once(files: list[str], workers: int) -> None:
    assert sorted(spread(files, workers)) == list(range(len(files)))


@pytest.mark.parametrize("workers", [2, 3, 4])
def test_each_worker_begins_with_its_share_of_the_long_files_and_ends_with_short_ones(workers: int) -> None:
    order, shares, start = spread(FILES, workers), [], 0
    for worker in range(workers):  # as xdist deals them out
        number = (len(FILES) - start) // (workers - worker)
        shares.append([FILES[place] for place in order[start : start + number]])
        start += number
    for share in shares:
        long = [file.startswith(LONG) for file in share]
        assert long == sorted(long, reverse=True)
        assert 10 < sum(long) < len(long) // 2
        folders = [folder for folder, _ in groupby(file.split("/")[1] for file in share)]
        assert folders.count("browser") == 1, "a browser is started once"
