"""Which address of a medium each person of a list is written to from now on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from sqlalchemy import Connection, delete, select, tuple_

from app.store.appending import append_new
from app.store.tables import subscriber_address
from app.store.upsert import insert_tuples, is_listed

AT_ONCE: Final = 250
Link = tuple[int, int, int]
"""Subscriber, medium, address."""


@dataclass(slots=True)
class Links:
    stale: list[Link] = field(default_factory=list)
    missing: list[Link] = field(default_factory=list)
    second: list[Link] = field(default_factory=list)
    """Not the one that is written to any more."""
    first: list[Link] = field(default_factory=list)
    """The one that is written to from now on."""

    def people(self) -> set[int]:
        return {link[0] for link in chain(self.stale, self.missing, self.second, self.first)}


def link_new(connection: Connection, media: Sequence[int], people: Sequence[int], places: Sequence[int]) -> None:
    """To each of these people, of whom nobody has an address yet, the address beside them."""
    columns = {"subscriber_id": people, "medium": media, "address_id": places}
    append_new(connection, subscriber_address, columns, {"preferred": 1})


def compare(connection: Connection, people: Collection[int], wanted: Mapping[tuple[int, int], int | None]) -> Links:
    """What has to be cut and made so that the file's address is the one of its medium that is written to.

    It takes the place of the one before; further addresses of the person stay, unless the cell is empty.
    """
    found, columns = Links(), subscriber_address.c
    query = select(columns.subscriber_id, columns.medium, columns.address_id, columns.preferred)
    there: dict[tuple[int, int], dict[int, bool]] = {}
    for person, code, place, preferred in connection.execute(
        query.where(is_listed(connection, columns.subscriber_id, sorted(people)))
    ):
        there.setdefault((person, code), {})[place] = preferred
    for key, place in wanted.items():
        before = there.get(key, {})
        if place is None:
            found.stale += [(*key, one) for one in before]
        elif place not in before:
            found.stale += [(*key, one) for one, preferred in before.items() if preferred]
            found.missing.append((*key, place))
        elif not before[place]:
            found.second += [(*key, one) for one, preferred in before.items() if preferred]
            found.first.append((*key, place))
    return found


def change_links(connection: Connection, links: Links) -> None:
    """Do what `compare` found."""
    columns = subscriber_address.c
    keys = tuple_(columns.subscriber_id, columns.medium, columns.address_id)
    for at in range(0, len(links.stale), AT_ONCE):
        connection.execute(delete(subscriber_address).where(keys.in_(links.stale[at : at + AT_ONCE])))
    for some, preferred in ((links.second, False), (links.first, True)):
        for at in range(0, len(some), AT_ONCE):
            mine = keys.in_(some[at : at + AT_ONCE])
            connection.execute(subscriber_address.update().where(mine).values(preferred=preferred))
    names = ("subscriber_id", "medium", "address_id", "preferred")
    insert_tuples(connection, subscriber_address, names, [(*link, True) for link in links.missing], names[:3])
