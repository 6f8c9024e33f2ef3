"""A preflight as the API shows it."""

from __future__ import annotations

from app.api.answers import Finding, Preview, Rendering
from app.usecases.preview_update import Preflight


def preview_of(checked: Preflight) -> Preview:
    return Preview(
        renderings=[Rendering.model_validate(each) for each in checked.renderings],
        problems=[Finding.model_validate(each) for each in checked.problems],
        warnings=[Finding.model_validate(each) for each in checked.warnings],
    )
