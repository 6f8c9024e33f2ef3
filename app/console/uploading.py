"""A form with a file: streamed to disk, of one size at most, and only for whoever may hand one in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.console.entered import MOST_FIELDS, Entered
from app.errors import Invalid, Problem, TooLarge

LARGEST_FILE: Final = 1 << 30
"""A list of some ten million people. Larger ones go by the command line, which reads them where they are."""


async def read_upload(request: Request, largest: int = LARGEST_FILE) -> Entered:
    """Its fields and its file, which whoever called closes. Raise TooLarge, or Invalid for anything that is no form."""
    parser = MultiPartParser(request.headers, _bounded(request, largest), max_files=1, max_fields=MOST_FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError):
        raise _no_form() from None
    fields: dict[str, list[str]] = {}
    file: UploadFile | None = None
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            file = value
        else:
            fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    if file is None:
        return Entered(fields)
    return Entered(fields, file.file, (file.filename or "").replace("\\", "/").rpartition("/")[2])


async def _bounded(request: Request, largest: int) -> AsyncGenerator[bytes, None]:
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        if taken > largest:
            remedy = "Use the command line: clarion import subscribers."
            raise TooLarge(Problem("file_too_large", "This file is too large for a browser.", "file", remedy))
        yield piece


def _no_form() -> Invalid:
    return Invalid(Problem("bad_form", "What your browser sent cannot be read.", "", "Open the page again."))
