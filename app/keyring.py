"""One secret, many keys: each purpose gets its own key (HKDF-SHA256, RFC 5869), so none can stand in for another."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import Invalid, Problem


class Keyring:
    """Keys derived from CLARION_SECRET_KEY. Several secrets, comma-separated: the first seals, all open."""

    def __init__(self, secret: str) -> None:
        self._secrets = [part.strip() for part in secret.split(",") if part.strip()]
        if not self._secrets:
            raise ValueError("the secret key is empty")

    def key(self, purpose: str, *, size: int = 32) -> bytes:
        """The key of the oldest secret: hashes stored with it stay findable after a rotation."""
        return _derive(self._secrets[-1], purpose, size)

    @cached_property
    def _box(self) -> MultiFernet:
        return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(secret, "seal", 32))) for secret in self._secrets])

    def seal(self, plain: bytes) -> bytes:
        return self._box.encrypt(plain)

    def unseal(self, sealed: bytes) -> bytes:
        """Raise Invalid when none of the configured secrets opens it."""
        try:
            return self._box.decrypt(sealed)
        except InvalidToken as error:
            raise Invalid(
                Problem(
                    "secret_unreadable",
                    "A stored secret cannot be opened with this CLARION_SECRET_KEY.",
                    "settings",
                    "Start with the key it was saved under, or enter the secret again.",
                )
            ) from error

    def address_hash(self, medium_code: int, value: str) -> bytes:
        """16 bytes that stand for an address: the same address gives the same hash, no hash gives an address."""
        return hmac.digest(self._address_key, f"{medium_code}:{value}".encode(), hashlib.sha256)[:16]

    @cached_property
    def _address_key(self) -> bytes:
        return self.key("address")


def _derive(secret: str, purpose: str, size: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=b"clarion", info=purpose.encode()).derive(secret.encode())
