"""What an SMTP server's reply means: by its enhanced code where there is one, else by the basic one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from channels.base import Failure, FailureKind


class Stage(IntEnum):
    """How far a transaction has come."""

    CONNECT = 0
    MAIL = 1
    RECIPIENT = 2
    DATA = 3
    ACCEPTING = 4
    """The letter has been written; only now can a silence be an acceptance."""


# https://www.iana.org/assignments/smtp-enhanced-status-codes (RFC 3463, 5248). Permanent codes, "5." left out.
ENHANCED: Final[Mapping[str, FailureKind]] = {
    "1.0": FailureKind.RECIPIENT,
    "1.1": FailureKind.RECIPIENT,
    "1.2": FailureKind.RECIPIENT,
    "1.3": FailureKind.RECIPIENT,
    "1.4": FailureKind.RECIPIENT,
    "1.6": FailureKind.RECIPIENT,
    "1.7": FailureKind.ACCOUNT,
    "1.8": FailureKind.ACCOUNT,
    "1.10": FailureKind.RECIPIENT,
    "2.0": FailureKind.RECIPIENT,
    "2.1": FailureKind.RECIPIENT,
    # A full mailbox may empty: tried again, whatever the server calls it.
    "2.2": FailureKind.NOT_ACCEPTED,
    "2.3": FailureKind.CONTENT,
    "3.4": FailureKind.CONTENT,
    "6.0": FailureKind.CONTENT,
    "6.7": FailureKind.RECIPIENT,
    # Policy: the words, unless the reply is about relaying or comes before them (see `classify`).
    "7.1": FailureKind.CONTENT,
    "7.0": FailureKind.ACCOUNT,
    "7.8": FailureKind.ACCOUNT,
    "7.9": FailureKind.ACCOUNT,
    "7.13": FailureKind.RECIPIENT,
    "7.23": FailureKind.ACCOUNT,
    "7.25": FailureKind.ACCOUNT,
    "7.26": FailureKind.ACCOUNT,
    "7.27": FailureKind.ACCOUNT,
}

# RFC 5321 4.2.3 and RFC 4954 6, for servers without enhanced codes.
BASIC: Final[Mapping[int, FailureKind]] = {
    530: FailureKind.ACCOUNT,
    534: FailureKind.ACCOUNT,
    535: FailureKind.ACCOUNT,
    538: FailureKind.ACCOUNT,
    550: FailureKind.RECIPIENT,
    551: FailureKind.RECIPIENT,
    552: FailureKind.NOT_ACCEPTED,
    553: FailureKind.RECIPIENT,
    555: FailureKind.OURS,
}

SPARED: Final = frozenset({"2.0", "6.7", "7.13"})
"""Of them those after which the address may be well another time, or by another server."""
_SAYS_POLICY: Final = re.compile(r"spam|block|polic|reputation|blacklist|listed|denied|spf|dkim|dmarc", re.IGNORECASE)
"""What servers without enhanced codes say when it is not the mailbox."""

_ENHANCED: Final = re.compile(r"5\.(\d{1,3}\.\d{1,3})\b")
_SAYS_RELAY: Final = re.compile(r"\brelay", re.IGNORECASE)


def classify(code: int, text: str, stage: Stage) -> Failure:
    """The failure for a reply that is not 2xx or 354. `text` is read, never quoted: servers put addresses in it."""
    if not 400 <= code < 600 and stage is Stage.ACCEPTING:
        return Failure(FailureKind.AMBIGUOUS, "smtp_malformed", "The mail server's answer makes no sense.")
    if not 500 <= code < 600:
        # RFC 5321 4.2.1: with 4xx the letter was not taken, at any stage.
        later = f"The mail server asks to come back later ({code})."
        # 421 closes the whole service; any other 4xx at RCPT is about that mailbox (greylisting, quota).
        mailbox = stage is Stage.RECIPIENT and code != 421
        return Failure(FailureKind.NOT_ACCEPTED, f"smtp_{code}", later, only_this_one=mailbox)
    enhanced = _ENHANCED.match(text.strip())
    name = f"smtp_5.{enhanced.group(1)}" if enhanced else f"smtp_{code}"
    kind = _permanent(code, enhanced.group(1) if enhanced else "", text, stage)
    mailbox = kind is FailureKind.NOT_ACCEPTED
    spared = enhanced.group(1) in SPARED if enhanced else _SAYS_POLICY.search(text) is not None
    words = f"The mail server refuses: {name.removeprefix('smtp_')}."
    return Failure(kind, name, words, only_this_one=mailbox, spares_address=spared)


def _permanent(code: int, enhanced: str, text: str, stage: Stage) -> FailureKind:
    if stage in {Stage.CONNECT, Stage.MAIL}:
        return FailureKind.ACCOUNT  # nobody has been named yet, so it is about us
    if _SAYS_RELAY.search(text):
        return FailureKind.ACCOUNT
    if enhanced in ENHANCED:
        return ENHANCED[enhanced]
    if stage is Stage.RECIPIENT:
        return BASIC.get(code, FailureKind.RECIPIENT)
    return FailureKind.ACCOUNT if BASIC.get(code) is FailureKind.ACCOUNT else FailureKind.CONTENT
