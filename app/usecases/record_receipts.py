"""Keep what a provider told us about deliveries; the engine folds it in."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.clock import to_ms
from app.domain.message import Receipt
from app.domain.reference import decode
from app.errors import Problem, Unavailable
from app.store import receipts
from app.store.database import Database
from app.store.receipts import RawReceipt

PATIENCE_SECONDS: Final = 15.0
"""For the transaction of others; past it the provider is asked to send again."""


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
    return Intake(db, reference_key).take(endpoint_id, heard, now)


@dataclass(slots=True)
class _Parcel:
    rows: list[RawReceipt]
    kept: threading.Event = field(default_factory=threading.Event)
    new: int | None = None
    """None = its transaction failed."""


class Intake:
    """Callbacks come by the thousand: those that arrive while one transaction is under way share the next one.

    Every caller returns after the commit that holds its receipts, so a provider is never told “taken” too early.
    """

    def __init__(self, db: Database, reference_key: bytes) -> None:
        self._db = db
        self._reference_key = reference_key
        self._guard = threading.Lock()
        self._waiting: list[_Parcel] = []
        self._busy = False

    def take(self, endpoint_id: int, heard: Sequence[Receipt], now: datetime) -> Recorded:
        """Raise what the database raises, or Unavailable; then the provider sends it again."""
        rows = [row for one in heard if (row := _row(endpoint_id, one, now, self._reference_key)) is not None]
        if not rows:
            return Recorded(0, 0, len(heard))
        parcel = _Parcel(rows)
        with self._guard:
            self._waiting.append(parcel)
            leads, self._busy = not self._busy, True
        if leads:
            self._commit()
        else:
            parcel.kept.wait(PATIENCE_SECONDS)
        if parcel.new is None:
            raise _not_kept()
        return Recorded(parcel.new, len(rows) - parcel.new, len(heard) - len(rows))

    def _commit(self) -> None:
        """Whoever comes first commits for everybody, until nobody waits. After a failure all who wait are told."""
        parcels = self._next()
        try:
            while parcels:
                self._keep(parcels)
                for parcel in parcels:
                    parcel.kept.set()
                parcels = self._next()
        finally:
            if parcels:
                self._give_up(parcels)

    def _give_up(self, parcels: Sequence[_Parcel]) -> None:
        with self._guard:
            left, self._waiting, self._busy = [*parcels, *self._waiting], [], False
        for parcel in left:
            parcel.kept.set()

    def _next(self) -> list[_Parcel]:
        with self._guard:
            parcels, self._waiting = self._waiting, []
            self._busy = bool(parcels)
        return parcels

    def _keep(self, parcels: Sequence[_Parcel]) -> None:
        with self._db.writing() as tx:
            new = iter(receipts.store(tx, [row for parcel in parcels for row in parcel.rows]))
            counted = [sum(next(new) for _ in parcel.rows) for parcel in parcels]
        for parcel, count in zip(parcels, counted, strict=True):
            parcel.new = count


def _not_kept() -> Unavailable:
    return Unavailable(
        Problem("receipt_not_kept", "The receipts could not be kept; nothing was changed.", "", "Send them again.")
    )


def _row(endpoint_id: int, receipt: Receipt, now: datetime, reference_key: bytes) -> RawReceipt | None:
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
        at_ms=to_ms(receipt.at or now),
        raw=f"{receipt.kind.value} {receipt.code}".strip(),
    )
