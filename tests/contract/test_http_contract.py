"""The HTTP contract as a whole, read from the OpenAPI document the service gives out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.domain.principals import Role
from tests.faces import Api

PUBLIC: Final = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("post", "/callbacks/{endpoint}"),  # signed by the provider
    ("post", "/callbacks/{endpoint}/{reference}"),
    ("post", "/callbacks/contact-channels/{slug}/wait"),  # signed by the phone or chat system
    ("post", "/callbacks/contact-channels/{slug}/presence"),
    ("post", "/callbacks/fact-sources/{source}/{crisis}"),  # signed by the system that measures
    ("post", "/callbacks/letters/{endpoint}/{secret}"),  # the address holds a secret
    ("get", "/u/{token}"),  # the reader's own link, signed by us
    ("post", "/u/{token}"),
}
"""Everything that answers without a token. Adding a line here is a decision about security."""

PROMISED: Final = {
    *(f"/api/v1/{name}" for name in ("sites", "contact-channels", "needs", "routing-rules", "route", "endpoints")),
    *(f"/api/v1/{name}" for name in ("templates", "playbooks", "audiences", "tick", "crises")),
    "/api/v1/subscribers", "/api/v1/subscribers/import",
    "/api/v1/faq", "/api/v1/help-links", "/api/v1/triage/{slug}",
    "/api/v1/crises/{slug}", "/api/v1/crises/{slug}/facts", "/api/v1/crises/{slug}/updates",
    "/api/v1/updates/{update_id}",
    *(
        f"/api/v1/updates/{{update_id}}/{name}"
        for name in (
            "preview", "deliveries", "events", "submit", "approve", "return", "reject", "send", "cancel", "pause",
            "resume", "correct",
        )
    ),
    "/callbacks/{endpoint}/{reference}", "/healthz", "/readyz", "/metrics",
}  # fmt: skip
"""DESIGN section 9, as far as this build goes."""

METHODS: Final = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.done(api.get("viewer", "/openapi.json"))
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, entry in document["paths"].items():
        for method in METHODS:
            if method in entry:
                yield method, path, entry[method]


def role_of(operation: dict[str, Any]) -> Role:
    (requirement,) = operation["security"]
    role, *_scope = requirement["token"]
    return Role(role)


def filled(path: str) -> str:
    """The address with something in its gaps that does not exist."""
    return re.sub(r"\{(\w+)\}", lambda gap: "999999" if gap[1] == "update_id" else "nothing", path)


def test_every_promised_address_is_there(document: dict[str, Any]) -> None:
    assert set(document["paths"]) >= PROMISED


def test_every_operation_needs_a_token_or_stands_on_the_short_public_list(document: dict[str, Any]) -> None:
    without = {(method, path) for method, path, operation in operations(document) if not operation.get("security")}
    assert without <= PUBLIC
    assert {(method, path) for method, path in PUBLIC if path.startswith("/callbacks")} <= without


def test_without_a_token_every_guarded_operation_is_a_401_problem(api: Api, document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if operation.get("security"):
            answer = api.client.request(method, filled(path))
            assert (answer.status_code, answer.json()["code"]) == (401, "token_missing"), (method, path)


def test_each_role_may_call_exactly_what_it_should(api: Api, document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if not operation.get("security"):
            continue
        least = role_of(operation)
        for role in Role:
            headers = {"Authorization": f"Bearer {api.tokens[role]}"}
            answer = api.client.request(method, filled(path), headers=headers, json={} if method != "get" else None)
            refused = answer.status_code == 403
            assert refused is not role.allows(least), (method, path, role, answer.text[:300])
            if refused:
                assert answer.json()["code"] == "role_too_low"


def test_every_refusal_is_a_problem_with_code_sentence_field_and_remedy(api: Api, document: dict[str, Any]) -> None:
    for method, path, _operation in operations(document):
        headers = {"Authorization": f"Bearer {api.tokens['admin']}"}
        answer = api.client.request(method, filled(path), headers=headers, json=[1] if method != "get" else None)
        if answer.is_success:
            continue
        assert answer.headers["content-type"] == "application/problem+json", (method, path)
        body = answer.json()
        assert body["status"] == answer.status_code < 500, (method, path, body)
        for each in body["errors"]:
            assert each["code"], (method, path)
            assert each["detail"].endswith("."), (method, path, each)
            assert {"field", "remedy"} <= each.keys()
            assert each["remedy"], (method, path, each)


def test_the_document_describes_what_clients_need(document: dict[str, Any]) -> None:
    names = set()
    for method, path, operation in operations(document):
        where = (method, path)
        assert operation["summary"], where
        assert operation["operationId"] not in names, where
        names.add(operation["operationId"])
        success = [code for code in operation["responses"] if code.startswith("2")]
        assert success, where
        if not path.startswith("/api/v1"):
            continue
        for status in ("401", "403", "422"):
            assert "application/problem+json" in operation["responses"][status]["content"], where
        headers = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
        assert ("Idempotency-Key" in headers) is (method == "post"), where
        if method in {"post", "put"} and "requestBody" in operation:
            assert operation["requestBody"]["content"], where
    assert set(document["components"]["schemas"]["Problem"]["required"]) >= {"code", "detail", "field", "remedy"}


def test_every_body_has_an_example_and_every_example_is_taken(api: Api, document: dict[str, Any]) -> None:
    api.prepare()
    schemas = document["components"]["schemas"]
    sent = {
        name
        for _, _, operation in operations(document)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for name in _references(content["schema"])
    }
    assert {name for name in sent if not schemas[name].get("examples")} == set()
    posts = {
        "Site": "sites", "ContactChannel": "contact-channels", "Need": "needs", "RoutingRule": "routing-rules",
        "Template": "templates", "Playbook": "playbooks", "Endpoint": "endpoints/texts", "Audience": "audiences",
        "Crisis": "crises", "Fact": "crises/line-cut/facts", "Update": "crises/line-cut/updates",
        "Suppression": "subscribers/suppressions", "FaqEntry": "faq", "HelpLink": "help-links",
        "TriageAnswers": "triage/default",
    }  # fmt: skip
    for name, path in posts.items():
        act = api.put if "endpoints/" in path else api.post
        answer = act("admin", f"/{path}", json=schemas[name]["examples"][0])
        assert answer.is_success, (name, answer.text)


def test_operations_are_called_as_people_say_them(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, path, operation in operations(document) if path.startswith("/api/v1")]
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) and "api" not in name for name in names), names
    assert {"draft_update", "submit_update", "approve_update", "send_update", "advise"} <= set(names)


def test_no_body_takes_fields_it_does_not_know(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for method, path, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for reference in _references(content["schema"]):
                assert schemas[reference].get("additionalProperties") is False, (method, path, reference)


def _references(schema: dict[str, Any]) -> list[str]:
    parts = [schema, *schema.get("anyOf", [])]
    return [part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part]
