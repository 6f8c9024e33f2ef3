"""Configure a way out: a sender, an account, a website."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.endpoints import ChannelFacts, Endpoint, sealed_settings, split_settings, with_fresh
from app.domain.principals import Actor, permit
from app.domain.reading import Reader
from app.domain.staff_notices import NoticeKind
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import audit, endpoints
from app.store.database import Database
from app.store.endpoints import EndpointValues
from app.usecases.tell_staff import staff_notice_is_over

HIGHEST_RATE: Final = 100_000.0


def save_endpoint(
    db: Database,
    keyring: Keyring,
    describe: Callable[[str], ChannelFacts | None],
    actor: Actor,
    slug: str,
    document: Mapping[str, object],
    expected_revision: int | None,
    now: datetime,
) -> Endpoint:
    """`document`: {channel, settings{}, rate_per_second?, weight?, fallback_for?}; `describe` gives None for a
    channel nobody wrote.

    Secret settings are sealed before they are stored and never given back; `***` keeps the stored one while it is sent
    to the same address. What the channel makes itself (a key pair) is made once, where none is given. Saving lifts a
    halt. Raise Invalid with one Problem per fault, Conflict `stale_edit`.
    """
    permit(actor, "save_endpoint")
    read = Reader({**document, "slug": slug})
    read.only("slug", "channel", "settings", "rate_per_second", "weight", "fallback_for", "medium")
    read.slug()
    name = read.text("channel", required=True, longest=64, lines=False)
    weight = read.number("weight", 1, 1_000) or 1
    fallback_for = read.slug("fallback_for", required=False) or None
    rate = _rate(read)
    facts = describe(name) if name else None
    if name and facts is None:
        read.problem("unknown_channel", "channel", f"names “{name}”, which nobody wrote", "List the channels.")
    if facts is not None and document.get("medium", facts.medium.value) != facts.medium.value:
        read.problem("wrong_medium", "medium", f"must be {facts.medium.value} for {name}", "Leave it out.")
    read.done()
    assert facts is not None  # noqa: S101 - done() raised otherwise
    with db.writing() as tx:
        before = endpoints.find(tx, slug)
        _check_fallback(tx, slug, fallback_for, facts)
        kept = sealed_settings(before, keyring.unseal) if before and before.channel == name else {}
        stored = {**before.settings, **kept} if before and before.channel == name else {}
        there = before.settings if kept and before else None
        plain, secret = split_settings(facts, with_fresh(facts, read.mapping("settings"), stored), kept, there)
        sealed = keyring.seal(json.dumps(secret).encode()) if secret else b""
        values = EndpointValues(name, facts.medium, plain, sealed, rate or facts.rate_per_second, weight, fallback_for)
        row = endpoints.save(tx, slug, values, expected_revision)
        staff_notice_is_over(tx, NoticeKind.ENDPOINT_HALTED, slug, now)
        body = {"revision": row.revision, "channel": name, "settings": plain, "secrets": sorted(secret)}
        audit.append(tx, actor.name, "save_endpoint", f"endpoint/{slug}", body, now)
    return row


def _rate(read: Reader) -> float | None:
    rate = read.raw("rate_per_second")
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= HIGHEST_RATE:
        read.problem("bad_number", "rate_per_second", "must be above 0", "State what the provider allows this sender.")
        return None
    return float(rate)


def _check_fallback(tx: Connection, slug: str, fallback_for: str | None, facts: ChannelFacts) -> None:
    if fallback_for is None:
        return
    other = endpoints.find(tx, fallback_for)
    if other is None or other.medium is not facts.medium or fallback_for == slug:
        raise Invalid(
            Problem(
                "bad_fallback",
                f"“{fallback_for}” is not another {facts.medium.value} endpoint.",
                "fallback_for",
                "Name an endpoint of the same medium, or leave it out.",
            )
        )
