"""Whoever reads a language an update has gets it in one of theirs, alone or at a shared address, whatever the policy.

Whoever reads none gets what the policy says: the organisation's language, two in one message, or nothing and a place
on a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.database import Database
from tests.faces import WORDS
from tests.live import Live, open_live, written

HEADLINES = {"en": "Power is out", "gu": "વીજળી બંધ છે", "pt": "Sem energia"}
READERS = ("en", "gu", "gu-IN", "pt-BR", "fr;gu", "lo;pt;en", "lo", "fr;ar")
"""The last two read none of them."""
SHARED = (("lo", "gu"), ("pt-BR", "pt"), ("gu;en", "en"), ("fr", "lo"))
"""Two people at one phone; the last two of them read none."""


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def live(database: Database, database_url: str, tmp_path: Path, outbox: Path) -> Iterator[Live]:
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        for slug, channel in (("texts", "outbox.sms"), ("mail", "outbox.email")):
            live.endpoint(slug, channel, {"directory": str(outbox)})
        yield live


def take_in(live: Live) -> None:
    rows = ["external_id,email,phone,languages,area"]
    rows += [f"r{n},r{n}@example.org,+44207183880{n},{read},here" for n, read in enumerate(READERS)]
    for n, pair in enumerate(SHARED):
        rows += [f"s{n}{who},,+44207183881{n},{read},here" for who, read in enumerate(pair)]
    headers = {"content-type": "text/csv"}
    answer = live.api.post("author", "/subscribers/import", content="\n".join(rows).encode(), headers=headers)
    assert live.api.done(answer)["rejected"] == 0
    live.api.done(live.api.post("author", "/audiences", json={"slug": "here", "text": "area = here"}))


def understood(read: str) -> set[str]:
    return {code.split("-")[0] for code in read.split(";")}


@pytest.mark.parametrize(("policy", "others"), [("default", {"en"}), ("bilingual", {"en+gu"}), ("skip", set())])
def test_nobody_gets_a_language_they_do_not_read_while_theirs_exists(
    live: Live, outbox: Path, policy: str, others: set[str]
) -> None:
    take_in(live)
    content = {language: {**WORDS, "headline": headline} for language, headline in HEADLINES.items()}
    update = live.draft(audience="here", endpoints=["texts", "mail"], content=content, language_policy=policy)
    preview = live.api.done(live.api.get("author", f"/updates/{update}/preview"))
    unread = {each["medium"]: each["people"] for each in preview["left_out"] if each["reason"] == "reads_none"}
    assert unread == ({} if others else {"sms": 5, "email": 2})
    live.broadcast(update)
    got = {(each["to"][:1] == "r", each["to"].partition("@")[0][-2:]): each for each in written(outbox)}
    for number, read in enumerate(READERS):
        for mail in (True, False):
            able = understood(read) & set(HEADLINES)
            message = got.get((mail, f"r{number}" if mail else f"0{number}"))
            check(message, able or others, read)
    for number, pair in enumerate(SHARED):
        able = (understood(pair[0]) & set(HEADLINES)) or (understood(pair[1]) & set(HEADLINES)) or others
        both = understood(pair[0]) & understood(pair[1]) & set(HEADLINES)
        check(got.get((False, f"1{number}")), both or able, str(pair))
    deliveries = live.api.done(live.api.get("viewer", f"/updates/{update}/deliveries?limit=100"))["items"]
    assert {each["language"] for each in deliveries} == {*HEADLINES, *others}
    shown = live.read(update)
    assert sum(each["recipients"] for each in shown["listed"]) == shown["recipients"] == len(deliveries)
    listed = live.api.done(live.api.get("author", f"/updates/{update}/left-out"))["items"]
    assert {each["external_id"] for each in listed} == (set() if others else {"r6", "r7", "s00", "s30", "s31"})


def check(message: dict[str, str] | None, able: set[str], read: str) -> None:
    if not able:
        assert message is None, read
        return
    assert message is not None, read
    said = {language for language, headline in HEADLINES.items() if headline in message["text"]}
    assert said in [set(one.split("+")) for one in able], (read, message["text"])
