"""A preflight as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping

from app.api.answers import (
    DiversionOffer,
    ExpectedContacts,
    Finding,
    HelpOffer,
    LeftOut,
    PaceOffer,
    Preview,
    Rendering,
    Sleepers,
)
from app.domain.consent import Hearing
from app.domain.contact_load import Load, NoPace, Slower
from app.domain.message import Medium
from app.usecases.measure_reach import Reach
from app.usecases.preview_update import Preflight


def preview_of(checked: Preflight, reach: Reach | None, load: Load | None) -> Preview:
    """`checked` with the warnings of `reach` and `load` already among its own."""
    return Preview(
        recipients=None if reach is None else {medium.value: number for medium, number in reach.recipients.items()},
        eta_seconds=None if reach is None else reach.seconds,
        asleep=None if reach is None or reach.asleep is None else Sleepers.model_validate(reach.asleep),
        one_medium=reach is not None and reach.one_medium,
        expected_contacts=None if load is None else expected(load),
        renderings=[Rendering.model_validate(each) for each in checked.renderings],
        problems=[Finding.model_validate(each) for each in checked.problems],
        warnings=[Finding.model_validate(each) for each in checked.warnings],
        help=[HelpOffer.model_validate(each) for each in checked.help],
        left_out=[] if reach is None else [*left_out(reach.left_out), *_unread(reach.unread)],
        topic=None if reach is None else reach.asked.topic or None,
        message_class=None if reach is None else reach.asked.message_class.value,
    )


def _unread(found: Mapping[Medium, int]) -> list[LeftOut]:
    return [
        LeftOut(medium=medium.value, reason="reads_none", people=people) for medium, people in sorted(found.items())
    ]


def left_out(found: Mapping[tuple[Medium, Hearing], int]) -> list[LeftOut]:
    return [
        LeftOut(medium=medium.value, reason=why.value, people=people) for (medium, why), people in sorted(found.items())
    ]


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
