"""Rows of a list into subscribers, addresses and the links between, many at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, compress
from typing import Any, Final

from sqlalchemy import ARRAY, Connection, Row, Text, any_, bindparam, cast, func, select
from sqlalchemy.types import NullType

from app.clock import to_ms
from app.domain.areas import postcode_in
from app.domain.consent import Said
from app.domain.listed_consent import Heeded, Listed, heed
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.subscribers import KNOWN_COLUMNS
from app.store import consents, own_choices, sharers
from app.store.appending import append_if_new, append_new, reserve
from app.store.ledger_tables import address, suppression
from app.store.linking import Links, change_links, compare, link_new
from app.store.subscribers import language_lists
from app.store.tables import language_list, subscriber
from app.store.upsert import as_array, is_listed

AT_ONCE: Final = 250
"""Hashes one look-up binds on SQLite: one size, so that it is prepared once."""
_SILENT: Final = {"chooses": 0}
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
    postcodes: list[str] = field(default_factory=list)
    """As they are searched for."""
    values: dict[Medium, list[str]] = field(default_factory=dict)
    """Addresses, "" = none; only media of which the file has a column."""
    hashes: dict[Medium, list[bytes]] = field(default_factory=dict)
    preferred: list[str | None] = field(default_factory=list)
    """Media; empty when the file has no such column."""
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
        self._columns = [name for name in ("name", "timezone", "area", "preferred_medium") if name in columns]
        self._languages = "languages" in columns
        self._own = frozenset(columns) - frozenset(KNOWN_COLUMNS)
        self._by, self._dry = by, dry
        self._lists: dict[str, int] = {}
        self._looks_first = False
        """Most addresses of the last rows were there before."""

    def take(self, connection: Connection, rows: Rows, now: datetime) -> Came:
        """Insert who is new, change who differs, leave alone who is the same."""
        known = _known(connection, rows.external_ids)
        lists = self._language_ids(connection, rows.languages)
        language_ids = list(map(lists.__getitem__, rows.languages))
        places = self._places(connection, rows)
        fresh = len(rows.external_ids) - len(known)
        numbers: Sequence[int] = [_UNHEARD] * fresh if self._dry else reserve(connection, subscriber, fresh)
        people = _People(rows, known, numbers)
        own = own_choices.of(connection, people.before) if known else {}
        changed = self._changed(rows, language_ids, people, own) if known else {}
        links = compare(connection, people.before, _wanted(rows, people, places, own)) if known else Links()
        agreed = _agreed(connection, people.ids, rows.consents, now, known=bool(known))
        touched = links.people() | {number for number in agreed.said if number in people.before} if known else set()
        if not self._dry:
            _add(connection, rows, language_ids, people, agreed.said.keys(), now)
            new = _new_links(rows, people, places)
            link_new(connection, *new)
            _change(connection, changed, touched, now)
            change_links(connection, links)
            sharers.note(connection, {place for _, _, place in links.missing} | _met_again(new[2], places))
            first = {number: said for number, said in agreed.said.items() if number not in people.before}
            consents.record_first(connection, first, self._by, agreed.moments)
            if len(first) < len(agreed.said):
                before = {number: said for number, said in agreed.said.items() if number in people.before}
                consents.record(connection, before, self._by, now, agreed.moments)
        return Came(
            fresh, len(touched | changed.keys()), _suppressed(connection, places), len(own.keys() | agreed.kept)
        )

    def _changed(
        self, rows: Rows, language_ids: Sequence[int], people: _People, own: Mapping[int, Collection[str]]
    ) -> dict[int, dict[str, Any]]:
        """By subscriber id, what of the person differs from the file."""
        changed = {}
        for at, before in people.there.items():
            values: dict[str, str | None] = {
                "name": rows.names[at], "timezone": rows.timezones[at], "area": rows.areas[at],
            }  # fmt: skip
            if rows.preferred:
                values["preferred_medium"] = rows.preferred[at]
            difference = self._difference(before, values, language_ids[at], rows.attributes[at])
            for name in own.get(before.id, ()):
                difference.pop("language_list_id" if name == "languages" else name, None)
            if difference:
                changed[before.id] = difference
        return changed

    def _difference(
        self, before: Row[Any], values: Mapping[str, str | None], language_list_id: int, attributes: str
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

    def _places(self, connection: Connection, rows: Rows) -> dict[Medium, _Places]:
        """Where every address of these rows is kept from here on."""
        values = {medium: dict(zip(rows.hashes[medium], rows.values[medium], strict=True)) for medium in rows.values}
        for by_hash in values.values():
            by_hash.pop(b"", None)
        if connection.dialect.name == "sqlite" and not self._dry and not self._looks_first:
            return self._put_at_once(connection, values)
        found = {medium: _addresses(connection, MEDIUM_CODES[medium], list(mine)) for medium, mine in values.items()}
        missing = {medium: [one for one in mine if one not in found[medium]] for medium, mine in values.items()}
        count, wanted = sum(map(len, missing.values())), sum(map(len, values.values()))
        self._looks_first = 2 * count < wanted
        numbers: Sequence[int] = [_UNHEARD] * count if self._dry else reserve(connection, address, count)
        if not self._dry:
            append_new(connection, address, _address_columns(numbers, values, missing))
        fresh = iter(numbers)
        return {
            medium: _Places(found[medium] | dict(zip(mine, fresh, strict=False)), found[medium].values())
            for medium, mine in missing.items()
        }

    def _put_at_once(self, connection: Connection, values: _Values) -> dict[Medium, _Places]:
        """The same on SQLite, where adding those that are new costs no more than looking for them."""
        wanted = {medium: list(mine) for medium, mine in values.items()}
        numbers = reserve(connection, address, sum(map(len, wanted.values())))
        added = append_if_new(connection, address, _address_columns(numbers, values, wanted)) if numbers else 0
        self._looks_first = 2 * added < len(numbers)
        fresh = iter(numbers)
        ids = {medium: dict(zip(mine, fresh, strict=False)) for medium, mine in wanted.items()}
        there: dict[Medium, dict[bytes, int]] = {medium: {} for medium in wanted}
        if added < len(numbers):
            mine = address.c.id.between(numbers[0], numbers[-1])
            kept = set(connection.execute(select(address.c.id).where(mine)).scalars())
            for medium, those in ids.items():
                others = [digest for digest, number in those.items() if number not in kept]
                there[medium] = _addresses(connection, MEDIUM_CODES[medium], others)
                those.update(there[medium])
        return {medium: _Places(those, there[medium].values()) for medium, those in ids.items()}


@dataclass(frozen=True, slots=True)
class _Places:
    ids: Mapping[bytes, int]
    """The address of each hash."""
    there: Collection[int]
    """Those that were there before."""


_Values = Mapping[Medium, Mapping[bytes, str]]
"""Addresses by their hashes."""


def _address_columns(
    numbers: Sequence[int], values: _Values, wanted: Mapping[Medium, Sequence[bytes]]
) -> dict[str, Sequence[Any]]:
    return {
        "id": numbers,
        "medium": [MEDIUM_CODES[medium] for medium, mine in wanted.items() for _ in mine],
        "value": [values[medium][digest] for medium, mine in wanted.items() for digest in mine],
        "value_hash": [digest for mine in wanted.values() for digest in mine],
    }


class _People:
    """Who of some rows is who: ids by row, and which rows are of people who are there already."""

    def __init__(self, rows: Rows, known: Mapping[str, Any], numbers: Sequence[int]) -> None:
        """`numbers`: the ids of those who are new, in the order of their rows."""
        self.there: dict[int, Any] = {}
        """What is kept of them, by row."""
        self.ids = numbers
        """One for each row."""
        self._new: list[bool] | None = None
        if known:
            fresh, self.ids, self._new = iter(numbers), [], []
            for at, external_id in enumerate(rows.external_ids):
                before = known.get(external_id)
                self._new.append(before is None)
                if before is not None:
                    self.there[at] = before
                self.ids.append(next(fresh) if before is None else before.id)
        self.before = {one.id for one in self.there.values()}

    def new(self, column: Sequence[Any]) -> Sequence[Any]:
        """Of a column with a value for each row, those of people who are new."""
        return column if self._new is None else list(compress(column, self._new))


def _new_links(rows: Rows, people: _People, places: Mapping[Medium, _Places]) -> tuple[list[int], list[int], list[int]]:
    """Of people who are new: the medium, the person and the address of each link."""
    media: list[int] = []
    those: list[int] = []
    addresses: list[int] = []
    for medium, placed in places.items():
        ids, hashes = people.new(people.ids), people.new(rows.hashes[medium])
        if b"" in hashes:
            having = [digest != b"" for digest in hashes]
            ids, hashes = list(compress(ids, having)), list(compress(hashes, having))
        media += [MEDIUM_CODES[medium]] * len(ids)
        those += ids
        addresses += map(placed.ids.__getitem__, hashes)
    return media, those, addresses


def _met_again(linked: Sequence[int], places: Mapping[Medium, _Places]) -> set[int]:
    """Of these addresses those that somebody may have had before, or that stand here twice."""
    before = set(chain.from_iterable(placed.there for placed in places.values()))
    again = before.intersection(linked) if before else set()
    if len(set(linked)) < len(linked):
        again |= {place for place, times in Counter(linked).items() if times > 1}
    return again


def _add(
    connection: Connection,
    rows: Rows,
    language_ids: Sequence[int],
    people: _People,
    speaking: Collection[int],
    now: datetime,
) -> None:
    """`speaking`: who says anything about consent."""
    columns: dict[str, Sequence[Any]] = {
        "id": people.ids, "external_id": rows.external_ids, "name": rows.names, "language_list_id": language_ids,
        "timezone": rows.timezones, "area": rows.areas, "attributes": rows.attributes, "postcode": rows.postcodes,
    }  # fmt: skip
    if rows.preferred:
        columns["preferred_medium"] = rows.preferred
    if speaking:
        columns["chooses"] = [number in speaking for number in people.ids]
    at = to_ms(now)
    new = {name: people.new(column) for name, column in columns.items()}
    append_new(connection, subscriber, new, {"created_at": at, "updated_at": at, **({} if speaking else _SILENT)})


@dataclass(slots=True)
class _Agreed:
    said: dict[int, list[Said]] = field(default_factory=dict)
    moments: dict[int, datetime] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    """Who said otherwise themselves, or later."""


def _agreed(
    connection: Connection, ids: Sequence[int], listed: Sequence[Listed | None], now: datetime, *, known: bool
) -> _Agreed:
    """What of these people's consent is news. Nobody's when the file has no such column, at no cost.

    `known`: some of them are there already.
    """
    found = _Agreed()
    speaking = [(number, one) for number, one in zip(ids, listed, strict=False) if one and number != _UNHEARD]
    held = consents.of(connection, [number for number, _ in speaking]) if speaking and known else {}
    for number, one in speaking:
        at = one.at or now
        if number not in held:
            found.said[number], found.moments[number] = list(one.said()), at
            continue
        heeded = [(said, heed(held[number], said, at)) for said in one.said()]
        if news := [said for said, how in heeded if how is Heeded.NEWS]:
            found.said[number], found.moments[number] = news, at
        if any(how.kept for _, how in heeded):
            found.kept.add(number)
    return found


def _known(connection: Connection, external_ids: Sequence[str]) -> dict[str, Any]:
    plain = [column for column in subscriber.columns if column.name != "attributes"]
    query = select(*plain, cast(subscriber.c.attributes, Text).label("attributes"))
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(external_ids)).table_valued("value")
        query = query.where(subscriber.c.external_id.in_(select(listed.c.value)))
    else:
        listed_ids = cast(bindparam("listed", as_array(external_ids), NullType()), ARRAY(Text))
        query = query.where(subscriber.c.external_id == any_(listed_ids))
    return {row.external_id: row for row in connection.execute(query)}


def _addresses(connection: Connection, code: int, digests: Sequence[bytes]) -> dict[bytes, int]:
    """Those of them that are there."""
    found: dict[bytes, int] = {}
    if digests and connection.dialect.name != "sqlite":
        query = "SELECT value_hash, id FROM address WHERE medium = %(medium)s AND value_hash = ANY(%(listed)s::bytea[])"
        listed = {"medium": code, "listed": as_array(digests)}
        return {bytes(row[0]): row[1] for row in connection.exec_driver_sql(query, listed)}
    for at in range(0, len(digests), AT_ONCE):
        some = list(digests[at : at + AT_ONCE])
        some += some[-1:] * (AT_ONCE - len(some))
        marks = ",".join("?" * AT_ONCE)
        statement = f"SELECT value_hash, id FROM address WHERE medium = ? AND value_hash IN ({marks})"  # noqa: S608 - marks
        found |= {row[0]: row[1] for row in connection.exec_driver_sql(statement, (code, *some))}
    return found


def _wanted(
    rows: Rows, people: _People, places: Mapping[Medium, _Places], own: Mapping[int, Collection[str]]
) -> dict[tuple[int, int], int | None]:
    """(person, medium) of those who are there -> the one address of that medium, None = no more."""
    found: dict[tuple[int, int], int | None] = {}
    for medium, placed in places.items():
        code, hashes = MEDIUM_CODES[medium], rows.hashes[medium]
        for at, before in people.there.items():
            if not own or medium.value not in own.get(before.id, ()):
                found[before.id, code] = placed.ids[hashes[at]] if hashes[at] else None
    return found


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


def _suppressed(connection: Connection, places: Mapping[Medium, _Places]) -> int:
    """An address that is new cannot be on the list."""
    before = [number for placed in places.values() for number in placed.there]
    if not before:
        return 0
    query = select(func.count()).select_from(suppression).where(is_listed(connection, suppression.c.address_id, before))
    return connection.execute(query).scalar_one()
