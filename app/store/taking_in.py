"""Rows of a list into subscribers, addresses and the links between, many at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Connection,
    LargeBinary,
    Row,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal,
    select,
    text,
    tuple_,
)

from app.clock import to_ms
from app.domain.consent import Said
from app.domain.listed_consent import Heeded, Listed, heed
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.subscribers import KNOWN_COLUMNS
from app.store import consents, own_choices
from app.store.ledger_tables import address, suppression
from app.store.subscribers import language_lists, postcode_in
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.upsert import insert_tuples, is_listed

AT_ONCE: Final = 250
"""Hashes one look-up binds on SQLite: one size, so that it is prepared once."""
_NAMES: Final = (
    "id", "external_id", "name", "language_list_id", "timezone", "area", "attributes", "created_at", "updated_at",
    "postcode",
)  # fmt: skip
_UNHEARD: Final = -1
"""In place of what a trial would have made."""


@dataclass(slots=True)
class Rows:
    """Clean rows in columns, all of one length."""

    external_ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    timezones: list[str] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    """JSON objects."""
    values: dict[Medium, list[str]] = field(default_factory=dict)
    """Addresses, "" = none; only media of which the file has a column."""
    hashes: dict[Medium, list[bytes]] = field(default_factory=dict)
    consents: list[Listed | None] = field(default_factory=list)
    """Empty when the file has no such column."""


@dataclass(frozen=True, slots=True)
class Came:
    created: int
    updated: int
    suppressed: int
    kept: int = 0
    """People who have set something or said otherwise themselves, which stays."""


class TakingIn:
    """One file's rows on their way in: what its columns may change. People's other fields stay as they are.

    For one run only: when a transaction fails, begin with a new one.
    """

    def __init__(self, columns: Collection[str], by: str, *, dry: bool = False) -> None:
        """`by` whom consent is noted; `dry`: nothing is written, and `take` says what would have been."""
        self._columns = [name for name in ("name", "timezone", "area") if name in columns]
        self._languages = "languages" in columns
        self._own = frozenset(columns) - frozenset(KNOWN_COLUMNS)
        self._by, self._dry = by, dry
        self._lists: dict[str, int] = {}

    def take(self, connection: Connection, rows: Rows, now: datetime) -> Came:
        """Insert who is new, change who differs, leave alone who is the same."""
        known = _known(connection, rows.external_ids)
        lists = self._language_ids(connection, rows.languages)
        places = {medium: self._places(connection, medium, rows) for medium in rows.values}
        fresh = len(rows.external_ids) - len(known)
        numbers = iter(()) if self._dry or not fresh else _numbers(connection, subscriber, fresh)
        own = own_choices.of(connection, [one.id for one in known.values()]) if known else {}
        at, new, changed, ids = to_ms(now), [], {}, []
        columns = zip(
            rows.external_ids, rows.names, rows.languages, rows.timezones, rows.areas, rows.attributes, strict=True
        )
        for external_id, name, languages, timezone, area, attributes in columns:
            before = known.get(external_id) if known else None
            if before is None:
                number = next(numbers, _UNHEARD)
                new.append(
                    (
                        number,
                        external_id,
                        name,
                        lists[languages],
                        timezone,
                        area,
                        attributes,
                        at,
                        at,
                        _postcode(attributes),
                    )
                )
            else:
                number = before.id
                values = {"name": name, "timezone": timezone, "area": area}
                difference = self._difference(before, values, lists[languages], attributes)
                for field in own.get(number, ()):
                    difference.pop("language_list_id" if field == "languages" else field, None)
                if difference:
                    changed[number] = difference
            ids.append(number)
        links = _compare(connection, known.values(), _wanted(rows, ids, places, own))
        touched = links.people() & {one.id for one in known.values()}
        agreed = _agreed(connection, ids, rows.consents, now)
        touched |= agreed.said.keys() & {one.id for one in known.values()}
        if not self._dry:
            insert_tuples(connection, subscriber, _NAMES, new, ("external_id",))
            _change(connection, changed, touched, now)
            _link(connection, links)
            if agreed.said:
                consents.record(connection, agreed.said, self._by, now, agreed.moments)
        return Came(
            len(new), len(touched | changed.keys()), _suppressed(connection, places), len(own.keys() | agreed.kept)
        )

    def _difference(
        self, before: Row[Any], values: Mapping[str, str], language_list_id: int, attributes: str
    ) -> dict[str, Any]:
        found: dict[str, Any] = {name: values[name] for name in self._columns if values[name] != getattr(before, name)}
        if self._languages and language_list_id != before.language_list_id:
            found["language_list_id"] = language_list_id
        if self._own and attributes != before.attributes:
            held = json.loads(before.attributes)
            after = {name: value for name, value in held.items() if name not in self._own} | json.loads(attributes)
            if after != held:
                found["attributes"], found["postcode"] = after, postcode_in(after)
        return found

    def _language_ids(self, connection: Connection, wanted: Sequence[str]) -> Mapping[str, int]:
        missing = {codes for codes in wanted if codes not in self._lists}
        if missing and self._dry:
            query = select(language_list.c.languages, language_list.c.id)
            found = connection.execute(query.where(language_list.c.languages.in_(sorted(missing))))
            self._lists |= dict.fromkeys(missing, _UNHEARD) | {row.languages: row.id for row in found}
        elif missing:
            made = language_lists(connection, {tuple(codes.split(",")) for codes in missing})
            self._lists |= {",".join(codes): number for codes, number in made.items()}
        return self._lists

    def _places(self, connection: Connection, medium: Medium, rows: Rows) -> dict[bytes, tuple[int, bool]]:
        """The address of each hash, and whether it was there before."""
        values = dict(zip(rows.hashes[medium], rows.values[medium], strict=True))
        values.pop(b"", None)
        code, wanted = MEDIUM_CODES[medium], sorted(values)  # sorted: neighbours in the index come one after the other
        found = {digest: (number, True) for digest, number in _addresses(connection, code, wanted)}
        missing = [digest for digest in wanted if digest not in found]
        if self._dry:
            return found | dict.fromkeys(missing, (_UNHEARD, False))
        numbers = list(_numbers(connection, address, len(missing))) if missing else []
        made = [(number, code, values[digest], digest) for number, digest in zip(numbers, missing, strict=True)]
        insert_tuples(connection, address, ("id", "medium", "value", "value_hash"), made, ("medium", "value_hash"))
        return found | {digest: (number, False) for number, digest in zip(numbers, missing, strict=True)}


@dataclass(slots=True)
class _Agreed:
    said: dict[int, list[Said]] = field(default_factory=dict)
    moments: dict[int, datetime] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    """Who said otherwise themselves, or later."""


def _agreed(connection: Connection, ids: Sequence[int], listed: Sequence[Listed | None], now: datetime) -> _Agreed:
    """What of these people's consent is news. Nobody's when the file has no such column, at no cost."""
    found = _Agreed()
    speaking = [(number, one) for number, one in zip(ids, listed, strict=False) if one and number != _UNHEARD]
    held = consents.of(connection, [number for number, _ in speaking]) if speaking else {}
    for number, one in speaking:
        at = one.at or now
        heeded = [(said, heed(held.get(number, ()), said, at)) for said in one.said()]
        if news := [said for said, how in heeded if how is Heeded.NEWS]:
            found.said[number], found.moments[number] = news, at
        if any(how.kept for _, how in heeded):
            found.kept.add(number)
    return found


def _postcode(attributes: str) -> str:
    return postcode_in(json.loads(attributes)) if '"postcode"' in attributes else ""


_Link = tuple[int, int, int]
"""Subscriber, medium, address."""


def _known(connection: Connection, external_ids: Sequence[str]) -> dict[str, Any]:
    plain = [column for column in subscriber.columns if column.name != "attributes"]
    query = select(*plain, cast(subscriber.c.attributes, Text).label("attributes"))
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(external_ids)).table_valued("value")
        query = query.where(subscriber.c.external_id.in_(select(listed.c.value)))
    else:
        query = query.where(subscriber.c.external_id == any_(literal(external_ids, ARRAY(Text))))
    return {row.external_id: row for row in connection.execute(query)}


def _addresses(connection: Connection, code: int, digests: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    if connection.dialect.name != "sqlite":
        query = select(address.c.value_hash, address.c.id).where(address.c.medium == code)
        query = query.where(address.c.value_hash == any_(literal(list(digests), ARRAY(LargeBinary))))
        yield from ((bytes(row[0]), row[1]) for row in connection.execute(query))
        return
    for at in range(0, len(digests), AT_ONCE):
        some = list(digests[at : at + AT_ONCE])
        some += some[-1:] * (AT_ONCE - len(some))
        marks = ",".join("?" * AT_ONCE)
        statement = f"SELECT value_hash, id FROM address WHERE medium = ? AND value_hash IN ({marks})"  # noqa: S608 - marks
        yield from ((row[0], row[1]) for row in connection.exec_driver_sql(statement, (code, *some)))


def _numbers(connection: Connection, table: Table, count: int) -> Iterator[int]:
    """Ids nobody else is given."""
    if connection.dialect.name == "sqlite":  # the only writer there is
        last = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        return iter(range(last + 1, last + 1 + count))
    sequence = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return iter(connection.execute(sequence, {"name": table.name, "count": count}).scalars().all())


def _wanted(
    rows: Rows,
    ids: Sequence[int],
    places: Mapping[Medium, Mapping[bytes, tuple[int, bool]]],
    own: Mapping[int, Collection[str]],
) -> dict[tuple[int, int], int | None]:
    """(person, medium) -> the one address of that medium, None = no more. New people without one are not there."""
    found: dict[tuple[int, int], int | None] = {}
    for medium, known in places.items():
        code = MEDIUM_CODES[medium]
        for number, digest in zip(ids, rows.hashes[medium], strict=True):
            if not own or medium.value not in own.get(number, ()):
                found[number, code] = known[digest][0] if digest else None
    return found


@dataclass(slots=True)
class _Links:
    stale: list[_Link] = field(default_factory=list)
    missing: list[_Link] = field(default_factory=list)
    second: list[_Link] = field(default_factory=list)
    """Not the one that is written to any more."""
    first: list[_Link] = field(default_factory=list)
    """The one that is written to from now on."""

    def people(self) -> set[int]:
        return {link[0] for link in chain(self.stale, self.missing, self.second, self.first)}


def _compare(connection: Connection, known: Iterable[Any], wanted: Mapping[tuple[int, int], int | None]) -> _Links:
    """What has to be cut and made so that the file's address is the one of its medium that is written to.

    It takes the place of the one before; further addresses of the person stay, unless the cell is empty.
    """
    people, found = [one.id for one in known], _Links()
    if not people:
        found.missing = [(*key, place) for key, place in wanted.items() if place is not None]
        return found
    columns = subscriber_address.c
    query = select(columns.subscriber_id, columns.medium, columns.address_id, columns.preferred)
    there: dict[tuple[int, int], dict[int, bool]] = {}
    for person, code, place, preferred in connection.execute(
        query.where(is_listed(connection, columns.subscriber_id, people))
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


def _link(connection: Connection, links: _Links) -> None:
    columns = subscriber_address.c
    keys = tuple_(columns.subscriber_id, columns.medium, columns.address_id)
    for at in range(0, len(links.stale), AT_ONCE):
        connection.execute(delete(subscriber_address).where(keys.in_(links.stale[at : at + AT_ONCE])))
    for some, preferred in ((links.second, False), (links.first, True)):
        for at in range(0, len(some), AT_ONCE):
            mine = keys.in_(some[at : at + AT_ONCE])
            connection.execute(subscriber_address.update().where(mine).values(preferred=preferred))
    names = ("subscriber_id", "medium", "address_id", "preferred")
    rows = [(*link, True) for link in links.missing]
    insert_tuples(connection, subscriber_address, names, rows, names[:3])


def _change(
    connection: Connection, changed: Mapping[int, Mapping[str, Any]], touched: Collection[int], now: datetime
) -> None:
    by_fields: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for number, values in changed.items():
        row = {f"new_{name}": value for name, value in values.items()} | {"which": number, "new_updated_at": now}
        by_fields.setdefault(tuple(sorted(values)), []).append(row)
    if moved := [{"which": number, "new_updated_at": now} for number in sorted(touched - changed.keys())]:
        by_fields.setdefault((), []).extend(moved)
    for names, rows in by_fields.items():
        fresh: dict[str, Any] = {name: bindparam(f"new_{name}") for name in (*names, "updated_at")}
        connection.execute(subscriber.update().where(subscriber.c.id == bindparam("which")).values(fresh), rows)


def _suppressed(connection: Connection, places: Mapping[Medium, Mapping[bytes, tuple[int, bool]]]) -> int:
    """An address that is new cannot be on the list."""
    before = [number for known in places.values() for number, was_there in known.values() if was_there]
    if not before:
        return 0
    query = select(func.count()).select_from(suppression).where(is_listed(connection, suppression.c.address_id, before))
    return connection.execute(query).scalar_one()
