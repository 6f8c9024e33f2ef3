from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.api import problems
from app.api.envelope import Envelope
from tests.faces import Api


@pytest.mark.parametrize("path", ["/crises", "/needs"])
def test_a_database_that_does_not_answer_is_a_503_that_says_when_to_come_back(api: Api, path: str) -> None:
    with api.db.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE token RENAME TO gone")
    answer = api.get("viewer", path)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "token" not in answer.text
    assert api.client.get("/healthz").status_code == 200


def test_a_database_without_its_schema_is_not_ready(api: Api) -> None:
    with api.db.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE site RENAME TO gone")
    assert api.client.get("/readyz").status_code == 503


def test_a_fault_of_ours_is_a_500_problem_that_says_nothing_of_the_inside() -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the password is swordfish")

    with TestClient(Envelope(app, https=False), raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    assert "swordfish" not in answer.text
