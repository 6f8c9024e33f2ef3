"""A preflight as the API shows it."""

from __future__ import annotations

from app.api.answers import Finding, HelpOffer, Preview, Rendering
from app.usecases.measure_reach import Reach
from app.usecases.preview_update import Preflight


def preview_of(checked: Preflight, reach: Reach | None) -> Preview:
    return Preview(
        recipients=None if reach is None else {medium.value: number for medium, number in reach.recipients.items()},
        eta_seconds=None if reach is None else reach.seconds,
        renderings=[Rendering.model_validate(each) for each in checked.renderings],
        problems=[Finding.model_validate(each) for each in checked.problems],
        warnings=[Finding.model_validate(each) for each in checked.warnings],
        help=[HelpOffer.model_validate(each) for each in checked.help],
    )
