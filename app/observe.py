"""What operators see: JSON logs without secrets or addresses, and numbers for Prometheus."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Final, cast

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
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
PUBLISHED: Final = Counter("clarion_published", "Website snapshots written", ["result"], registry=METRICS)

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
        cache_logger_on_first_use=True,
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
