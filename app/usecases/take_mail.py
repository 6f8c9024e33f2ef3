"""Take a mail that came to us: a bounce, a complaint, or what somebody wrote back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from app.domain.endpoints import Endpoint
from app.domain.letters import Letter, NoLetter, read_letter
from app.domain.message import Channel, ReadsReports, Receipt, ReceiptKind
from app.domain.replying import Effect
from app.observe import RECEIPTS
from app.store.database import Database
from app.usecases.record_receipts import record_receipts
from app.usecases.take_letter import Unread, take_letter
from app.usecases.take_reply import Listener


class TakenMail(StrEnum):
    TAKEN = "taken"
    REPEATED = "repeated"
    """The same was told before."""
    NOT_OURS = "not_ours"
    """A report, but about no delivery that we signed."""
    NO_REPORT = "no_report"
    """Any other mail: somebody's answer, an advertisement."""
    LETTER = "letter"
    """Somebody's answer, kept."""
    LEFT_ALONE = "left_alone"
    """A mail that no person wrote, or too many of them."""


def take_mail(
    db: Database, endpoint: Endpoint, channel: Channel, raw: bytes, now: datetime, *, reference_key: bytes
) -> tuple[TakenMail, ReceiptKind | None]:
    """What became of a report, and what it said. Proven by our signed reference in it, so nobody needs a role."""
    if not isinstance(channel, ReadsReports):
        return TakenMail.NO_REPORT, None
    told: list[Receipt] = list(channel.mailed(raw))
    if not told:
        return TakenMail.NO_REPORT, None
    recorded = record_receipts(db, endpoint.id, told, now, reference_key=reference_key)
    kind = told[0].kind
    if recorded.new:
        RECEIPTS.labels(endpoint.slug, kind.value).inc(recorded.new)
        return TakenMail.TAKEN, kind
    return (TakenMail.REPEATED if recorded.repeated else TakenMail.NOT_OURS), kind


def take_any_mail(
    listener: Listener, endpoint: Endpoint, channel: Channel, raw: bytes, now: datetime, *, reference_key: bytes
) -> tuple[TakenMail, str]:
    """A report, else a letter; with it what the report said, what the letter did, or why it was left alone.

    Raise Invalid: this endpoint sends no mail.
    """
    taken, kind = take_mail(listener.db, endpoint, channel, raw, now, reference_key=reference_key)
    if taken is not TakenMail.NO_REPORT:
        return taken, kind.value if kind else ""
    return keep_letter(listener, endpoint, read_letter(raw), now, reference_key=reference_key)


def keep_letter(
    listener: Listener, endpoint: Endpoint, letter: Letter | NoLetter, now: datetime, *, reference_key: bytes
) -> tuple[TakenMail, str]:
    """The same for what has been read already. Raise Invalid."""
    if isinstance(letter, NoLetter):
        return TakenMail.LEFT_ALONE, letter.value
    done = take_letter(listener, endpoint, letter, now, reference_key=reference_key)
    if done is Unread.REPEATED:
        return TakenMail.REPEATED, ""
    return (TakenMail.LETTER if isinstance(done, Effect) else TakenMail.LEFT_ALONE), done.value
