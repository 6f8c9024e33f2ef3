"""Who of an audience is not written to, and why: counted, and person by person."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, func, select

from app.domain.message import CODE_MEDIA, Medium
from app.store.ledger_tables import suppression
from app.store.tables import subscriber, subscriber_address


def count_stopped(connection: Connection, members: ColumnElement[bool]) -> dict[Medium, int]:
    """Persons among these whose address of a medium is on the suppression list. Costs what the list is long."""
    query = (
        select(subscriber_address.c.medium, func.count(subscriber.c.id.distinct()))
        .select_from(suppression)
        .join(subscriber_address, subscriber_address.c.address_id == suppression.c.address_id)
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .where(members, subscriber_address.c.preferred.is_(True))
        .group_by(subscriber_address.c.medium)
    )
    return {CODE_MEDIA[medium]: number for medium, number in connection.execute(query)}
