"""Numbers in addresses."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path

LARGEST: Final = 2**63 - 1
"""What a key of the database can be."""

UpdateId = Annotated[int, Path(ge=1, le=LARGEST, description="`id` of an update")]
