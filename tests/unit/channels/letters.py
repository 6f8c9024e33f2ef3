"""Messages and recipients for the tests of channels."""

from __future__ import annotations

from dataclasses import replace

from app.domain.message import Batch, Medium, Message, Recipient
from tests.conftest import NOON

MANAGE = {"manage_url": "https://clarion.example/u/tok?a=1&b=2"}


def message(medium: Medium = Medium.SMS, **changes: object) -> Message:
    plain = Message(
        medium=medium,
        language="eo",
        text="La kurento mankas ĝis 14:30.",
        subject="La kurento mankas",
        link="https://clarion.example/eo/crises/storm",
        key="update-7-1-eo",
        created_at=NOON,
        valid_seconds=1800,
        data={"crisis": "storm", "update": 7, "revision": 1, "seq": 3},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of Message by name


def batch(words: Message, *addresses: str, fields: dict[str, str] | None = None, callback: str = "") -> Batch:
    people = (
        Recipient(address, f"ref{number}", callback, fields or {}) for number, address in enumerate(addresses, start=1)
    )
    return Batch(words, tuple(people))
