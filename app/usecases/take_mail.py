"""Take a mail that came back to us: a bounce, a complaint, or nothing of ours."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from app.domain.endpoints import Endpoint
from app.domain.message import Channel, ReadsReports, Receipt, ReceiptKind
from app.errors import Invalid, Problem
from app.observe import RECEIPTS
from app.store.database import Database
from app.usecases.record_receipts import record_receipts


class TakenMail(StrEnum):
    TAKEN = "taken"
    REPEATED = "repeated"
    """The same was told before."""
    NOT_OURS = "not_ours"
    """A report, but about no delivery that we signed."""
    NO_REPORT = "no_report"
    """Any other mail: somebody's answer, an advertisement."""


def take_mail(
    db: Database, endpoint: Endpoint, channel: Channel, raw: bytes, now: datetime, *, reference_key: bytes
) -> tuple[TakenMail, ReceiptKind | None]:
    """What became of it, and what it said. Proven by our signed reference in it, so nobody needs a role.

    Raise Invalid when this endpoint's provider reports in another way.
    """
    if not isinstance(channel, ReadsReports):
        sentence, remedy = (
            f"Nothing comes back to “{endpoint.slug}” as mail.",
            "Name an endpoint of channel email_smtp.",
        )
        raise Invalid(Problem("reports_otherwise", sentence, "endpoint", remedy))
    told: list[Receipt] = list(channel.mailed(raw))
    if not told:
        return TakenMail.NO_REPORT, None
    recorded = record_receipts(db, endpoint.id, told, now, reference_key=reference_key)
    kind = told[0].kind
    if recorded.new:
        RECEIPTS.labels(endpoint.slug, kind.value).inc(recorded.new)
        return TakenMail.TAKEN, kind
    return (TakenMail.REPEATED if recorded.repeated else TakenMail.NOT_OURS), kind
