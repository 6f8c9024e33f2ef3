"""The words shared by the engine and the channels: what is handed over, and what may come back.

Channels import this module and nothing else of the service. Outcomes are values: a channel never
raises for something a provider can do. What is made for every single message is a named tuple, which
costs half of a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import repeat
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple, Protocol, runtime_checkable

EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


class Medium(StrEnum):
    """The kind of place a message appears in."""

    SITE = "site"
    SOCIAL = "social"
    SMS = "sms"
    EMAIL = "email"
    CHAT = "chat"
    PUSH = "push"
    VOICE = "voice"
    WEBHOOK = "webhook"


PERSONAL_MEDIA: Final = frozenset({Medium.SMS, Medium.EMAIL, Medium.PUSH, Medium.CHAT, Medium.VOICE})
"""Media with one delivery per person; every other medium has one delivery per endpoint."""

MEDIUM_CODES: Final[Mapping[Medium, int]] = MappingProxyType(
    {
        Medium.SITE: 1,
        Medium.SOCIAL: 2,
        Medium.SMS: 3,
        Medium.EMAIL: 4,
        Medium.CHAT: 5,
        Medium.PUSH: 6,
        Medium.VOICE: 7,
        Medium.WEBHOOK: 8,
    }
)
"""The ledger's integer for each medium. Stored for ever: never renumber, only add."""

CODE_MEDIA: Final[Mapping[int, Medium]] = MappingProxyType({code: medium for medium, code in MEDIUM_CODES.items()})


class Secret:
    """A value that never shows itself in logs, errors or a repr; `reveal()` is the only way out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret()"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may hold. None = no limit of that kind."""

    characters: int | None = None
    """Counted in `unit`."""
    unit: str = "characters"
    """characters (code points) | graphemes | utf16 | mastodon (graphemes, a URL counts 23)."""
    utf8_bytes: int | None = None
    segments: int | None = None
    """SMS parts, GSM-7 or UCS-2 (3GPP TS 23.038)."""


@dataclass(frozen=True, slots=True)
class Info:
    """What a channel is and can do; the console form, the docs table and the engine are driven by it."""

    name: str
    title: str
    medium: Medium
    limits: Limits = field(default_factory=Limits)
    batch_size: int = 1
    """How many recipients one call may carry."""
    rate_per_second: float = 10.0
    """The default pace in recipients a second; the endpoint's own figure wins."""
    concurrency: int = 32
    """Calls in flight at once for one endpoint."""
    key_lifetime_seconds: int = 0
    """How long the provider honours our idempotency key; 0 = it has none, ambiguity stays ambiguous."""
    can_edit: bool = False
    can_retract: bool = False
    can_thread: bool = False
    renders_html: bool = False
    docs_url: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered text in one language, the same for every recipient of the batch but for the marks."""

    medium: Medium
    language: str
    text: str
    """Plain text, already fitted. In batches, a mark such as `-manage_url-` stands for a personal field."""
    subject: str = ""
    html: str = ""
    """Complete HTML for e-mail; here `-manage_url-html-` is the same field, escaped."""
    link: str = ""
    """The page of this update, "" when the site is not confirmed."""
    key: str = ""
    """Stable over retries of the same words: the provider's idempotency key (site, social, webhook)."""
    created_at: datetime | None = None
    """When the broadcast was sent, UTC; the same at every attempt (Bluesky needs it identical)."""
    valid_seconds: int | None = None
    """How long the words may still be delivered; handed down to the provider where it has such a field."""
    drill: bool = False
    reply_to: str = ""
    """Provider id of the post this one answers in its thread, "" for none."""
    data: Mapping[str, object] = field(default_factory=dict)
    """Machine-readable update for the site and webhook media: {crisis, update, revision, severity, seq, ...}."""


class Recipient(NamedTuple):
    """One place to reach. For media without persons the address is the endpoint's own account or site."""

    address: str
    reference: str
    """Signed delivery reference (see domain.reference): holds no address, safe in URLs and custom args."""
    callback_url: str = ""
    """Where the provider may report about this delivery; "" = no callback wanted."""
    fields: Mapping[str, str] = EMPTY
    """Mark name -> raw value; the channel replaces `-name-` by it (and `-name-html-` by its HTML escape)."""


class People(NamedTuple):
    """Many places to reach, in columns of one length: a `Recipient` is made only where one is handed over by itself."""

    addresses: Sequence[str]
    references: Sequence[str]
    callback_folder: str = ""
    """A recipient's callback address is this and their reference; "" = no callback wanted."""
    fields: Sequence[Mapping[str, str]] = ()
    """Empty = nobody has any."""

    def part(self, start: int, stop: int) -> list[Recipient]:
        names = self.references[start:stop]
        urls = [self.callback_folder + name for name in names] if self.callback_folder else [""] * len(names)
        return list(map(Recipient, self.addresses[start:stop], names, urls, self.fields[start:stop] or repeat(EMPTY)))


class Batch(NamedTuple):
    """One call's worth: recipients of one language and one variant, at most `Info.batch_size`."""

    message: Message
    recipients: Sequence[Recipient]


