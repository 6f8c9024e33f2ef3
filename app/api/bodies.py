"""Request bodies, taken whole before a handler runs: measured, hashed, and on disk when they are large."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from app.errors import Problem, TooLarge

USUAL_CAP: Final = 1 << 20
IMPORT_CAP: Final = 4 << 30
"""A CSV of tens of millions of subscribers still fits; it is kept on disk, never in memory."""
MEMORY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Body:
    file: BinaryIO
    """At its beginning; closed by whoever took it."""
    digest: bytes
    size: int

    def replayed(self, receive: Receive) -> Receive:
        """A `receive` that gives this body once and then what the connection says."""
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            self.file.seek(0)
            return {"type": "http.request", "body": self.file.read(), "more_body": False}

        return replay


async def take(scope: Scope, receive: Receive, cap: int) -> Body | None:
    """The whole body; None when the client went away. Raises TooLarge as soon as more than `cap` bytes are certain."""
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdigit() and int(declared) > cap:
        raise _too_large(cap)
    with ExitStack() as opened:
        file: SpooledTemporaryFile[bytes] = opened.enter_context(SpooledTemporaryFile(max_size=MEMORY))
        digest = hashlib.sha256()
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(chunk)
            if size > cap:
                raise _too_large(cap)
            digest.update(chunk)
            file.write(chunk)
        file.seek(0)
        opened.pop_all()
        return Body(cast("BinaryIO", file), digest.digest(), size)


def _too_large(cap: int) -> TooLarge:
    return TooLarge(
        Problem(
            "body_too_large",
            f"The body is larger than {cap // 1024} KB.",
            "body",
            "Send less at a time; subscribers go through /api/v1/subscribers/import.",
        )
    )
