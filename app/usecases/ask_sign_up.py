"""Note that somebody wants to be written to. The same is done for every address, known, stopped or new."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from app.domain.message import Medium
from app.domain.sign_ups import (
    DEVICES_PER_NETWORK,
    DEVICES_PER_SERVICE,
    NETWORKS,
    PER_NETWORK,
    PER_SERVICE,
    Asking,
    neighbours_of,
    network_of,
)
from app.errors import Problem, Unavailable
from app.keyring import Keyring
from app.store import addresses, sign_ups
from app.store.database import Database


def ask_sign_up(
    db: Database,
    keyring: Keyring,
    asking: Asking,
    host: str,
    text_version: str,
    now: datetime,
    beside: int | None = None,
) -> int:
    """Its number. What becomes of it is decided later, by `engine.confirming`, so that nobody learns it here.

    `beside`: the address by whose personal link it is asked for.
    Raise Unavailable (code `too_many_forms`) for too many forms from one place, or of all the world together.
    """
    place = (asking.medium, asking.value)
    digest = addresses.hashes(keyring, [place])[place]
    key = keyring.key(NETWORKS)
    network, row = _keyed(key, network_of(host)), neighbours_of(asking)
    alike = _keyed(key, f"beside {row}") if row else None
    with db.writing() as tx:
        device = asking.medium is Medium.PUSH
        here, everywhere = (DEVICES_PER_NETWORK, DEVICES_PER_SERVICE) if device else (PER_NETWORK, PER_SERVICE)
        if (
            sign_ups.asked_since(tx, now - here[1], network, devices=device) >= here[0]
            or sign_ups.asked_since(tx, now - everywhere[1], devices=device) >= everywhere[0]
        ):
            raise Unavailable(
                Problem("too_many_forms", "There were too many forms.", "", "Come back in a few hours."), 3_600.0
            )
        return sign_ups.add(tx, asking, digest, network, alike, text_version, now, beside)


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)[:16]
