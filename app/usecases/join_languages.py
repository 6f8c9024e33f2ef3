"""One message in two languages, for people who read none that the update is written in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.domain.fitting import measure, segments
from app.domain.message import Limits, Medium, Message
from app.errors import Problem
from app.usecases.announcing import Composed

_BETWEEN_LETTERS: Final = "\n\n* * *\n\n"
_BODY: Final = re.compile("<body[^>]*>(.*)</body>", re.DOTALL)


def join(each: Sequence[Composed], limits: Limits) -> Composed:
    """The texts one under the other, where the medium carries them; else the first, with a note for staff."""
    first, *others = each
    whole = _joined([one.message for one in each])
    measured = measure(whole.text, limits)
    notes = tuple(dict.fromkeys(note for one in each for note in one.notes))
    if others and measured.fits:
        now = segments(whole.text).parts if whole.medium is Medium.SMS else 0
        reserved = max(now, sum(one.reserved for one in each))
        return replace(first, message=whole, measure=measured, notes=notes, reserved=reserved)
    told = ", ".join(f"“{one.message.language}”" for one in each)
    sentence = f"The {first.message.medium} text has no room for {told} in one message."
    remedy = "Readers of neither get the first; shorten headline and impact."
    note = Problem("bilingual_dropped", sentence, f"content.{first.message.language}", remedy)
    return replace(first, notes=(*notes, note))


def _joined(messages: Sequence[Message]) -> Message:
    first = messages[0]
    between = _BETWEEN_LETTERS if first.medium is Medium.EMAIL else "\n\n"
    text = between.join(one.text for one in messages)
    subject = " / ".join(one.subject for one in messages if one.subject)
    html = first.html
    for one in messages[1:]:
        inner = _BODY.search(one.html)
        if html and inner:
            part = f'<hr><div lang="{one.language}">{inner[1]}</div></body>'
            html = part.join(html.rsplit("</body>", 1))
    identity = "\0".join((*(one.key for one in messages), text))
    return replace(first, text=text, subject=subject, html=html, key=hashlib.sha256(identity.encode()).hexdigest()[:32])
