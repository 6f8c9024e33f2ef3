"""Addresses as staff may see them: enough to recognise one, not enough to use it."""

from __future__ import annotations

from app.domain.devices import mask_device
from app.domain.message import PERSONAL_MEDIA, Medium


def mask(medium: Medium, value: str | None) -> str:
    """`+44•••••••123`, `a•••@example.org`, `fcm.googleapis.com •••x7Q`; an erased address is `erased`.

    Sites and accounts stay as they are.
    """
    if value is None:
        return "erased"
    if medium is Medium.PUSH and value.startswith("https://"):
        return mask_device(value)
    if medium is Medium.CHAT:
        return f"{value[:2]}•••" if value else value
    return _masked(value) if medium in PERSONAL_MEDIA else value


def _masked(value: str) -> str:
    local, at, domain = value.partition("@")
    if at:
        return f"{local[:1]}•••@{domain}"
    if len(value) <= 6:
        return "•" * len(value)
    return f"{value[:3]}{'•' * (len(value) - 6)}{value[-3:]}"
