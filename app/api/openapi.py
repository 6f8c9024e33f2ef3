"""The OpenAPI document: what the framework derives, plus what every route has in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.api.problems import ProblemBody, refusals

PATH: Final = "/api/v1/openapi.json"

_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A fresh UUID for each act: with it the same POST is done once and answered alike for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


_EXAMPLES: Final = Path(__file__).with_name("examples.json")
"""One for each body that can be sent, by the name of its schema."""
_ELSEWHERE: Final[Mapping[str, tuple[int, ...]]] = {
    "/callbacks": (401, 404, 408, 413, 503),
    "/metrics": (401, 403, 503),
    "/readyz": (503,),
}
"""What faces outside /api/v1 refuse with; they do not know this module."""


def operation_id(route: APIRoute) -> str:
    """What generated clients call the operation: the name of its handler."""
    return route.operation_id or route.name


def install(app: FastAPI) -> None:
    """Make `app.openapi()` give the complete document, made once."""

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]  # the framework's documented way


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for name, example in json.loads(_EXAMPLES.read_text(encoding="utf-8")).items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    for path, operations in document["paths"].items():
        for root, statuses in _ELSEWHERE.items():
            if path.startswith(root):
                for operation in operations.values():
                    operation["responses"].update({str(code): each for code, each in refusals(*statuses).items()})
        if path.startswith("/api/v1") and "post" in operations:
            operations["post"].setdefault("parameters", []).append(_KEY)
    return document
