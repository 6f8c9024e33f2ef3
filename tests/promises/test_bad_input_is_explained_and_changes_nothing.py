"""Whatever is wrong with what comes in, we say what, where and what to do; nothing is changed and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.store.ledger_tables import receipt
from app.store.migrate import SCHEMA
from tests.callers import Callers, connect
from tests.faces import WORDS, Api

CSV: Final = {"content-type": "text/csv"}
HEADER: Final = "external_id,name,email,phone,languages,timezone,area\n"


def everything(api: Api) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table. Only the answers kept for repeated requests and the last use of a token may differ."""
    with api.db.reading() as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(*_lasting(table)))]
            for name, table in SCHEMA.tables.items()
            if name != "idempotency"
        }


def _lasting(table: Any) -> list[Any]:
    return [column for column in table.columns if column.name != "last_used_at"]


def refused(answer: Any, status: int, code: str, field: str) -> dict[str, Any]:
    """The problem of this code, which says everything a person needs."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = [each for each in answer.json()["errors"] if each["code"] == code]
    assert found, answer.text
    problem: dict[str, Any] = found[0]
    assert problem["field"] == field, problem
    assert problem["detail"].endswith("."), problem
    assert problem["remedy"], problem
    return problem


@pytest.fixture
def ready(api: Api) -> Api:
    api.prepare()
    return api


@pytest.fixture
def callers(ready: Api) -> Callers:
    return connect(ready)


def test_an_unknown_variable_in_a_template_is_named_with_those_that_exist(ready: Api) -> None:
    before = everything(ready)
    template = {"slug": "t", "medium": "sms", "source": "Dear {{ hedline }}", "variables": ["headline"]}
    problem = refused(ready.post("approver", "/templates", json=template), 422, "unknown_variable", "source")
    assert "hedline" in problem["detail"]
    assert "headline" in problem["remedy"]
    assert everything(ready) == before


def test_a_slot_that_nobody_filled_is_never_sent_as_it_stands(ready: Api) -> None:
    update = ready.draft(content={"en": {**WORDS, "impact": "No service until {until}."}})
    before = everything(ready)
    problem = refused(ready.post("author", f"/updates/{update}/submit"), 422, "unknown_variable", "content.en")
    assert "{until}" in problem["detail"]
    assert everything(ready) == before


def test_a_missing_translation_is_named_by_its_language(ready: Api) -> None:
    update = ready.draft(content={"gu": {**WORDS, "headline": "વીજળી બંધ છે"}})
    before = everything(ready)
    refused(ready.post("author", f"/updates/{update}/submit"), 422, "missing_translation", "content.en")
    assert everything(ready) == before


def test_a_text_too_long_for_its_medium_says_how_long_and_how_long_it_may_be(ready: Api) -> None:
    update = ready.draft(content={"en": {**WORDS, "headline": "Power is out. " * 14, "impact": "Wait. " * 300}})
    before = everything(ready)
    problem = refused(ready.post("author", f"/updates/{update}/submit"), 422, "oversize", "content.en")
    assert any(character.isdigit() for character in problem["detail"])
    assert everything(ready) == before


def test_a_field_longer_than_anybody_reads_is_refused_at_once(ready: Api) -> None:
    before = everything(ready)
    draft = {"stage": "details", "content": {"en": {**WORDS, "headline": "x" * 10_000}}}
    refused(ready.post("author", "/crises/outage/updates", json=draft), 422, "too_long", "content.en.headline")
    assert everything(ready) == before


def test_an_audience_that_reaches_nobody_never_means_everybody(ready: Api) -> None:
    ready.done(ready.post("author", "/audiences", json={"slug": "nobody", "rule": {"external_ids": ["nobody"]}}))
    update = ready.draft(audience="nobody")
    before = everything(ready)
    refused(ready.post("author", f"/updates/{update}/submit"), 422, "empty_audience", "audience")
    rules: tuple[dict[str, Any], ...] = ({}, {"all": False}, {"areas": []}, {"languages": None}, {"everyone": True})
    for rule in rules:
        answer = ready.post("author", "/audiences", json={"slug": "empty", "rule": rule})
        assert answer.status_code == 422
        assert answer.json()["code"] == "bad_audience_rule"
        assert answer.json()["remedy"]
    assert everything(ready) == before


@pytest.mark.parametrize(
    "body",
    [
        (HEADER + "9,Zoë,zoe@example.org,,en,UTC,north\n").encode("latin-1"),
        (HEADER + "9,Zoe,zoe@example.org,,en,UTC,north\n").encode("utf-16-le"),
        (HEADER + "9,Zoe,zoe@example.org,,en,UTC,north\n").encode("utf-32"),
        (HEADER + "9,Zoe,zoe@example.org,,en,UTC,north\n" * 9_000).encode() + b"8,Zo\xeb,,,en,UTC,north\n" * 9_000,
    ],
    ids=["latin-1", "UTF-16 without mark", "UTF-32", "another encoding from the middle on"],
)
def test_a_file_in_another_encoding_is_refused_before_its_first_row(ready: Api, body: bytes) -> None:
    before = everything(ready)
    answer = ready.post("author", "/subscribers/import", content=body, headers=CSV)
    assert "UTF-8" in refused(answer, 422, "csv_encoding", "file")["remedy"]
    assert everything(ready) == before


def test_a_row_that_would_inject_a_header_is_reported_and_its_neighbours_are_kept(ready: Api) -> None:
    rows = [
        "8,Ben,ben@example.org,,en,UTC,north\n",
        '9,"Eve\r\nBcc: everyone@example.org",eve@example.org,,en,UTC,north\n',
        '10,Eve,"eve@example.org\r\nBcc: all@example.org",,en,UTC,north\n',
        "11,Dan,dan@example.org,,en,UTC,north\n",
    ]
    answer = ready.post("author", "/subscribers/import", content=(HEADER + "".join(rows)).encode(), headers=CSV)
    report = ready.done(answer)
    assert (report["rows"], report["created"], report["rejected"]) == (4, 2, 2)
    assert [(each["line"], each["column"], each["code"]) for each in report["errors"]] == [
        (3, "name", "forbidden_character"),
        (5, "email", "forbidden_character"),
    ]
    assert all(each["sentence"].endswith(".") and each["remedy"] for each in report["errors"])
    assert "Bcc" not in str(everything(ready))


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.__class__.__mro__ }}",
        "{{ 'x' * 300000000 }}",
        "{{ 9 ** 999999 }}",
        "{% for a in items %}{% for b in items %}{{ a }}{% endfor %}{% endfor %}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ range(999999999) | list }}",
        "{% include 'words/en.json' %}",
        "{% set x = name %}{{ x }}",
        "{{ name | attr('__class__') }}",
        "{{ " + "(" * 200 + "name" + ")" * 200 + " }}",
    ],
)
def test_a_hostile_template_is_refused_unrendered(ready: Api, source: str) -> None:
    before = everything(ready)
    template = {"slug": "t", "medium": "sms", "source": source, "variables": ["headline", "options"]}
    refused(ready.post("approver", "/templates", json=template), 422, "template_refused", "source")
    assert everything(ready) == before


def test_a_callback_without_a_good_signature_is_refused(callers: Callers) -> None:
    before = everything(callers.api)
    for answer in (
        callers.twilio("delivered", sign=False),
        callers.twilio("delivered", token="of somebody else"),
        callers.sendgrid([callers.event("delivered")], tamper=b" "),
    ):
        refused(answer, 401, "callback_not_proven", "signature")
    assert everything(callers.api) == before


def test_a_replayed_callback_changes_nothing(callers: Callers) -> None:
    event = callers.event("delivered")
    assert callers.sendgrid([event]).status_code == 204
    assert callers.twilio("delivered").status_code == 204
    before = everything(callers.api)
    assert callers.sendgrid([event]).status_code == 204
    assert callers.twilio("delivered").status_code == 204
    refused(callers.sendgrid([event], ago=timedelta(hours=1)), 401, "callback_not_proven", "signature")
    assert everything(callers.api) == before


def test_a_status_nobody_knows_is_kept_for_people_and_moves_no_delivery(callers: Callers) -> None:
    before = everything(callers.api)
    with capture_logs() as said:
        assert callers.twilio("levitating").status_code == 204
        assert callers.sendgrid([callers.event("vaporised")]).status_code == 204
    assert [(line["endpoint"], line["field"], line["value"]) for line in said if line["event"] == "unknown_status"] == [
        ("real-texts", "status", "levitating"),
        ("real-mail", "status", "vaporised"),
    ]
    after = everything(callers.api)
    assert {name for name in after if after[name] != before[name]} == {"receipt"}
    with callers.api.db.reading() as connection:
        kept = connection.execute(select(receipt.c.kind, receipt.c.code).order_by(receipt.c.id)).all()
    assert [tuple(row) for row in kept] == [("unknown", "levitating"), ("unknown", "vaporised")]
    metrics = callers.api.client.get("/metrics", headers={"Authorization": f"Bearer {callers.api.tokens['viewer']}"})
    assert 'clarion_receipts_total{endpoint="real-texts",kind="unknown"}' in metrics.text


def test_the_same_post_twice_is_one_act(ready: Api) -> None:
    crisis = {"slug": "flood", "titles": {"en": "Flood"}, "severity": "major"}
    key = {"Idempotency-Key": "the-same-click"}
    first = ready.post("author", "/crises", json=crisis, headers=key)
    before = everything(ready)
    again = ready.post("author", "/crises", json=crisis, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    other = {**crisis, "slug": "fire"}
    answer = ready.post("author", "/crises", json=other, headers=key)
    refused(answer, 422, "idempotency_key_reused", "Idempotency-Key")
    refused(ready.post("author", "/crises", json=crisis), 409, "crisis_exists", "slug")
    assert everything(ready) == before


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/hook", "address_refused"),
        ("https://127.1/hook", "address_refused"),
        ("https://0x7f000001/hook", "address_refused"),
        ("https://[::1]/hook", "address_refused"),
        ("https://[::ffff:10.0.0.1]/hook", "address_refused"),
        ("https://169.254.169.254/latest/meta-data/", "address_refused"),
        ("https://10.1.2.3/hook", "address_refused"),
        ("https://printer.local/hook", "address_refused"),
        ("http://example.org/hook", "url_not_https"),
        ("https://example.org:22/hook", "url_port"),
        ("https://user:word@example.org/hook", "url_userinfo"),
    ],
)
def test_a_webhook_that_points_inside_is_refused_when_it_is_saved(ready: Api, url: str, code: str) -> None:
    before = everything(ready)
    settings = {"url": url, "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}
    endpoint = {"slug": "hook", "channel": "webhook", "settings": settings}
    refused(ready.post("admin", "/endpoints", json=endpoint), 422, code, "settings.url")
    assert everything(ready) == before
