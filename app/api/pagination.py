"""The two query parameters of every list."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from app.store.paging import MAX_LIMIT

Cursor = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items on the page")]
