"""Audience rules in SQL and looked at person by person mean the same people, on both databases."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, text, update

from app.domain.areas import Area, Places, postcode_in
from app.domain.audience_rules import (
    All,
    And,
    Areas,
    Attribute,
    Compared,
    Deliveries,
    ExternalIds,
    Known,
    Not,
    Rule,
    Saved,
    Sign,
)
from app.domain.consent import ORDINARY, How, Said, Standing, Wishes, decide
from app.domain.delivery import State
from app.domain.message import MEDIUM_CODES, Medium
from app.errors import Invalid
from app.store import audiences, consents, counting, documents, membership
from app.store.database import Database
from app.store.documents import Kind
from app.store.ledger_tables import address, broadcast, due, outcome, receipt_state, shard, suppression
from app.store.staging import WayOut
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.tables import update as announcement
from tests.audience_language import (
    COLUMN_NAMES,
    COLUMN_VALUES,
    COLUMNS,
    CONDITIONS,
    NAMES,
    VALUES,
    Person,
    means,
    trees,
)
from tests.conftest import NOON
from tests.unit.store.ledgers import NOON_MS, add_broadcast, add_crisis, add_endpoint, add_recipients

PLACES = Places.of(
    [
        Area("north", {}, ("N", "SW12")),
        Area("south", {}, ("S", "SW1")),
        Area("centre", {}, ("N1",)),
    ]
)
LANGUAGES = (("en",), ("gu", "en"), ("pt-BR",), ("lo",))
POSTCODES = ("", "SW1A 1AA", "sw12 0aa", "N1 9GU", "n-19", "S1", "E5")
STATES: Sequence[State] = tuple(State)
MEDIA = (Medium.SMS, Medium.EMAIL)


def crowd(seed: int = 7, size: int = 60) -> list[Person]:
    dice = random.Random(seed)
    people = []
    for number in range(size):
        attributes = {name: dice.choice(VALUES) for name in NAMES if dice.random() < 0.4}
        if postcode := dice.choice(POSTCODES):
            attributes["postcode"] = postcode
        reachable = frozenset(medium for medium in MEDIA if dice.random() < 0.6)
        sent = {one: {medium: dice.choice(STATES) for medium in MEDIA if dice.random() < 0.5} for one in (1, 2)}
        area = dice.choice(("", "", "north", "south", "south side"))
        topics = [(medium, topic) for medium in MEDIA for topic in ("", "power", "water")]
        choices = {key: dice.random() < 0.5 for key in topics if dice.random() < 0.2}
        wishes = Wishes(dice.choice(tuple(Standing)), choices)
        people.append(Person(str(number), dice.choice(LANGUAGES), area, attributes, reachable, sent, wishes))
    return people


@pytest.fixture
def people(database: Database) -> list[Person]:
    """Two updates went out: to everybody who has such a delivery, in that state."""
    everybody = crowd()
    with database.writing() as tx:
        add_crisis(tx)
        for slug, prefixes in (("north", ("N", "SW12")), ("south", ("S", "SW1")), ("centre", ("N1",))):
            document = {"slug": slug, "names": {}, "postcodes": list(prefixes)}
            documents.save(tx, Kind.AREA, slug, document, None)
        tx.execute(
            insert(language_list), [{"id": n + 1, "languages": ",".join(one)} for n, one in enumerate(LANGUAGES)]
        )
        for number, one in enumerate(everybody, 1):
            _add(tx, number, one)
        for sent in (1, 2):
            _send(tx, sent, everybody)
    return everybody


def _add(tx: Connection, number: int, one: Person) -> None:
    row = {
        "id": number,
        "external_id": one.external_id,
        "name": "",
        "language_list_id": LANGUAGES.index(one.languages) + 1,
        "timezone": "UTC",
        "area": one.area,
        "attributes": dict(one.attributes),
        "postcode": postcode_in(one.attributes),
        "created_at": NOON,
        "updated_at": NOON,
    }
    wishes = one.wishes
    tx.execute(insert(subscriber), row | {"standing": wishes.standing.value, "chooses": wishes != Wishes()})
    consents.record(tx, {number: [Said(*key, yes, How.STAFF) for key, yes in wishes.choices.items()]}, "staff", NOON)
    for medium in MEDIA:
        code = MEDIUM_CODES[medium]
        place = number * 10 + code
        fate = (number + code) % 3 if medium not in one.reachable else -1
        value = None if fate == 0 else f"{medium}-{place}"
        tx.execute(insert(address), {"id": place, "medium": code, "value": value, "value_hash": place.to_bytes(16)})
        link = {"subscriber_id": number, "medium": code, "address_id": place, "preferred": fate != 1}
        tx.execute(insert(subscriber_address), link)
        if fate == 2:
            tx.execute(insert(suppression), {"address_id": place, "reason": "stopped", "at_ms": NOON_MS})


def _send(tx: Connection, number: int, everybody: Sequence[Person]) -> None:
    sent = add_broadcast(tx, number=number)
    assert tx.scalar(select(broadcast.c.update_id).where(broadcast.c.id == sent)) == number
    tx.execute(update(announcement).where(announcement.c.id == number).values(broadcast_id=sent))
    for medium in MEDIA:
        way = WayOut(add_endpoint(tx, f"{medium}-{number}", medium), f"{medium}-{number}", medium, 1, 0)
        code = MEDIUM_CODES[medium]
        states = {n * 10 + code: one.deliveries[number].get(medium) for n, one in enumerate(everybody, 1)}
        mine = {place: state for place, state in states.items() if state is not None}
        # each in a shard of its own, so that it can have any history
        add_recipients(tx, sent, list(mine), way, size=1)
        for place, state in mine.items():
            _have_been(tx, (sent, code, place), way.id, state)


NEVER = {State.QUEUED: None, State.SUPERSEDED: "superseded", State.EXPIRED: "expired", State.CANCELLED: "cancelled"}


def _have_been(tx: Connection, key: tuple[int, int, int], endpoint: int, state: State) -> None:
    sent, code, place = key
    its = (shard.c.broadcast == sent) & (shard.c.medium == code) & (shard.c.first_address == place)
    if state in NEVER:
        tx.execute(update(shard).where(its).values(rest_state=NEVER[state]))
        return
    tx.execute(update(shard).where(its).values(watermark=place, admitted=1))
    row = {"broadcast": sent, "medium": code, "address_id": place}
    result = {State.DELIVERED: "accepted", State.UNDELIVERED: "accepted", State.RETRY_WAIT: "refused"}.get(state, state)
    told = {"attempt": 1, "endpoint": endpoint, "reason": "", "provider_id": "", "at_ms": NOON_MS}
    if state is not State.SENDING:
        tx.execute(insert(outcome), {**row, **told, "result": str(result)})
    if state in (State.DELIVERED, State.UNDELIVERED):
        tx.execute(insert(receipt_state), {**row, "kind": state.value, "code": "", "at_ms": NOON_MS})
    why = {State.RETRY_WAIT: "retry", State.UNKNOWN: "unknown"}.get(state)
    if why:
        rest = {"shard": 0, "lane": 2, "why": why, "due_ms": None, "asked": 0, "since_ms": NOON_MS, "fence": 0}
        waiting = {**row, **rest, "endpoint": endpoint, "attempt": 1, "reason": "", "lease_until_ms": 0}
        tx.execute(insert(due), waiting)


def found(connection: Connection, rule: Rule) -> list[str]:
    meaning = membership.members(connection, rule)
    return list(connection.scalars(select(subscriber.c.external_id).where(meaning).order_by(subscriber.c.id)))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rule=trees(CONDITIONS, 5))
def test_every_rule_means_the_people_it_means_one_by_one(database: Database, people: list[Person], rule: Rule) -> None:
    with database.reading() as connection:
        assert found(connection, rule) == [one.external_id for one in people if means(rule, one, PLACES)]


def test_the_area_of_everybody_is_theirs_or_the_one_of_the_longest_beginning(
    database: Database, people: list[Person]
) -> None:
    with database.reading() as connection:
        column = membership.area_column(membership.places(connection))
        areas = connection.scalars(select(column).order_by(subscriber.c.id)).all()
    wanted = [PLACES.area_of(one.area, postcode_in(one.attributes)) for one in people]
    assert areas == wanted
    assert {"north", "south", "centre", "south side", ""} == set(wanted)


def test_thousands_of_values_are_one_parameter(database: Database, people: list[Person]) -> None:
    many = tuple(str(number) for number in range(5_000))
    rule = And((ExternalIds(many), Not(ExternalIds(many[30:])), Not(Areas(many)), Not(Attribute("tier", many[11:]))))
    with database.reading() as connection:
        assert found(connection, rule) == [one.external_id for one in people if means(rule, one, PLACES)]


def test_an_update_that_never_went_out_reached_nobody(database: Database, people: list[Person]) -> None:
    with database.reading() as connection:
        assert found(connection, Deliveries(99)) == []
        assert len(found(connection, Not(Deliveries(99)))) == len(people)


def test_an_audience_may_name_others_but_never_itself(database: Database, people: list[Person]) -> None:
    def save(tx: Connection, slug: str, rule: Mapping[str, object]) -> None:
        audiences.save(tx, slug, rule, None)

    with database.writing() as tx:
        save(tx, "north", {"areas": ["north"]})
        save(tx, "others", {"not": {"audience": "north"}})
        resolved = audiences.resolved(tx, Saved("others"))
        assert resolved == Not(Areas(("north",)))
        assert found(tx, resolved) == [one.external_id for one in people if means(resolved, one, PLACES)]
        with pytest.raises(Invalid) as refusal:
            audiences.resolved(tx, Saved("nroth"))
        assert refusal.value.problems[0].remedy == "Did you mean “north”?"
        save(tx, "north", {"or": [{"areas": ["north"]}, {"audience": "others"}]})
        with pytest.raises(Invalid) as refusal:
            audiences.resolved(tx, Saved("others"))
        assert "others → north → others" in refusal.value.problems[0].sentence


def test_a_column_that_is_no_number_meets_no_comparison(database: Database) -> None:
    told = ("10", "-0.5", "1e3", "12 kg", " 7", "0x10", "", "9" * 16, "1.", ".5", "٣")
    people = [Person(str(n), ("en",), "", {"age": word} if word else {}) for n, word in enumerate(told)]
    with database.writing() as tx:
        tx.execute(insert(language_list), {"id": 1, "languages": "en"})
        for number, one in enumerate(people, 1):
            _add(tx, number, one)
        rule = Compared("age", Sign.AT_LEAST, "-100")
        assert found(tx, rule) == ["0", "1"] == [one.external_id for one in people if means(rule, one, PLACES)]


def test_every_state_is_in_the_crowd(people: list[Person]) -> None:
    seen = {state for one in people for by in one.deliveries.values() for state in by.values()}
    assert seen == set(State)


OTHER_FORMS = (
    lambda own: json.dumps(own, separators=(",", ":")),
    lambda own: json.dumps(own, indent=1, ensure_ascii=False),
    lambda own: "{" + ", ".join(f"{json.dumps(name)} : {json.dumps(value)}" for name, value in own.items()) + "}",
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(owns=[{"tier": "gold"}] * 12, rules=[Known(": "), Known(", ")], form=OTHER_FORMS[1])
@given(
    owns=st.lists(
        st.dictionaries(st.sampled_from(COLUMN_NAMES), st.sampled_from(COLUMN_VALUES), max_size=4),
        min_size=12,
        max_size=12,
    ),
    rules=st.lists(COLUMNS, min_size=6, max_size=6),
    form=st.sampled_from((json.dumps, json.dumps, *OTHER_FORMS)),
)
def test_what_stands_in_own_columns_is_found_in_whatever_form_it_was_written(
    database: Database, owns: list[dict[str, str]], rules: list[Rule], form: Callable[[Mapping[str, str]], str]
) -> None:
    people = [Person(str(number), ("en",), "", own) for number, own in enumerate(owns)]
    with database.writing() as tx:
        if tx.scalar(select(language_list.c.id)) is None:
            tx.execute(insert(language_list), {"id": 1, "languages": "en"})
            for number, one in enumerate(people, 1):
                _add(tx, number, one)
        kept = text("UPDATE subscriber SET attributes = :own WHERE id = :id")
        if not database.is_sqlite:
            kept = text("UPDATE subscriber SET attributes = CAST(:own AS jsonb) WHERE id = :id")
        tx.execute(kept, [{"id": number, "own": form(one.attributes)} for number, one in enumerate(people, 1)])
        for rule in rules:
            assert found(tx, rule) == [one.external_id for one in people if means(rule, one, PLACES)], rule


def test_whom_an_update_reaches_is_the_same_however_many_languages_are_summed(
    database: Database, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for summed in (8, 1, 0):
        monkeypatch.setattr(counting, "_SUMMED", summed)
        with database.reading() as connection:
            answers.append(counting.count_reached(connection, All()))
    assert answers[0] == answers[1] == answers[2]
    wanted = {
        medium: sum(medium in one.reachable and decide(one.wishes, medium, ORDINARY).hears for one in people)
        for medium in MEDIA
    }
    assert (
        dict(answers[0].by_medium)
        == wanted
        == {medium: sum(number for (by, _), number in answers[0].by_list.items() if by is medium) for medium in MEDIA}
    )
