"""Keep what a provider told us about deliveries; the engine folds it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.clock import to_ms
from app.domain.message import Receipt
from app.domain.reference import decode
from app.store import receipts
from app.store.database import Database
from app.store.receipts import RawReceipt


@dataclass(frozen=True, slots=True)
class Recorded:
    new: int
    repeated: int
    not_ours: int
    """Their reference was not made here; they change nothing."""


def record_receipts(
    db: Database, endpoint_id: int, heard: Sequence[Receipt], now: datetime, *, reference_key: bytes
) -> Recorded:
    """One short transaction. The same event twice is kept once; a reference we did not sign is dropped and counted."""
    rows = ours(endpoint_id, heard, now, reference_key)
    new = sum(keep(db, rows))
    return Recorded(new, len(rows) - new, len(heard) - len(rows))


def keep(db: Database, rows: Sequence[RawReceipt]) -> list[bool]:
    """Commit them together; for each whether it was new."""
    if not rows:
        return []
    with db.writing() as tx:
        return receipts.store(tx, rows)


def ours(endpoint_id: int, heard: Sequence[Receipt], now: datetime, reference_key: bytes) -> list[RawReceipt]:
    """Those whose reference was made with our key, as they are kept."""
    now_ms = to_ms(now)
    return [row for one in heard if (row := _row(endpoint_id, one, now_ms, reference_key)) is not None]


def _row(endpoint_id: int, receipt: Receipt, now_ms: int, reference_key: bytes) -> RawReceipt | None:
    key = decode(receipt.reference, reference_key)
    if key is None:
        return None
    return RawReceipt(
        broadcast=key.broadcast,
        endpoint=endpoint_id,
        event_id=receipt.event_id,
        medium=key.medium,
        address_id=key.address_id,
        attempt=key.attempt,
        kind=receipt.kind,
        code=receipt.code,
        provider_id=receipt.provider_id,
        at_ms=to_ms(receipt.at) if receipt.at else now_ms,
        heard_ms=now_ms,
        raw=receipt.raw or f"{receipt.kind.value} {receipt.code}".strip(),
    )
