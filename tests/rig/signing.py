"""Real signatures, as the providers make them."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]


def sign_twilio(token: str, url: str, form: dict[str, str]) -> str:
    """X-Twilio-Signature of a form posted to `url` exactly as written."""
    return str(RequestValidator(token).compute_signature(url, form))


class EventKey:
    """The ECDSA P-256 key behind SendGrid's signed event webhook, new for every rig."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        """Base64 SubjectPublicKeyInfo, as SendGrid shows it."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def sign(self, timestamp: str, body: bytes) -> str:
        """Base64 DER signature over the timestamp's text followed by the raw body."""
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(signature).decode()
