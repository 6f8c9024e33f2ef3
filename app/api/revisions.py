"""Changes on the condition that nobody else changed the thing in between (RFC 9110, If-Match)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from app.errors import Invalid, Problem

IfMatch = Annotated[str | None, Header(description='The revision you started from, as its ETag: "3"')]


def revision_in(if_match: str | None) -> int | None:
    """The revision an If-Match header names, None without one. Raises Invalid (code `bad_if_match`)."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > 9:
        problem = Problem("bad_if_match", "If-Match does not name a revision.", "If-Match", 'Send the ETag: "3".')
        raise Invalid(problem)
    return int(text)


def etag(revision: int) -> str:
    return f'"{revision}"'
