"""Open knowledge that usually needs a login: make a signed pass for its addresses until a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain import open_links
from app.domain.help_library import HelpLink, OpenResource
from app.domain.principals import Actor, permit
from app.domain.reading import iso
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import audit, documents, revoked_passes
from app.store.database import Database
from app.store.documents import Kind


@dataclass(frozen=True, slots=True)
class Opened:
    token: str
    opens: OpenResource
    urls: tuple[str, ...]
    """The addresses asked for, each with the pass in it."""


def open_knowledge(
    db: Database, keyring: Keyring, actor: Actor, opens: OpenResource, urls: tuple[str, ...], now: datetime
) -> Opened:
    """Nothing is stored but the audit entry. Raise Invalid: a pattern too wide, an end past or too far, an address
    that the pattern does not open, a pass that was taken back.
    """
    permit(actor, "open_knowledge")
    whole = OpenResource(opens.url_pattern, opens.until.replace(microsecond=0))
    problems = [*open_links.faults(whole, now)]
    problems += [
        Problem("not_opened", f"The pattern does not open {url}.", f"urls[{place}]", "Widen the pattern.")
        for place, url in enumerate(urls)
        if not problems and not open_links.matches(whole.url_pattern, url)
    ]
    if problems:
        raise Invalid(problems)
    key = keyring.key(open_links.PURPOSE)
    token = open_links.make_pass(key, whole)
    with db.writing() as tx:
        if open_links.pass_hash(token) in revoked_passes.hashes(tx, now):
            raise Invalid(
                Problem(
                    "pass_revoked", "Exactly this pass was taken back.", "until", "Choose another end: a second more."
                )
            )
        body = {"url_pattern": whole.url_pattern, "until": iso(whole.until)}
        audit.append(tx, actor.name, "open_knowledge", whole.url_pattern[:200], body, now)
    return Opened(token, whole, tuple(open_links.signed_url(key, whole, url) for url in urls))


def close_knowledge(db: Database, keyring: Keyring, actor: Actor, token: str, now: datetime) -> datetime:
    """Take a pass back; the end it would have had. Harmless to repeat. Raise Invalid for one that is not ours."""
    permit(actor, "open_knowledge")
    until = open_links.check_pass(keyring.key(open_links.PURPOSE), token, "", now).until
    if until is None:
        raise Invalid(Problem("pass_not_genuine", "This is no pass of ours.", "token", "Copy all of it."))
    with db.writing() as tx:
        revoked_passes.add(tx, open_links.pass_hash(token), until, actor.name, now)
        audit.append(tx, actor.name, "close_knowledge", open_links.pass_hash(token).hex(), {"until": iso(until)}, now)
    return until


def opened_by(db: Database, slug: str) -> tuple[OpenResource, tuple[str, ...]]:
    """What a help link opens, and its address in each of its languages. Raise NotFound, or Invalid when it opens
    nothing.
    """
    with db.reading() as connection:
        link = HelpLink.from_document(documents.get(connection, Kind.HELP_LINK, slug).document)
    if link.opens is None:
        raise Invalid(
            Problem("nothing_opened", f"The help link “{slug}” opens nothing.", "help_link", "Give it open_resources.")
        )
    return link.opens, tuple(dict.fromkeys(link.url_in(language) for language in link.languages))


def hand_out_key(db: Database, keyring: Keyring, actor: Actor, now: datetime) -> bytes:
    """The key with which a website checks passes by itself. Whoever has it can make passes, and nothing else."""
    permit(actor, "hand_out_key")
    with db.writing() as tx:
        audit.append(tx, actor.name, "hand_out_key", open_links.PURPOSE, {}, now)
    return keyring.key(open_links.PURPOSE)
