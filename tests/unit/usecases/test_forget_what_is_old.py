"""Each kind of data is kept as long as the organisation says, and not a day longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.domain.message import Medium, Reply
from app.domain.principals import HOST
from app.domain.replying import Effect
from app.domain.sign_ups import Asking
from app.keyring import Keyring
from app.store import addresses, audit, endpoints, hearing
from app.store.database import Database
from app.store.ledger_tables import address, broadcast, recipient
from app.store.people_tables import sign_up
from app.templating.replies import load_replies
from app.usecases.ask_sign_up import ask_sign_up
from app.usecases.forget_what_is_old import Forgotten, Kept, forget_what_is_old
from app.usecases.handle_reply import handle_reply
from app.usecases.save_subscriber import remove_subscriber, save_subscriber
from app.usecases.suppress_address import suppress_address
from app.usecases.take_reply import Listener, take_reply
from tests.conftest import NOON
from tests.unit.store.ledgers import add_endpoint, small_broadcast

pytestmark = pytest.mark.both_databases


def test_what_is_older_than_wanted_goes_and_nothing_else(database: Database, keyring: Keyring) -> None:
    asking = Asking(Medium.EMAIL, "ann@example.org", "en", "", ())
    for days in (0, 1.1, 2.1, 31):
        ask_sign_up(database, keyring, asking, "203.0.113.9", "v", NOON - timedelta(days=days))
    kept = Kept(sign_ups=timedelta(days=30))
    assert forget_what_is_old(database, kept, NOON) == Forgotten(sign_ups=1)
    with database.reading() as connection:
        rows = connection.execute(select(sign_up).order_by(sign_up.c.at)).all()
        assert [(row.network is not None, row.value is not None) for row in rows] == [
            (False, False), (False, True), (True, True),
        ]  # fmt: skip
        newest = audit.page(connection, limit=1).items[0]
    assert (newest.actor, newest.action) == ("engine", "forget_what_is_old")
    before = newest.seq
    assert forget_what_is_old(database, kept, NOON) == Forgotten()
    with database.reading() as connection:
        assert audit.page(connection, limit=1).items[0].seq == before, "nothing to do leaves no trace"


def test_a_stranger_who_wrote_to_us_is_known_until_staff_took_care_of_it(database: Database, keyring: Keyring) -> None:
    listener, wanted = Listener(database, keyring, load_replies()), Kept(unused_addresses=False)
    with database.writing() as tx:
        add_endpoint(tx)
        endpoint = endpoints.get(tx, "text")
    text, other = (Reply(f"+1202555010{n}", f"SM{n}", "Is the shelter open?") for n in range(2))
    assert take_reply(listener, endpoint, text, NOON) is Effect.FOR_STAFF
    assert forget_what_is_old(database, wanted, NOON + timedelta(days=80)) == Forgotten()
    with database.reading() as connection:
        (row,) = hearing.page(connection, waiting=True).items
    assert row.address == "+12025550100"
    handle_reply(database, HOST, row.id, NOON)
    assert forget_what_is_old(database, wanted, NOON) == Forgotten(addresses=1)
    take_reply(listener, endpoint, other, NOON)
    late = Kept(unused_addresses=False, replies=timedelta(days=90))
    assert forget_what_is_old(database, late, NOON + timedelta(days=91)).addresses == 1, "with its words"


def test_an_address_nobody_has_is_blanked_once_no_delivery_is_remembered(database: Database, keyring: Keyring) -> None:
    places = [{"medium": "sms", "address": f"+44207183880{n}"} for n in range(2)]
    save_subscriber(database, keyring, HOST, "C-1", {"addresses": places[:1]}, NOON)
    save_subscriber(database, keyring, HOST, "C-2", {"addresses": places[1:]}, NOON)
    remove_subscriber(database, HOST, "C-1", NOON)
    with database.writing() as tx:
        gone = addresses.resolve(tx, keyring, Medium.SMS, "+442071838800")
    suppress_address(database, keyring, HOST, Medium.SMS, "+442071838800", "asked", NOON)
    with database.writing() as tx:
        sent = small_broadcast(tx, 3)
        tx.execute(update(broadcast).values(state="ended"))
    assert forget_what_is_old(database, Kept(), NOON) == Forgotten(), "only when the organisation wants it"
    wanted = Kept(unused_addresses=False)
    assert forget_what_is_old(database, wanted, NOON) == Forgotten(addresses=1)
    with database.writing() as tx:
        assert addresses.get(tx, gone).value is None
        assert addresses.resolve(tx, keyring, Medium.SMS, "+442071838800") == gone
        assert addresses.suppressed(tx, [gone]), "STOP outlives the address"
        known = select(address.c.id).where(address.c.value.is_not(None))
        assert len(tx.execute(known).all()) == 4, "the delivered ones and the one somebody has"
    later = NOON + timedelta(weeks=60)
    weeks = Kept(deliveries_weeks=52, unused_addresses=False)
    assert forget_what_is_old(database, weeks, later) == Forgotten(broadcasts=1, addresses=3)
    with database.reading() as connection:
        assert connection.execute(select(recipient)).all() == []
        assert connection.scalar(select(broadcast.c.forgotten).where(broadcast.c.id == sent)) == 1
    assert forget_what_is_old(database, weeks, later) == Forgotten()
