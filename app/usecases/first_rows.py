"""Of every person of a file the first good row counts, however long the file is."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.seen import Seen
from app.domain.subscribers import duplicate
from app.usecases.parse_rows import Chunk


class FirstRows:
    """Keeps the external_ids that came, a chunk after the other, in a file without a name."""

    def __init__(self, kept: int) -> None:
        """`kept`: the file's descriptor."""
        self._kept = kept
        self._ends = array("Q", [0])
        self._seen = Seen(self._recall)

    def of(self, chunk: Chunk) -> list[int]:
        """Which of its good rows are the first of their person; the others become faults of the chunk."""
        body = "\n".join(chunk.external_ids).encode("utf-8", "surrogatepass")
        start = self._ends[-1]
        self._ends.append(start + os.pwrite(self._kept, body, start))
        first = self._seen.first_of(chunk.external_ids)
        if len(first) < len(chunk.external_ids):
            again = sorted(set(range(len(chunk.external_ids))).difference(first))
            faults = [*chunk.errors, *(duplicate(chunk.lines[at]) for at in again)]
            chunk.errors = sorted(faults, key=lambda fault: fault.line)
        return first

    def _recall(self, number: int) -> list[str]:
        start, end = self._ends[number : number + 2]
        return os.pread(self._kept, end - start, start).decode("utf-8", "surrogatepass").split("\n")


@contextmanager
def first_rows() -> Iterator[FirstRows]:
    """Its file goes with it."""
    with tempfile.TemporaryFile() as file:
        yield FirstRows(file.fileno())
