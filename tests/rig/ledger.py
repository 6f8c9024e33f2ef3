"""What the providers accepted, in order, for ever: the other side of every promise about deliveries."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

import orjson

REQUESTS_REMEMBERED: Final = 200_000
EXAMPLES_KEPT: Final = 1_000


class Keep(StrEnum):
    """How much of every accepted message stays in memory."""

    BODIES = "bodies"
    ENTRIES = "entries"
    """Everything but the words: their hash stays, and one example of each."""
    COUNTS = "counts"
    """Numbers only: memory stays flat, and searches at a provider are refused rather than answered wrongly."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message one provider took responsibility for."""

    seq: int
    """1, 2, 3 ... over all providers."""
    provider: str
    to: str
    reference: str
    """The sender's own name of the delivery, "" when the request had none."""
    digest: str
    """Of the words as they are for everybody: personal fields do not count."""
    at: float
    """`time.monotonic()` of this machine, comparable between processes."""
    request: int
    """The provider's how-manieth request, from 1."""
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """One address that was given the same thing more than once."""

    to: str
    what: str
    times: int
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Started:
    provider: str
    number: int
    at: float
    path: str


class Tally:
    """One provider's numbers; `words` counts what has no field of its own: replayed, edited, deleted ..."""

    __slots__ = ("accepted", "first_accepted_at", "first_request_at", "last_request_at", "refused", "requests", "words")

    def __init__(self) -> None:
        self.requests = 0
        self.accepted = 0
        self.first_request_at: float | None = None
        self.last_request_at: float | None = None
        self.first_accepted_at: float | None = None
        self.refused: Counter[str] = Counter()
        self.words: Counter[str] = Counter()

    def document(self) -> dict[str, object]:
        return {
            "requests": self.requests,
            "accepted": self.accepted,
            "refused": dict(self.refused),
            "first_request_at": self.first_request_at,
            "last_request_at": self.last_request_at,
            "first_accepted_at": self.first_accepted_at,
            **self.words,
        }


class Ledger:
    """Append only: nothing here can take an entry back.

    With a `file`, every entry is also one JSON line there, in every mode of keeping.
    """

    def __init__(self, providers: Iterable[str], keep: Keep = Keep.BODIES, file: Path | None = None) -> None:
        self.keep = keep
        self._tallies = {provider: Tally() for provider in providers}
        self._entries: list[Accepted] = []
        self._examples: dict[tuple[str, str], Accepted] = {}
        self._requests: deque[Started] = deque(maxlen=REQUESTS_REMEMBERED)
        self._seq = 0
        self._file: BinaryIO | None = file.open("ab") if file else None

    @property
    def writes(self) -> bool:
        """Whether entries go to a file."""
        return self._file is not None

    def start(self, provider: str, path: str) -> int:
        """Note that a request began; its number at this provider."""
        now = time.monotonic()
        tally = self._tallies[provider]
        tally.requests += 1
        tally.last_request_at = now
        if tally.first_request_at is None:
            tally.first_request_at = now
        self._requests.append(Started(provider, tally.requests, now, path))
        return tally.requests

    def accept(
        self,
        provider: str,
        to: str,
        reference: str,
        words: str,
        request: int,
        body: Callable[[], str] | None = None,
    ) -> None:
        """Note one accepted message. `words` is hashed; what `body` makes, if given, is kept in its place."""
        now = time.monotonic()
        tally = self._tallies[provider]
        tally.accepted += 1
        if tally.first_accepted_at is None:
            tally.first_accepted_at = now
        self._seq += 1
        if self.keep is Keep.COUNTS and self._file is None:
            return
        digest = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        new = (provider, digest) not in self._examples and len(self._examples) < EXAMPLES_KEPT
        kept = (body() if body is not None else words) if new or self.keep is Keep.BODIES else None
        entry = Accepted(self._seq, provider, to, reference, digest, now, request, kept)
        if new:
            self._examples[provider, digest] = entry
            if self.keep is not Keep.BODIES:
                entry = replace(entry, body=None)
        if self.keep is not Keep.COUNTS:
            self._entries.append(entry)
        if self._file is not None:
            self._file.write(orjson.dumps(asdict(entry), option=orjson.OPT_APPEND_NEWLINE))

    def refuse(self, provider: str, code: str) -> None:
        self._tallies[provider].refused[code] += 1

    def note(self, provider: str, word: str) -> None:
        self._tallies[provider].words[word] += 1

    def tally(self, provider: str) -> Tally:
        return self._tallies[provider]

    def counts(self) -> dict[str, dict[str, object]]:
        return {provider: tally.document() for provider, tally in self._tallies.items()}

    def accepted(self, provider: str | None = None) -> int:
        return sum(tally.accepted for name, tally in self._tallies.items() if provider in (None, name))

    def entries(self, provider: str | None = None, after: int = 0) -> Iterator[Accepted]:
        """The kept entries with a `seq` above `after`, in order."""
        for entry in self._entries[after:]:
            if provider is None or entry.provider == provider:
                yield entry

    def examples(self, provider: str | None = None) -> list[Accepted]:
        """The first message of each text, with its words; nothing in a rig that keeps counts only."""
        return [entry for entry in self._examples.values() if provider in (None, entry.provider)]

    def repeats(self, by: str = "body", provider: str | None = None) -> list[Repeat]:
        """Addresses which accepted the same body, the same reference, or (by="address") anything at all, twice."""
        seqs: dict[tuple[str, str], list[int]] = {}
        for entry in self.entries(provider):
            what = {"body": entry.digest, "reference": entry.reference, "address": ""}[by]
            seqs.setdefault((entry.to, what), []).append(entry.seq)
        return [Repeat(to, what, len(found), tuple(found)) for (to, what), found in seqs.items() if len(found) > 1]

    def requests(self, provider: str | None = None, since: float = 0.0) -> list[Started]:
        """The last requests that started at or after a monotonic time; 200,000 are remembered."""
        return [one for one in self._requests if one.at >= since and provider in (None, one.provider)]

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
