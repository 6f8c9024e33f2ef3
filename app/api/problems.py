"""Refusals as RFC 9457 problems: one table from error to status, one shape for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, cast

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from app.errors import (
    ClarionError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooLarge,
    TooSlow,
    Unauthenticated,
    Unavailable,
)
from app.observe import logger
from app.store.database import UNUSABLE

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final[Mapping[type[ClarionError], HTTPStatus]] = {
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_TITLES: Final[Mapping[int, str]] = {
    400: "The request cannot be read",
    401: "Nobody is signed in",
    403: "This is not allowed",
    404: "Not found",
    405: "The method does not fit this address",
    408: "The request did not arrive in time",
    409: "Not at this moment",
    413: "The request is too large",
    415: "The kind of content is not understood",
    422: "The request needs a change",
    500: "Something broke on our side",
    503: "Not available right now",
}

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
DATABASE_DOWN: Final = UNUSABLE
"""What a database that is gone, full or hanging raises."""

_MALFORMED: Final = frozenset({"json_invalid", "not_text"})
"""Codes of bodies that cannot be read at all: 400 instead of 422."""


class Fault(BaseModel):
    """One thing to mend."""

    code: str
    detail: str
    field: str = ""
    remedy: str = ""


class ProblemBody(BaseModel):
    """RFC 9457. `code`, `detail`, `field` and `remedy` are those of the first of `errors`."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str
    remedy: str
    errors: list[Fault] = Field(min_length=1)


def problem_response(error: ClarionError) -> Response:
    status = STATUSES[next(kind for kind in type(error).__mro__ if kind in STATUSES)]
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="clarion"'
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    malformed = status is HTTPStatus.UNPROCESSABLE_ENTITY and error.problems[0].code in _MALFORMED
    return render(HTTPStatus.BAD_REQUEST if malformed else status, error.problems, headers)


def render(status: int, problems: Sequence[Problem], headers: Mapping[str, str] | None = None) -> Response:
    """A problem response; `problems` is not empty."""
    first = problems[0]
    body = {
        "type": f"urn:clarion:problem:{first.code}",
        "title": _TITLES.get(status, HTTPStatus(status).phrase),
        "status": int(status),
        "detail": _whole(first.sentence),
        "code": first.code,
        "field": _whole(first.field),
        "remedy": first.remedy,
        "errors": [
            {"code": each.code, "detail": _whole(each.sentence), "field": _whole(each.field), "remedy": each.remedy}
            for each in problems
        ],
    }
    return Response(orjson.dumps(body), int(status), {**(headers or {}), "Cache-Control": "no-store"}, MEDIA_TYPE)


def _whole(text: str) -> str:
    """Sentences quote what was sent, which may hold halves of characters (lone surrogates)."""
    return text.encode("utf-8", "replace").decode()


def install(app: FastAPI) -> None:
    """Let every face raise domain errors and answer with problems."""
    app.add_exception_handler(ClarionError, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for down in DATABASE_DOWN:
        app.add_exception_handler(down, _on_database)
    app.add_exception_handler(Exception, _on_bug)


def from_validation(errors: Sequence[Mapping[str, object]]) -> Invalid:
    """The framework's complaints about a request as our problems, one for each."""
    return Invalid([_from_pydantic(error) for error in errors])


async def _on_refusal(_request: Request, error: Exception) -> Response:
    return problem_response(cast("ClarionError", error))


async def _on_invalid(_request: Request, error: Exception) -> Response:
    return problem_response(from_validation(cast("RequestValidationError", error).errors()))


async def _on_http(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    headers = dict(known.headers or {})
    if known.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return render(known.status_code, [_from_status(known.status_code, request, str(known.detail))], headers)


def _methods(request: Request) -> list[str]:
    """That some route takes at this address (RFC 9110 15.5.6): the framework names those of the first route only."""
    asked = [(method, {**request.scope, "method": method}) for method in METHODS]
    routes = request.app.routes
    return [method for method, scope in asked if any(one.matches(scope)[0] is Match.FULL for one in routes)]


async def _on_database(_request: Request, error: Exception) -> Response:
    return database_down(error)


def database_down(error: Exception) -> Response:
    """503. The driver's message may quote row values, so only its type is logged."""
    logger("clarion.http").error("database_unavailable", kind=type(error).__name__)
    refusal = Problem("database_unavailable", "The database does not answer; nothing was changed.", "", "Try again.")
    return problem_response(Unavailable(refusal, retry_after=2.0))


async def _on_bug(_request: Request, _error: Exception) -> Response:
    sentence = "The request could not be finished because of a fault in Clarion."
    remedy = "Try again; if it stays, report the X-Request-ID of this answer."
    return render(500, [Problem("internal_error", sentence, "", remedy)])


def _from_status(status: int, request: Request, detail: str) -> Problem:
    if status == HTTPStatus.NOT_FOUND:
        return Problem("route_not_found", "There is nothing at this address.", "path", "See /api/v1/openapi.json.")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        sentence = f"{request.method} is not possible here."
        return Problem("method_not_allowed", sentence, "method", "Use a method of the Allow header.")
    if status == HTTPStatus.BAD_REQUEST:
        return Problem("not_text", "The body is not valid UTF-8 JSON.", "body", "Send JSON encoded as UTF-8.")
    return Problem(f"http_{status}", detail, "", "See /api/v1/openapi.json.")


_REMEDIES: Final[Mapping[str, str]] = {
    "missing": "Add it.",
    "extra_forbidden": "Leave it out; the fields of this request are listed in /api/v1/openapi.json.",
    "json_invalid": "Send valid JSON with Content-Type: application/json.",
    "model_attributes_type": "Send a JSON object with Content-Type: application/json.",
}
_CODES: Final[Mapping[str, str]] = {"extra_forbidden": "unknown_field", "missing": "missing_field"}


def _from_pydantic(error: Mapping[str, object]) -> Problem:
    kind = str(error["type"])
    where = error["loc"]
    field = "body" if kind == "json_invalid" else _path(where if isinstance(where, tuple | list) else (where,))
    sentences = {
        "missing": f"“{field}” is missing.",
        "extra_forbidden": f"“{field}” is not a field of this request.",
        "json_invalid": "The body is not valid JSON.",
        "model_attributes_type": "The body is not a JSON object.",
    }
    sentence = sentences.get(kind, f"“{field}” cannot be used: {str(error['msg']).removeprefix('Value error, ')}.")
    return Problem(_CODES.get(kind, kind), sentence, field, _REMEDIES.get(kind, "Correct this value."))


def _path(where: Sequence[object]) -> str:
    """`content.en.links[0].url`, as the domain writes it."""
    steps = where[1:] if where[0] in {"body", "query", "path", "header"} and len(where) > 1 else where
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def refusals(*statuses: int) -> dict[int | str, dict[str, object]]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _TITLES[status], "content": content} for status in statuses}


REFUSALS: Final = refusals(400, 401, 403, 404, 409, 413, 422, 503)
"""For the OpenAPI document: what any route may answer instead."""
