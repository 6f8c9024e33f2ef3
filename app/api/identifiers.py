"""Numbers and slugs in addresses."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path

from app.errors import Invalid, Problem

LARGEST: Final = 2**63 - 1
"""What a key of the database can be."""

RowId = Annotated[int, Path(ge=1, le=LARGEST)]
UpdateId = Annotated[int, Path(ge=1, le=LARGEST, description="`id` of an update")]


def check_same_slug(sent: str, address: str) -> None:
    """Raise Invalid (code `slug_differs`): a PUT never renames."""
    if sent != address:
        raise Invalid(Problem("slug_differs", "The body names another slug.", "slug", "Send the slug of the address."))
