"""Parser processes: each reads the whole file and parses its share of the chunks, which come back in the file's order.

They are fed nothing and write to nobody but a pipe, so what waits is bounded by the pipe. Whoever reads it is gone:
the next write fails and the parser ends.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from app.errors import Problem, Unavailable
from app.usecases.parse_rows import Chunk, Reading

PATIENCE: Final = 120.0
"""Seconds until a chunk has to come; 250 rows take a hundredth of one."""
GOODBYE: Final = 5.0


@contextmanager
def parsers(reading: Reading, path: Path, count: int) -> Iterator[Iterator[Chunk]]:
    """All chunks of the file, in order. Raise Unavailable when a parser is gone or stands still; all end with this."""
    context = get_context("spawn")  # forked, a thread that held a lock would hold it for ever
    with ExitStack() as opened:
        pipes: list[Connection] = []
        for number in range(count):
            ours, theirs = context.Pipe(duplex=False)
            opened.enter_context(ours)
            process = context.Process(target=_parse, args=(theirs, reading, path, number, count), daemon=True)
            process.start()
            opened.callback(_end, process)
            theirs.close()
            pipes.append(ours)
        yield _in_turn(pipes)


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


def _parse(pipe: Connection, reading: Reading, path: Path, number: int, count: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    with path.open("rb") as file, suppress(BrokenPipeError, ConnectionResetError):
        for chunk in reading.chunks(file, lambda at: at % count == number):
            pipe.send(chunk)
        pipe.send(None)


def _end(process: BaseProcess) -> None:
    process.terminate()
    process.join(GOODBYE)
    if process.is_alive():
        process.kill()
        process.join(GOODBYE)
