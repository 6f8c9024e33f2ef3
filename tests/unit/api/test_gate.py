from __future__ import annotations

from collections.abc import Iterator

from app.api.bodies import USUAL_CAP
from app.domain.principals import HOST
from app.usecases.revoke_token import revoke_token
from tests.faces import Api


def test_without_a_token_nothing_under_the_api_answers_not_even_that_it_does_not_exist(api: Api) -> None:
    for path in ("/api/v1/crises", "/api/v1/nowhere", "/api/v1/openapi.json", "/api/v1", "/metrics"):
        answer = api.client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "token_missing"


def test_a_wrong_a_revoked_and_a_malformed_token_are_refused_alike(api: Api) -> None:
    right = api.tokens["admin"]
    revoke_token(api.db, HOST, int(api.tokens["viewer"].split("_")[1]), api.clock.now())
    answers = [
        api.client.get("/api/v1/crises", headers={"Authorization": f"Bearer {token}"}).json()
        for token in (
            right[:-1] + ("A" if right[-1] != "A" else "B"),
            api.tokens["viewer"],
            "clk_x",
            "clk_1_" + "~" * 43,
        )
    ]
    assert {answer["code"] for answer in answers} == {"token_refused"}
    assert len({answer["detail"] for answer in answers}) == 1


def test_a_body_over_the_cap_is_refused_whether_its_length_is_declared_or_not(api: Api) -> None:
    def drips() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 65_536

    for content in (b" " * (USUAL_CAP + 1), drips()):
        answer = api.post("author", "/crises", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_every_answer_carries_a_request_id_and_security_headers(api: Api) -> None:
    answer = api.get("viewer", "/crises", headers={"X-Request-ID": "from-the-proxy"})
    assert answer.headers["x-request-id"] == "from-the-proxy"
    odd = api.get("viewer", "/crises", headers={"X-Request-ID": "with spaces and\ttabs"})
    assert odd.headers["x-request-id"] != "with spaces and\ttabs"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cache-control"] == "no-store"


def test_the_numbers_say_what_is_on_its_way_and_what_has_stopped(api: Api) -> None:
    api.prepare()
    api.done(api.post("author", f"/updates/{api.approved()}/send"))
    numbers = api.client.get("/metrics", headers={"Authorization": f"Bearer {api.tokens['viewer']}"}).text
    assert 'clarion_live_deliveries{state="queued"} 4.0' in numbers
    assert 'clarion_endpoint_halted{endpoint="texts"} 0.0' in numbers
    assert "example.org" not in numbers


def test_health_is_public_and_numbers_are_not(api: Api) -> None:
    assert api.client.get("/healthz").json() == {"status": "ok"}
    assert api.client.get("/readyz").json() == {"status": "ok"}
    numbers = api.client.get("/metrics", headers={"Authorization": f"Bearer {api.tokens['viewer']}"})
    assert numbers.status_code == 200
    assert "clarion_http_requests_total" in numbers.text
    assert 'route="/healthz"' in numbers.text
