"""What it means that the client for customers' addresses gave up."""

from __future__ import annotations

from typing import Final

from pyreqwest.exceptions import ConnectTimeoutError, DetailedPyreqwestError, RequestTimeoutError

from channels.base import Failure, FailureKind

_CONNECTING: Final = "client error (connect)"
"""How the client names a failure before any byte of the request could leave. Its exception classes do
not tell: a reset after the request and a time-out while waiting for the answer are ConnectError and
ConnectTimeoutError as well. tests/unit/channels/test_http.py holds us to it."""


def network_failure(error: DetailedPyreqwestError) -> Failure:
    """Never quotes the error: its text holds the URL."""
    causes = " / ".join(str(cause["message"]) for cause in error.details.get("causes") or ()).lower()
    if _CONNECTING not in causes:
        if isinstance(error, RequestTimeoutError):
            return Failure(FailureKind.AMBIGUOUS, "timeout", "No answer came in time.")
        return Failure(FailureKind.AMBIGUOUS, "reset", "The connection broke before the answer came.")
    if "dns error" in causes:
        return Failure(FailureKind.NOT_ACCEPTED, "dns", "The host name did not resolve.")
    if "refused" in causes:
        return Failure(FailureKind.NOT_ACCEPTED, "refused", "The connection was refused.")
    if isinstance(error, ConnectTimeoutError):
        return Failure(FailureKind.NOT_ACCEPTED, "connect_timeout", "No connection came about in time.")
    if any(word in causes for word in ("certificate", "tls", "handshake", "corrupt message", "alert")):
        return Failure(FailureKind.NOT_ACCEPTED, "tls", "No secure connection came about.")
    return Failure(FailureKind.NOT_ACCEPTED, "connect", "No connection came about.")
