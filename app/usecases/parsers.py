"""Parser processes: each reads the whole file and parses its share of the chunks, which come back in the file's order.

They are fed nothing and write to nobody but a pipe, so what waits is bounded by the pipe. Whoever reads it is gone:
the next write fails and the parser ends.
"""

from __future__ import annotations

import fcntl
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, islice
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from app.errors import Problem, Unavailable
from app.usecases.parse_rows import Chunk, Reading

PATIENCE: Final = 120.0
"""Seconds until a chunk has to come; 250 rows take a hundredth of one."""
GOODBYE: Final = 5.0
AHEAD: Final = 1 << 20
"""Bytes a parser may be ahead, where the system lets us say so: some twenty chunks, which is one write transaction."""
FIRST: Final = 10
"""Chunks for each parser that are read here while they start."""
YIELDS: Final = 5
"""The one who writes goes first, from the beginning: everybody waits for them, and parsers are ahead."""
_PROGRAM: Final = (
    "import os, sys; os.nice({yields}); sys.path[:] = {path!r}; from app.usecases.parsers import parse; parse({pipe})"
)
"""A program of its own: multiprocessing would begin by importing all of ours."""


@contextmanager
def parsers(reading: Reading, path: Path, count: int) -> Iterator[Iterator[Chunk]]:
    """All chunks of the file, in order. Raise Unavailable when a parser is gone or stands still; all end with this."""
    with ExitStack() as opened:
        pipes: list[Connection] = []
        for number in range(count):
            ours, theirs = Pipe(duplex=False)
            pipes.append(opened.enter_context(ours))
            with theirs:
                _widen(theirs)
                program = _PROGRAM.format(yields=YIELDS, path=sys.path, pipe=theirs.fileno())
                process = subprocess.Popen(  # noqa: S603 - ourselves
                    [sys.executable, "-c", program],
                    stdin=subprocess.PIPE,
                    pass_fds=[theirs.fileno()],
                    process_group=0,  # an interrupt is ours: whoever started them ends them
                )
            opened.callback(_end, process)
            if process.stdin is not None:
                with suppress(BrokenPipeError), process.stdin as to:  # the key is among it, hence not as an argument
                    pickle.dump((reading, path, number, count), to)
        file = opened.enter_context(path.open("rb"))
        yield chain(islice(reading.chunks(file), FIRST * count), _in_turn(pipes))


def _widen(pipe: Connection) -> None:
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # more than a user may have: then it stays as it is
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, AHEAD)


def _in_turn(pipes: Sequence[Connection]) -> Iterator[Chunk]:
    while True:
        for pipe in pipes:
            try:
                chunk = pipe.recv() if pipe.poll(PATIENCE) else _gone("stands still")
            except EOFError:
                chunk = _gone("is gone")
            if chunk is None:
                return
            yield chunk


def _gone(what: str) -> Chunk | None:
    sentence = f"A process that reads the file {what}."
    raise Unavailable(Problem("parser_gone", sentence, "", "Import the same file again: it goes on where it stood."))


def parse(number_of_pipe: int) -> None:
    """What a parser does: its share of a file, told on its standard input, into a pipe that it was given."""
    reading, path, number, count = pickle.load(sys.stdin.buffer)  # noqa: S301 - of the process that began this one
    with (
        Connection(number_of_pipe, readable=False) as pipe,
        path.open("rb") as file,
        suppress(BrokenPipeError, ConnectionResetError),
    ):
        for chunk in reading.chunks(file, lambda at: at >= FIRST * count and at % count == number):
            pipe.send(chunk)
        pipe.send(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GOODBYE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(GOODBYE)
