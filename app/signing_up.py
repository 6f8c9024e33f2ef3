"""What the settings say about people who subscribe themselves, and about how long anything of them is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from app.clock import Clock
from app.domain.branding import SLUG, Branding
from app.domain.message import Medium
from app.domain.prices import read_price
from app.domain.sign_ups import ASSUMED_PRICE, Policy
from app.engine.confirming import Confirmer
from app.engine.fleet import OpenChannel
from app.keyring import Keyring
from app.publishing.building import Press
from app.publishing.subscribe_pages import confirmation
from app.settings import Settings
from app.store import documents
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.forget_what_is_old import Kept, forget_what_is_old


def sign_up_policy(settings: Settings) -> Policy:
    price = read_price(settings.sms_part_price)
    return Policy(
        media=frozenset(Medium(one) for one in _listed(settings.sign_up_media) if one in set(Medium)),
        countries=frozenset(one.upper() for one in _listed(settings.sign_up_countries)),
        endpoints=frozenset(_listed(settings.sign_up_endpoints)),
        part_price=price.amount if price else ASSUMED_PRICE,
        daily_cost=settings.sign_up_daily_cost,
    )


def kept(settings: Settings) -> Kept:
    return Kept(
        deliveries_weeks=settings.keep_deliveries_weeks or None,
        replies=timedelta(days=settings.keep_replies_days) or None,
        sign_ups=timedelta(days=settings.keep_sign_ups_days) or None,
        unused_addresses=settings.keep_unused_addresses,
    )


def forgetting(db: Database, settings: Settings) -> Callable[[datetime], object]:
    return partial(forget_what_is_old, db, kept(settings))


def open_confirmer(
    db: Database, keyring: Keyring, open_channel: OpenChannel, clock: Clock, press: Press, settings: Settings
) -> Confirmer:
    say = partial(confirmation_words, db, press, clock)
    policy = sign_up_policy(settings)
    return Confirmer(db, keyring, open_channel, say, clock, settings.timings, policy, settings.public_base)


def confirmation_words(
    db: Database, press: Press, clock: Clock, language: str, medium: Medium, link: str
) -> tuple[str, str]:
    """Subject and text, in the name the organisation has now."""
    with db.reading() as connection:
        row = documents.find(connection, Kind.ORGANISATION, SLUG)
    worn = press.wearing(Branding.from_document(row.document)) if row else press
    return confirmation(worn, language, medium, link, clock.now())


def _listed(text: str) -> list[str]:
    return text.replace(",", " ").split()
