"""Everything we hold of one person, as one document: what they may ask for."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.domain.principals import Actor, permit
from app.domain.reading import iso
from app.keyring import Keyring
from app.store import audit, consents, hearing, sign_ups, subscribers, traces
from app.store.database import Database
from app.store.hearing import InboundRow
from app.store.sign_ups import SignUpRow
from app.usecases.handle_reply import words_of


def export_subscriber(db: Database, keyring: Keyring, actor: Actor, external_id: str, now: datetime) -> dict[str, Any]:
    """The person, their addresses in the clear, what they said with its proof, every message meant for them and
    what came back.

    That somebody asked is kept in the audit trail. Raise NotFound.
    """
    permit(actor, "export_subscriber")
    with db.writing() as tx:
        row = subscribers.get(tx, external_id)
        places = [one.address_id for one in row.addresses]
        stopped = traces.stops(tx, places)
        document = {
            "exported_at": iso(now),
            "subscriber": {
                "external_id": row.external_id,
                "name": row.name,
                "languages": list(row.languages),
                "timezone": row.timezone,
                "area": row.area,
                "attributes": dict(row.attributes),
                "standing": row.standing,
                "preferred_medium": row.preferred_medium,
                "updated_at": iso(row.updated_at),
            },
            "addresses": [
                {
                    "medium": one.medium.value,
                    "address": one.value,
                    "preferred": one.preferred,
                    "stopped": None
                    if one.address_id not in stopped
                    else {"reason": stopped[one.address_id][0], "at": iso(stopped[one.address_id][1])},
                }
                for one in row.addresses
            ],
            "consents": [one.to_document() for one in consents.of(tx, [row.id]).get(row.id, ())],
            "consents_said": [one.to_document() for one in consents.history(tx, row.id)],
            "sign_ups": [_sign_up(one) for one in sign_ups.of_addresses(tx, traces.hashes(tx, places))],
            "replies": [_reply(keyring, one) for one in hearing.of_addresses(tx, places)],
            "messages": [_message(one) for one in traces.messages(tx, places)],
        }
        audit.append(tx, actor.name, "export_subscriber", f"subscriber/{row.id}", {}, now)
    return document


def _reply(keyring: Keyring, one: InboundRow) -> dict[str, Any]:
    text = words_of(keyring, one)
    return {"at": iso(one.heard_at), "medium": one.medium.value, "keyword": one.keyword, "text": text}


def _message(one: traces.Message) -> dict[str, Any]:
    return {
        **asdict(one),
        "medium": one.medium.value,
        "sent_at": iso(one.sent_at) if one.sent_at else None,
        "attempts": [
            {"attempt": number, "result": result, "reason": reason, "at": iso(at)}
            for number, result, reason, at in one.attempts
        ],
    }


def _sign_up(one: SignUpRow) -> dict[str, Any]:
    asking = one.asking
    return {
        "medium": asking.medium.value,
        "language": asking.language,
        "area": asking.area,
        "topics": list(asking.topics),
        "text_version": one.text_version,
        "at": iso(one.at),
        "confirmed_at": iso(one.confirmed_at) if one.confirmed_at else None,
    }
