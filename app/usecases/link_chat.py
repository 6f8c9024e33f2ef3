"""A chat is linked to a person: by the token of their personal page, handed in from that very chat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.domain.consent import How, Said
from app.domain.manage import PURPOSE, read_manage_token
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.topics import EVERYTHING
from app.keyring import Keyring
from app.store import addresses, audit, consents, people, wishes
from app.usecases.confirm_sign_up import READER, one_more
from app.usecases.save_subscriber import SUBJECT


def link_chat(tx: Connection, keyring: Keyring, medium: Medium, chat: str, token: str, now: datetime) -> int | None:
    """The chat's address id; None for a token that is none, or of an address that several people or nobody has.

    Whoever holds the link and writes from the chat is one person: pressing "Start" is their consent, and takes back
    an earlier STOP of theirs in this chat.
    """
    managed = read_manage_token(keyring.key(PURPOSE), token)
    if managed is None:
        return None
    holders = people.at_address(tx, managed.address_id)
    if len(holders) != 1 or not any(
        one.address_id == managed.address_id and one.value and MEDIUM_CODES[one.medium] == managed.medium
        for one in holders[0].addresses
    ):
        return None
    (holder,) = holders
    address_id = addresses.resolve(tx, keyring, medium, chat)
    addresses.restore(tx, address_id, chat)
    if address_id not in {one.address_id for one in holder.addresses}:
        one_more(tx, holder, medium, address_id)
    addresses.take_back_stop(tx, address_id)
    wishes.wish_for_everything(tx, address_id)
    consents.record(tx, {holder.id: [Said(medium, EVERYTHING, True, How.CHAT)]}, READER, now)
    audit.append(tx, READER, "link_chat", SUBJECT, {"subscriber": holder.id, "medium": medium.value}, now)
    return address_id
