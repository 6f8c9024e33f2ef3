"""Whatever is sent, the answer is a refusal that explains itself, never a fault of ours."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import pytest

from tests.contract.test_http_contract import filled, operations
from tests.faces import WORDS, Api

ODD: Final[dict[str, str]] = {
    "null": "null",
    "nan": "NaN",
    "infinite": "1e999",
    "huge": str(10**40),
    "minus": "-1",
    "half a character": '"\\ud800"',
    "nul": '"\\u0000"',
    "bidi": '"\\u202e"',
    "line": '"a\\r\\nBcc: x@example.org"',
    "long": json.dumps("x" * 100_000),
    "list": "[[[[[]]]]]",
    "deep": "[" * 900 + "]" * 900,
    "object": '{"\\ud800": {"a": null}}',
    "flag": "true",
    "year": '"9999-12-31T23:59:59-23:59"',
}
JSON: Final = {"content-type": "application/json"}


def explained(answer: Any, where: object) -> None:
    assert answer.status_code < 500, (where, answer.text[:500])
    if not answer.is_success:
        assert answer.headers["content-type"] == "application/problem+json", where
        assert all(each["code"] and each["detail"] for each in answer.json()["errors"]), where


@pytest.mark.parametrize("odd", ODD)
def test_every_body_of_odd_values_is_explained(api: Api, odd: str) -> None:
    document = api.done(api.get("admin", "/openapi.json"))
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or not path.startswith("/api/v1"):
            continue
        references = [
            part["$ref"] for part in [content["schema"], *content["schema"].get("anyOf", [])] if "$ref" in part
        ]
        fields = document["components"]["schemas"][references[0].rpartition("/")[2]]["properties"]
        body = "{" + ",".join(f"{json.dumps(field)}: {ODD[odd]}" for field in fields) + "}"
        for text in (body, ODD[odd]):
            headers = {**JSON, "Authorization": f"Bearer {api.tokens['admin']}"}
            explained(
                api.client.request(method, filled(path), content=text, headers=headers), (method, path, text[:99])
            )


GOOD: Final[dict[str, dict[str, Any]]] = {
    "/contact-channels": {
        "slug": "desk", "kind": "phone", "address": "+442071838750", "names": {"en": "Desk"},
        "instructions": {"en": "x"}, "languages": ["en"], "hours": "24/7", "timezone": "UTC",
        "holidays": {}, "areas": ["north"], "status": "open",
        "status_reasons": {"en": "x"}, "wait_minutes": 5,
    },
    "/routing-rules": {
        "slug": "r2", "need": "emergency", "when": {"language": "en"}, "contact_channels": ["phone"], "position": 1,
    },
    "/sites": {"slug": "s", "origins": ["https://example.org"], "languages": ["en"], "slots": ["banner"]},
    "/playbooks": {"slug": "p", "names": {"en": "P"}, "stages": {"holding": {"en": {"headline": "x"}}}, "cadence": {}},
    "/faq": {"slug": "f", "questions": {"en": "x"}, "answers": {"en": "y"}, "topics": ["t"], "areas": ["n"]},
    "/help-links": {
        "slug": "h", "kind": "video", "texts": {"en": "x"}, "url": "https://www.example.org/v", "notes": {"en": "x"},
        "topics": ["t"], "areas": ["north"], "position": 1,
        "open_resources": {"url_pattern": "https://learn.example.org/*", "until": "2026-03-11T12:00:00Z"},
    },
    "/endpoints": {
        "slug": "e2", "channel": "outbox.sms", "settings": {"directory": ""}, "rate_per_second": 1, "weight": 1,
        "fallback_for": None,
    },
    "/audiences": {"slug": "a2", "rule": {"and": [{"areas": ["north"]}, {"not": {"languages": ["gu"]}}]}},
    "/crises": {"slug": "c2", "titles": {"en": "x"}, "severity": "minor", "playbook": None},
    "/crises/outage/facts": {"name": "homes", "value": 3, "source": "grid", "at": "2026-03-10T12:00:00Z"},
    "/crises/outage/updates": {
        "stage": "details", "audience": "everyone", "endpoints": ["texts"], "content": {"en": WORDS}, "variants": [],
        "need": "emergency", "next_update_by": "2026-03-10T14:00:00Z", "expires_at": "2026-03-11T12:00:00Z",
        "drill": False,
    },
}  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
def test_one_odd_value_in_a_good_document_is_explained(api: Api, path: str) -> None:
    api.prepare()
    for field in GOOD[path]:
        for odd in ODD.values():
            rest = {name: value for name, value in GOOD[path].items() if name != field}
            body = json.dumps(rest)[:-1] + (", " if rest else "") + f"{json.dumps(field)}: {odd}}}"
            explained(api.post("admin", path, content=body, headers=JSON), (path, field, odd[:40]))


def cursor(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "path",
    [
        "/updates/99999999999999999999", "/updates/0", "/updates/-1", "/updates/one", "/updates/9223372036854775807",
        "/crises/%00", "/crises/a%2Fb", "/needs/%F0%9F%92%A5", "/needs/%FF", "/route?need=%00&lang=%FF&area=x",
        "/route?need=x&at=9999-12-31T23:59:59Z", "/route?need=x&at=0001-01-01T00:00:00Z", "/route?need=x&at=noon",
        f"/updates?cursor={cursor(10**40)}", f"/updates?cursor={cursor(-1)}", f"/needs?cursor={cursor('x' * 300)}",
        "/updates?state=nothing",
        "/updates/1/deliveries?cursor=3.99999999999999999999999", "/updates/1/deliveries?cursor=x",
        "/needs?limit=1e9",
    ],
)  # fmt: skip
def test_odd_addresses_are_explained(api: Api, path: str) -> None:
    api.prepare()
    api.submitted()
    explained(api.get("viewer", path), path)
