from __future__ import annotations

from typing import Any

import orjson
import pytest

from app import errors
from app.api.problems import STATUSES, problem_response
from app.errors import ClarionError, Problem, Unavailable
from tests.faces import Api

FOUR = {"code", "detail", "field", "remedy"}


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if isinstance(kind, type)])
def test_every_refusal_of_the_domain_has_a_status(kind: type) -> None:
    if issubclass(kind, ClarionError) and kind is not ClarionError:
        assert kind in STATUSES


def test_a_problem_says_all_there_is_to_mend() -> None:
    both = [Problem("one", "First.", "a", "Do this."), Problem("two", "Second.", "b", "Do that.")]
    answer = problem_response(errors.Invalid(both))
    body = orjson.loads(answer.body)
    assert answer.media_type == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"], body["field"]) == (422, 422, "one", "a")
    assert [each["code"] for each in body["errors"]] == ["one", "two"]
    assert body["type"] == "urn:clarion:problem:one"


def test_unavailable_says_when_to_come_back() -> None:
    answer = problem_response(Unavailable(Problem("busy", "Busy."), retry_after=2.4))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize(
    ("sent", "status", "code", "field"),
    [
        ({"content": b"{not json", "headers": {"content-type": "application/json"}}, 400, "json_invalid", "body"),
        ({"content": b'{"slug": "\xff"}', "headers": {"content-type": "application/json"}}, 400, "not_text", "body"),
        ({"content": b"slug=x", "headers": {"content-type": "text/plain"}}, 422, "model_attributes_type", "body"),
        ({"json": {"labels": {"en": "x"}}}, 422, "missing_field", "slug"),
        ({"json": {"slug": "x", "labels": {"en": "x"}, "approved_by": "me"}}, 422, "unknown_field", "approved_by"),
        ({"json": {"slug": "x", "labels": {"en": 5}}}, 422, "string_type", "labels.en"),
        ({"json": {"slug": "No Such", "labels": {"en": "x"}}}, 422, None, "slug"),
    ],
)
def test_a_body_that_cannot_be_used_is_explained(
    api: Api, sent: dict[str, Any], status: int, code: str | None, field: str
) -> None:
    answer = api.post("approver", "/needs", **sent)
    body = answer.json()
    assert answer.status_code == status, body
    assert answer.headers["content-type"] == "application/problem+json"
    assert code is None or body["code"] == code
    assert body["field"] == field
    assert body.keys() >= FOUR
    assert all(each["detail"] and each["remedy"] for each in body["errors"])


def test_what_is_not_there_and_what_cannot_be_done_are_problems_too(api: Api) -> None:
    nowhere = api.get("viewer", "/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "route_not_found")
    method = api.delete("viewer", "/crises")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in method.headers["allow"]
    missing = api.get("viewer", "/needs/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "need_not_found")
