"""The pages strangers reach answer whatever is sent to them: never with a fault, never with anything to take away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.clock import FrozenClock
from app.domain.manage import PURPOSE, manage_token
from app.domain.message import MEDIUM_CODES, Medium
from app.store import addresses
from app.store.database import Database
from app.store.people_tables import sign_up
from tests.faces import Api, open_api

FORM = b"application/x-www-form-urlencoded"
HUGE = b"address=" + b"a" * (1 << 20)
FORGED = "A" * 32
ODD = (
    b"",
    b"\xff\xfe\x00",
    b"address=%00%00%00&language=en",
    b"address=ann%00@example.org",
    b"address=%ff%fe@example.org",
    b"address=%ED%A0%80@example.org",
    b"address=" + b"a" * 15_000 + b"@example.org",
    b"address=ann%0d%0aBcc:%20bob@example.org@example.org",
    b"address=%3Cscript%3Ealert(1)%3C/script%3E@example.org",
    b"address=one@example.org%2Ctwo@example.org",
    b"address=%E2%80%AEmoc.elpmaxe@nna",
    b"address=ann@example.org&topic=" + b"x" * 5_000,
    b"address=ann@example.org&topic=../../etc/passwd",
    b"&".join(b"topic=power" for _ in range(1_000)),
    b"&" * 10_000,
    b"=%&;=\x00",
    b'{"address": "ann@example.org"}',
)


@pytest.fixture
def api(
    database: Database, database_url: str, clock: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Api]:
    monkeypatch.setenv("CLARION_SIGN_UP_COUNTRIES", "GB")
    monkeypatch.setattr("app.usecases.ask_sign_up.PER_NETWORK", (10_000, timedelta(hours=4)))
    with open_api(database, database_url, clock, tmp_path / "site") as api:
        api.prepare()
        api.done(api.post("approver", "/topics", json={"slug": "power", "names": {"en": "Power"}}))
        api.client.follow_redirects = False
        yield api


def token(api: Api) -> str:
    with api.db.writing() as tx:
        place = addresses.resolve(tx, api.wiring.keyring, Medium.EMAIL, "ana@example.org")
    return manage_token(api.wiring.keyring.key(PURPOSE), place, MEDIUM_CODES[Medium.EMAIL])


def test_no_body_is_answered_with_a_fault(api: Api) -> None:
    mine = token(api)
    for path in ("/s/en", f"/m/{mine}", f"/u/{FORGED}", f"/m/{FORGED}", "/s/c/" + "A" * 28):
        for body in (*ODD, HUGE):
            for kind in (FORM, b"\xff"):
                answer = api.client.post(path, content=body, headers={b"content-type": kind})
                right = {413} if body == HUGE and path[:3] in {"/s/e", "/m/"} else {200, 404, 413, 422}
                assert answer.status_code in right, (path, body[:60], answer.status_code)
                assert "<script" not in answer.text
    with api.db.reading() as connection:
        assert connection.execute(select(sign_up)).all() == [], "none of these is an address"
    twice = {
        "address": ["zoe@example.org", "two@example.org"],
        "topic": ["power", "", "power"],
        "language": ["zz", "gu"],
    }
    assert api.client.post("/s/en", data=twice).status_code == 200
    with api.db.reading() as connection:
        rows = connection.execute(select(sign_up)).all()
    assert [(row.value, row.topics, row.language) for row in rows] == [("zoe@example.org", ["power"], "en")]
    odd = {"do": ["save", "leave"], "medium": ["email", "site", "\0"], "topic": ["power", "nope"], "area": "\0\u202e"}
    assert api.client.post(f"/m/{mine}", data=odd).status_code == 200
    ana = api.done(api.get("author", "/subscribers/1"))
    assert (ana["area"], ana["languages"]) == ("north", ["en"])
    assert [(one["medium"], one["topic"], one["granted"]) for one in ana["consents"]] == [
        ("sms", "", False), ("email", "", False), ("email", "power", True),
    ], "the first of what was sent twice, and of the media only theirs"  # fmt: skip


def test_no_path_and_no_header_is(api: Api) -> None:
    paths = ("/s/%00", "/s/%ff", "/s/" + "x" * 5_000, "/s/..%2f..%2fetc", "/s/en/", "/s/xx", "/s//en", "/s/c/%00",
             "/s/c/" + "%F0" * 28, "/m/%00", "/u/%0d%0aSet-Cookie:x", "/u/" + "%E2%80%AE" * 11)  # fmt: skip
    for path in paths:
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE"):
            answer = api.client.request(method, path)
            assert answer.status_code in {200, 404, 405, 422}, (method, path, answer.status_code)
            assert "set-cookie" not in answer.headers
            assert answer.status_code != 405 or "GET" in answer.headers["allow"].split(", ")
    for name, value in (("accept-language", b"\xff\xfe;q=9,,,;" + b"x," * 5_000), ("accept-language", b"en" * 9_000),
                        ("host", b"evil.example"), ("x-forwarded-for", b"\xff")):  # fmt: skip
        for path in ("/s", "/s/en", f"/u/{FORGED}", f"/m/{FORGED}"):
            answer = api.client.get(path, headers={name.encode(): value})
            assert answer.status_code in {200, 303, 404}, (name, path)
            assert "evil" not in answer.text + str(answer.headers)


def test_what_every_page_says_to_browsers(api: Api) -> None:
    mine = token(api)
    for path, status in (("/s/en", 200), (f"/m/{mine}", 200), (f"/u/{mine}", 200), (f"/m/{FORGED}", 404),
                         (f"/u/{FORGED}", 404), ("/s/c/" + "A" * 28, 404)):  # fmt: skip
        for language in ("en", "gu", "lo", "eo", "ar"):
            answer = api.client.get(path, headers={"accept-language": language})
            head = api.client.head(path, headers={"accept-language": language})
            assert (answer.status_code, head.status_code, head.content) == (status, status, b"")
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["x-robots-tag"] == "noindex"
            assert answer.headers["x-content-type-options"] == "nosniff"
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src" not in policy
            assert "frame-ancestors 'none'" in policy
            assert not re.search(r"<script|\son\w+=|javascript:", answer.text)
            outward = re.findall(r'(?:href|src|action)="(https?:[^"]*)"', answer.text)
            assert all(one.startswith("https://status.example.org") for one in outward), outward
