"""What operators see: JSON logs without secrets or addresses, and numbers for Prometheus."""

from __future__ import annotations

import logging
import re
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, cast

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString
from structlog.stdlib import BoundLogger
from structlog.typing import EventDict, Processor, WrappedLogger

METRICS: Final = CollectorRegistry()
ProcessCollector(registry=METRICS)

REQUESTS: Final = Counter(
    "clarion_http_requests", "Answers by route and status", ["method", "route", "status"], registry=METRICS
)
REQUEST_SECONDS: Final = Histogram(
    "clarion_http_request_seconds", "Time to answer", ["method", "route"], registry=METRICS
)
DELIVERIES: Final = Gauge("clarion_live_deliveries", "Of updates that are going out", ["state"], registry=METRICS)
HALTED: Final = Gauge("clarion_endpoint_halted", "1 = stopped until somebody looks", ["endpoint"], registry=METRICS)
CALLBACKS: Final = Counter("clarion_callbacks", "Provider callbacks", ["endpoint", "result"], registry=METRICS)
RECEIPTS: Final = Counter("clarion_receipts", "Receipts taken from callbacks", ["endpoint", "kind"], registry=METRICS)
RECEIPTS_WAITING: Final = Gauge(
    "clarion_receipts_waiting_commit", "Receipts taken from callbacks, not committed yet", registry=METRICS
)
TRIAGED: Final = Counter(
    "clarion_finder_rounds", "Finished rounds of the finder, counted or above the limits", ["result"], registry=METRICS
)
SIGN_UPS: Final = Counter(
    "clarion_sign_ups", "Forms of people who subscribe, and what became of the confirmation", ["medium", "result"],
    registry=METRICS,
)  # fmt: skip
PUBLISHED: Final = Counter("clarion_published", "Website snapshots written", ["result"], registry=METRICS)
PUBLISHER_AGE: Final = Gauge(
    "clarion_publisher_age_seconds", "Since this process last wrote the website", registry=METRICS
)
TARGET_PLACEMENTS: Final = Counter(
    "clarion_target_placements", "Attempts to write the website to a target", ["target", "result"], registry=METRICS
)
TARGET_SEQ: Final = Gauge(
    "clarion_target_seq", "The sequence number last placed whole at a target", ["target"], registry=METRICS
)
TARGET_FAILING: Final = Gauge(
    "clarion_target_failing", "1 = the last attempt to write to this target failed", ["target"], registry=METRICS
)
READ_BACK: Final = Gauge(
    "clarion_read_back", "1 = visitors of this target's address find what was published", ["target"], registry=METRICS
)
READ_BACK_SKEW: Final = Gauge(
    "clarion_read_back_skew_seconds", "How far the clock of its server is ahead of ours", ["target"], registry=METRICS
)
QUEUE: Final = Gauge(
    "clarion_queue_deliveries", "Open deliveries of live updates", ["lane", "endpoint", "state"], registry=METRICS
)
OUTCOMES: Final = Counter(
    "clarion_outcomes", "What attempts came to", ["endpoint", "result", "reason"], registry=METRICS
)
TAKEOVERS: Final = Counter(
    "clarion_lease_takeovers", "Broadcasts whose leases were taken over from a dead worker", registry=METRICS
)
ORPHANS: Final = Counter("clarion_lease_orphans", "Deliveries a takeover found without an answer", registry=METRICS)
BREAKER: Final = Gauge(
    "clarion_breaker", "0 closed, 1 half open (probing), 2 open, 3 halted for a person", ["endpoint"], registry=METRICS
)
RECEIPTS_LAG: Final = Gauge(
    "clarion_receipts_lag_seconds", "Since the oldest receipt that waits to be folded was heard", registry=METRICS
)
NOTICES: Final = Gauge("clarion_staff_notices_open", "Nobody has taken them on", ["severity"], registry=METRICS)
WORKERS: Final = Gauge("clarion_workers_alive", "Engines on this database, by their own word", registry=METRICS)
DATABASE_UP: Final = Gauge(
    "clarion_database_up",
    "1 = gauges read at this scrape; 0 = those of the last one",
    registry=METRICS,
)


class Counted:
    """A counter whose labels are looked up once each: what is counted a thousand times a second is not joined anew."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._children: dict[tuple[str, ...], Counter] = {}

    def add(self, *labels: str, number: int = 1) -> None:
        child = self._children.get(labels)
        if child is None:
            child = self._children.setdefault(labels, self._counter.labels(*labels))
        child.inc(number)


class Latency:
    """A histogram that is told of many observations at once: each costs one bisection, no lock, no label look-up."""

    def __init__(self, name: str, words: str, label: str, bounds: Sequence[float]) -> None:
        self._name, self._words, self._label = name, words, label
        self._bounds = tuple(bounds)
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def add(self, label: str, seconds: Iterable[float]) -> None:
        """From one thread only."""
        counts = self._counts.get(label)
        if counts is None:
            counts = self._counts.setdefault(label, [0] * (len(self._bounds) + 1))
        total = 0.0
        for each in seconds:
            counts[bisect_left(self._bounds, each)] += 1
            total += each
        self._sums[label] = self._sums.get(label, 0.0) + total

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._words, labels=[self._label])
        names = [*map(floatToGoString, self._bounds), "+Inf"]
        for label, counts in list(self._counts.items()):
            buckets = list(zip(names, accumulate(counts), strict=True))
            family.add_metric([label], buckets, self._sums.get(label, 0.0))
        yield family


HANDOFF: Final = Latency(
    "clarion_handoff_seconds",
    "From the moment an update was sent to the provider's yes",
    "lane",
    (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600),
)
METRICS.register(HANDOFF)

_SECRET_NAMES: Final = frozenset(
    {"authorization", "auth_token", "token", "secret", "password", "api_key", "cookie", "address", "phone", "email"}
)
_HIDDEN: Final = "***"
_SHAPES: Final = (
    re.compile(r"clk_\d+_[\w-]+"),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"),
    re.compile(r"[^\s@\"'<>()=,:;]+@[^\s@\"'<>()=,:;]+\.[^\s@\"'<>()=,:;]+"),
    re.compile(r"\+\d{6,15}\b"),
)
"""Our tokens, credentials of HTTP, e-mail addresses, E.164 numbers."""


def logger(name: str) -> BoundLogger:
    return cast("BoundLogger", structlog.get_logger(name))


def masked(text: str) -> str:
    """The text with everything that looks like a token, an e-mail address or a phone number hidden."""
    for shape in _SHAPES:
        text = shape.sub(_HIDDEN, text)
    return text


def configure_logging(level: str = "INFO") -> None:
    """One JSON object a line on stderr, for our loggers and for every library's."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # else whoever logged once cannot be listened to any more
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it would say every tick
    logging.getLogger("uvicorn.access").disabled = True  # the envelope logs each request once, without its query


def redact(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Structlog processor: hide values under secret names, and secrets inside any text."""
    return cast("EventDict", _clean(event))


def exposition() -> bytes:
    """All metrics in the Prometheus text format."""
    return generate_latest(METRICS)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {key: _HIDDEN if str(key).lower() in _SECRET_NAMES else _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _dumps(value: object, **_options: object) -> str:
    return orjson.dumps(value, default=lambda other: masked(repr(other)), option=orjson.OPT_NON_STR_KEYS).decode()
