"""A preflight as the API shows it."""

from __future__ import annotations

from app.api.answers import DiversionOffer, ExpectedContacts, Finding, HelpOffer, PaceOffer, Preview, Rendering
from app.domain.contact_load import Load, NoPace, Slower
from app.usecases.measure_reach import Reach
from app.usecases.preview_update import Preflight


def preview_of(checked: Preflight, reach: Reach | None, load: Load | None) -> Preview:
    """`checked` with the warnings of `load` already among its own."""
    return Preview(
        recipients=None if reach is None else {medium.value: number for medium, number in reach.recipients.items()},
        eta_seconds=None if reach is None else reach.seconds,
        expected_contacts=None if load is None else expected(load),
        renderings=[Rendering.model_validate(each) for each in checked.renderings],
        problems=[Finding.model_validate(each) for each in checked.problems],
        warnings=[Finding.model_validate(each) for each in checked.warnings],
        help=[HelpOffer.model_validate(each) for each in checked.help],
    )


def expected(load: Load) -> ExpectedContacts:
    return ExpectedContacts(
        finding=load.finding.value,
        contacts=load.contacts,
        per_hour=load.per_hour,
        contact_channel=load.contact_channel,
        takes_per_hour=load.takes_per_hour,
        wait_minutes=load.wait_minutes,
        pace=PaceOffer.model_validate(load.slower) if isinstance(load.slower, Slower) else None,
        no_pace=load.slower.value if isinstance(load.slower, NoPace) else None,
        diversion=None if load.elsewhere is None else DiversionOffer.model_validate(load.elsewhere),
    )
