"""Remember a text before it is handed to a provider, so that the website can show it word for word."""

from __future__ import annotations

import hashlib
from datetime import datetime

from app.domain.message import Medium, Message
from app.store import publishing, said
from app.store.database import Database
from app.store.said import SaidRow

READ_BY_PEOPLE = frozenset({Medium.SMS, Medium.SOCIAL, Medium.EMAIL, Medium.CHAT, Medium.PUSH, Medium.VOICE})


def keep_said(db: Database, update_id: int, revision: int, message: Message, as_of: str, now: datetime) -> bool:
    """Whether it was new. `as_of`: the sentence in the text that only tells the time; texts that differ in nothing
    else are one.

    What no person reads (site, webhook) is not kept. The website is asked to show what is new.
    """
    if message.medium not in READ_BY_PEOPLE:
        return False
    same = message.text.replace(as_of, "") if as_of else message.text
    whole = "\0".join((str(revision), message.medium.value, message.language, message.subject, same))
    row = SaidRow(
        update_id=update_id,
        digest=hashlib.sha256(whole.encode()).hexdigest()[:32],
        revision=revision,
        medium=message.medium.value,
        language=message.language,
        subject=message.subject,
        text=message.text,
        at=now,
    )
    with db.writing() as tx:
        kept = said.keep(tx, row)
        if kept:
            publishing.request(tx, "said", now)
    return kept