class FailureKind(StrEnum):
    """Why a call did not end in acceptance; the table of DESIGN section 6 says what follows from each."""

    NOT_ACCEPTED = "not_accepted"
    """The provider surely did not take it: refused connection, DNS, TLS, 429, 503. Safe to retry."""
    AMBIGUOUS = "ambiguous"
    """The provider may have taken it: timeout or reset after the bytes left, 500, 502, 504."""
    RECIPIENT = "recipient"
    """This address will not work: invalid, unreachable for good."""
    OPTED_OUT = "opted_out"
    """This person said STOP at the provider; goes on the suppression list."""
    ACCOUNT = "account"
    """Our credentials, sender or settings are wrong: 401, 403. Stops the endpoint, costs no attempt."""
    CONTENT = "content"
    """These words are refused: filtered, too long, malformed. In a batch of n > 1 nothing was accepted."""
    OURS = "ours"
    """We could not even ask: render error, bad header."""


class Accepted(NamedTuple):
    """The provider took responsibility; receipts may follow."""

    provider_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    kind: FailureKind
    code: str
    """Stable and short: the provider's code or ours (`timeout`, `refused`, `http_503`)."""
    detail: str = ""
    """One sentence for staff; never an address, a secret or a URL with either."""
    retry_after: float | None = None
    """Seconds the provider asked us to wait."""
    throttled: bool = False
    """The provider says we are too fast; the endpoint's pace falls."""
    only_this_one: bool = False
    """NOT_ACCEPTED for this recipient alone (a full or greylisting mailbox): the endpoint itself is well."""
    spares_address: bool = False
    """RECIPIENT, but for a reason that lies with us or passes: the address stays off the suppression list."""


Outcome = Accepted | Failure


class ReceiptKind(StrEnum):
    """What a provider says later, in one vocabulary for all of them."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    FILTERED = "filtered"
    """Undelivered because a carrier refuses the words or the sender: says nothing of the address."""
    BOUNCED = "bounced"
    """Undelivered for good: the address goes on the suppression list."""
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"
    UNKNOWN = "unknown"
    """A word we do not know: kept raw, counted, shown, changes nothing."""


@dataclass(frozen=True, slots=True)
class Receipt:
    reference: str
    event_id: str
    """The provider's own id of this event, or a hash of its content: the same event has the same id."""
    kind: ReceiptKind
    code: str = ""
    provider_id: str = ""
    at: datetime | None = None
    raw: str = ""
    """The provider's own words, kept as evidence; without whatever may hold an address."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A callback as it arrived."""

    url: str
    """The public URL as the provider called it, rebuilt from CLARION_PUBLIC_URL, never from Host."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    reference: str = ""
    """From the path, "" when the provider has one URL for all."""


class Wish(StrEnum):
    """What somebody asks for by a word of their own."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    LESS = "less"
    """Only big news from now on."""
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody wrote back to us."""

    sender: str
    """Their address, as the provider writes it."""
    event_id: str
    """The provider's own id of this message: the same message has the same id."""
    text: str
    wish: Wish | None = None
    """What the provider makes of it, by word lists of its own; None = it does not say."""
    answered: bool = False
    """The provider has answered it already, so we do not."""
    hands_in: str = ""
    """The token of a personal link: whoever writes from here is its holder."""


class Forged(Exception):
    """The callback is unsigned, wrongly signed or too old. The message is safe to log."""


class Found(StrEnum):
    """Whether the provider's own search shows a delivery we are unsure of."""

    YES = "found"
    NO = "not_found"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class FindResult:
    found: Found
    provider_id: str = ""


class Channel(Protocol):
    """One provider's protocol. The constructor does no I/O; no retry, clock, log or database inside."""

    info: ClassVar[Info]

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        """One outcome per recipient, in their order. Never raises for what a provider or network does."""
        ...


@runtime_checkable
class ReportsReceipts(Protocol):
    def verify(self, inbound: Inbound, now: datetime) -> None:
        """Raise Forged unless the provider signed this request."""
        ...

    def receipts(self, inbound: Inbound) -> Sequence[Receipt]:
        """Translate one callback; unknown words become ReceiptKind.UNKNOWN, never an exception."""
        ...


@runtime_checkable
class ReadsReports(Protocol):
    """A channel whose bounces and complaints come as mail."""

    def mailed(self, raw: bytes) -> Sequence[Receipt]:
        """What a mail that came back says, under references that may be ours; () for any other. Never an exception."""
        ...


@runtime_checkable
class HearsReplies(Protocol):
    """A channel by which people write back, at the address at which its provider reports."""

    def verify(self, inbound: Inbound, now: datetime) -> None:
        """Raise Forged unless the provider signed this request."""
        ...

    def replies(self, inbound: Inbound) -> Sequence[Reply]:
        """What people wrote; () when the callback is about deliveries of ours. Never an exception."""
        ...

    @property
    def thanks(self) -> tuple[str, bytes]:
        """Content type and body of the answer that says no more than "taken"."""
        ...


@runtime_checkable
class Finds(Protocol):
    async def find(self, recipient: Recipient, message: Message, since: datetime) -> FindResult:
        """Ask the provider whether it took this message since then."""
        ...


@runtime_checkable
class CallsBack(Protocol):
    async def call_back_at(self, url: str) -> Outcome:
        """Have the provider bring to this address what people write; Accepted when it will."""
        ...


@runtime_checkable
class TellsLater(Protocol):
    async def what_became_of(self, provider_id: str) -> Receipt | Failure | None:
        """The latest status of a message taken earlier, its event id as a callback would have it (no reference).

        None: the provider does not know it. Failure: it would not answer now.
        """
        ...


@runtime_checkable
class Edits(Protocol):
    async def edit(self, provider_id: str, message: Message) -> Outcome: ...


@runtime_checkable
class Retracts(Protocol):
    async def retract(self, provider_id: str) -> Outcome: ...
