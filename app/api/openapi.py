"""The OpenAPI document: what the framework derives, plus what every route has in common."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.problems import ProblemBody

PATH: Final = "/api/v1/openapi.json"

_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A fresh UUID for each act: with it the same POST is done once and answered alike for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


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
    for path, operations in document["paths"].items():
        if path.startswith("/api/v1") and "post" in operations:
            operations["post"].setdefault("parameters", []).append(_KEY)
    return document
