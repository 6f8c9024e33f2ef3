"""Consent in SQL: the same people as the domain says, with the proof kept, and at no cost where nobody chose."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, true, update

from app.domain.audience_documents import parse_rule
from app.domain.consent import Asked, Hearing, How, MessageClass, Said, Standing, Wishes, after, decide
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store import consents, counting, halves, listing
from app.store.database import Database
from app.store.ledger_tables import recipient
from app.store.listing import Languages, Texts
from app.store.tables import subscriber, subscriber_address
from app.usecases.import_subscribers import import_subscribers
from tests.conftest import NOON
from tests.unit.store.ledgers import add_broadcast, add_crisis

EVERYONE = parse_rule({"all": True})
POWER = Asked("power")
SMS = Medium.SMS


def says(topic: str, medium: Medium = SMS, version: str = "1", *, granted: bool = True) -> Said:
    return Said(medium, topic, granted, How.FORM, version)


@pytest.fixture
def people(database: Database, keyring: Keyring) -> Database:
    rows = [f"p{n},p{n}@example.org,+1202555{n:04d}" for n in range(6)]
    import_subscribers(
        database, keyring, HOST, io.BytesIO("\n".join(["external_id,email,phone", *rows]).encode()), NOON
    )
    return database


def ids(db: Database) -> list[int]:
    with db.reading() as connection:
        return list(connection.scalars(select(subscriber.c.id).order_by(subscriber.c.id)))


SAYINGS = st.lists(
    st.builds(
        Said,
        st.sampled_from([Medium.SMS, Medium.EMAIL]),
        st.sampled_from(["", "power", "water"]),
        st.booleans(),
        st.sampled_from(How),
    ),
    max_size=4,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(Standing), SAYINGS, SAYINGS), min_size=6, max_size=6),
    st.builds(Asked, st.sampled_from(["", "power", "gas"]), st.sampled_from(MessageClass)),
)
def test_the_condition_is_the_decision(
    people: Database, told: list[tuple[Standing, list[Said], list[Said]]], asked: Asked
) -> None:
    numbers = ids(people)
    wishes = {}
    with people.writing() as tx:
        for person, (standing, first, then) in zip(numbers, told, strict=True):
            consents.forget(tx, person)
            values = {"standing": standing.value, "chooses": standing is Standing.SELF}
            tx.execute(update(subscriber).where(subscriber.c.id == person).values(values))
            wishes[person] = Wishes(standing, after(after({}, first), then))
        consents.record(tx, {person: one[1] for person, one in zip(numbers, told, strict=True)}, "reader", NOON)
        consents.record(tx, {person: one[2] for person, one in zip(numbers, told, strict=True)}, "reader", NOON)
        hears, why = consents.hearing(tx, asked), consents.verdict(asked)
        query = select(subscriber.c.id, subscriber_address.c.medium, hears.label("hears"), why.label("why"))
        query = query.join(subscriber_address, subscriber_address.c.subscriber_id == subscriber.c.id)
        rows = tx.execute(query).all()
        left_out = counting.count_left_out(tx, EVERYONE, asked)
        reached = counting.count_by_medium(tx, EVERYONE, asked)
    media = {MEDIUM_CODES[medium]: medium for medium in (Medium.SMS, Medium.EMAIL)}
    assert len(rows) == 12
    for row in rows:
        decided = decide(wishes[row.id], media[row.medium], asked)
        assert (bool(row.hears), row.why) == (decided.hears, decided.value)
    for medium in media.values():
        silent = sum(number for (by, _), number in left_out.items() if by is medium)
        assert silent + reached.get(medium, 0) == 6


def test_what_is_counted_in_two_halves_is_what_is_counted_at_once(
    people: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *rest = ids(people)
    with people.writing() as tx:
        said = {first: [says("power", granted=False)], rest[-1]: [says("power", granted=False)]}
        consents.record(tx, said, "reader", NOON)
        tx.execute(update(subscriber).where(subscriber.c.id == second).values(timezone="Asia/Kolkata"))
    media = (SMS, Medium.EMAIL)

    def counted() -> list[object]:
        with people.reading() as connection:
            return [
                len(halves.in_halves(connection, lambda _one, _half: None)),
                counting.count_people(connection, EVERYONE),
                counting.count_reached(connection, EVERYONE, POWER),
                counting.count_left_out(connection, EVERYONE, POWER),
                counting.count_by_zone(connection, EVERYONE, media, POWER),
            ]

    whole, zones = counted(), {"Asia/Kolkata": 2, "UTC": 8}
    monkeypatch.setattr(halves, "WORTH", 1)
    assert (whole[0], counted()[0]) == (1, 2)
    assert whole[1:] == counted()[1:]
    assert whole[3:] == [{(SMS, Hearing.LEFT_TOPIC): 2}, zones]
    for summed in (1, 0):
        monkeypatch.setattr(counting, "_SUMMED", summed)
        assert whole[1:] == counted()[1:]


def test_whoever_is_left_out_is_not_listed_and_does_not_speak_for_a_shared_phone(
    people: Database, keyring: Keyring
) -> None:
    rows = ["external_id,phone,languages", "p0,+12025559999,gu", "p1,+12025559999,en", "p2,+12025559999,lo"]
    import_subscribers(people, keyring, HOST, io.BytesIO("\n".join(rows).encode()), NOON)
    first, second, third, *rest = ids(people)
    with people.writing() as tx:
        no = [says("power", granted=False)]
        consents.record(tx, {first: no, third: no, rest[0]: no}, "reader", NOON)
        add_crisis(tx)
        sent = add_broadcast(tx)
        lists = {number: languages[0] for number, languages in listing.language_lists(tx).items()}
        texts = Texts([Languages(lists, "en")])
        while listing.stage_members(tx, sent, true(), [SMS], texts, 2, consents.hearing(tx, POWER)) is not None:
            pass
        found = tx.execute(select(recipient.c.address_id, recipient.c.language).order_by(recipient.c.address_id)).all()
        links = subscriber_address.c
        theirs = links.medium == MEDIUM_CODES[SMS]
        shared = tx.scalar(select(links.address_id).where(links.subscriber_id == second, theirs))
        assert len(found) == 3, "two numbers of their own and the shared one"
        assert counting.count_by_medium(tx, EVERYONE, POWER) == {SMS: 3, Medium.EMAIL: 6}
        assert counting.count_left_out(tx, EVERYONE, POWER) == {(SMS, Hearing.LEFT_TOPIC): 3}
    assert dict(map(tuple, found))[shared] == "en", "in the language of the one who wants to hear it"


def test_every_statement_is_kept_and_a_repeated_one_is_no_news(people: Database) -> None:
    person = ids(people)[0]
    with people.writing() as tx:
        assert not consents.anybody_chooses(tx)
        before = counting.people_mark(tx)
        assert consents.record(tx, {person: [says(""), says("power", granted=False)]}, "reader", NOON) == 2
        assert consents.record(tx, {person: [says("power", granted=False)]}, "ada", NOON) == 0
        assert consents.record(tx, {person: [says("power", version="2", granted=False)]}, "ada", NOON) == 1
        later = NOON + timedelta(days=1)
        assert consents.record(tx, {person: [says("", granted=False)]}, "reader", later) == 1
        assert consents.anybody_chooses(tx)
        assert counting.people_mark(tx) != before, "counts that were kept are counted anew"
        (held,) = consents.of(tx, [person])[person]
        said = consents.history(tx, person)
    assert (held.said, held.at, held.by) == (says("", granted=False), later, "reader")
    assert [(one.said.topic, one.said.granted, one.said.text_version) for one in said] == [
        ("", True, "1"), ("power", False, "1"), ("power", False, "2"), ("", False, "1"),
    ]  # fmt: skip


def test_an_audience_in_which_nobody_chose_is_read_as_if_there_were_no_consent(people: Database) -> None:
    with people.writing() as tx:
        assert str(consents.hearing(tx, POWER)) == str(true())
        assert counting.count_left_out(tx, EVERYONE, POWER) == {}
