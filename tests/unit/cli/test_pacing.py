"""Answering preflight's warning about contacts on the command line, with the organisation's own figures."""

from __future__ import annotations

import json
import re

import pytest

from app.clock import SystemClock
from app.domain.principals import HOST
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.save_document import save_document
from tests.unit.cli.conftest import Clarion

PEOPLE = """external_id,name,email,phone,languages,timezone,area
1,Ana,ana@example.org,+442071838750,en,Europe/London,north
2,Bela,bela@example.org,,en,Europe/London,north
3,Chandra,,+442071838751,gu,Asia/Kolkata,south
"""
WORDS = {
    "stage": "holding",
    "audience": "everyone",
    "endpoints": ["texts", "mail"],
    "need": "billing",
    "content": {"en": {"headline": "Bills are late", "impact": "Yours too.", "options": [{"text": "Wait."}]}},
}


@pytest.fixture
def author(clarion: Clarion) -> Clarion:
    """All three people will get in touch, with a desk that takes one an hour."""
    clarion.environment.setenv("CLARION_CONTACT_SHARES", '{"severity": {"minor": 100}}')
    clarion.prepare()
    db, now = Database(f"sqlite:///{clarion.file}"), SystemClock().now()
    desk = {"kind": "phone", "address": "+442071838755", "names": {"en": "Desk"}, "capacity": {"per_hour": 1}}
    portal = {"kind": "portal", "address": "https://help.example.org", "names": {"en": "Portal"}}
    save_document(db, HOST, Kind.CONTACT_CHANNEL, "desk", desk, 0, now)
    save_document(db, HOST, Kind.CONTACT_CHANNEL, "portal", portal, 0, now)
    save_document(db, HOST, Kind.NEED, "billing", {"labels": {"en": "Billing"}}, 0, now)
    rule = {"need": "billing", "contact_channels": ["desk", "portal"]}
    save_document(db, HOST, Kind.ROUTING_RULE, "bills", rule, 0, now)
    db.close()
    clarion.become("ada", "approver")
    clarion.done("import", "subscribers", clarion.write("people.csv", PEOPLE))
    clarion.done("crisis", "open", "bills", "--title", "en=Late bills", "--severity", "minor")
    clarion.done("update", "draft", "bills", "--file", clarion.write("words.json", json.dumps(WORDS)))
    return clarion


def test_the_preview_warns_and_the_offers_are_taken_by_one_command_each(author: Clarion) -> None:
    shown = re.sub(r"\s+", " ", author.done("update", "preview", "1").out)
    assert "About 3 people will probably get in touch" in shown
    assert "Pace it: 1 recipients an hour" in shown
    assert "Route elsewhere: customers are led to “portal”" in shown

    assert author.json("update", "pace", "1")["document"]["recipients_per_hour"] == 1
    assert "Pace it" not in author.done("update", "preview", "1").out
    assert author.json("update", "pace", "1", "--lift")["document"]["recipients_per_hour"] is None
    assert author.json("update", "pace", "1", "--per-hour", "7")["document"]["recipients_per_hour"] == 7

    author.done("update", "pace", "1", "--lift")
    assert "customers are led to portal" in author.done("update", "divert", "1").out
    assert author.json("route", "--need", "billing")["options"][0]["contact_channel"]["slug"] == "portal"


def test_figures_that_cannot_be_read_are_refused_by_name(author: Clarion) -> None:
    author.environment.setenv("CLARION_CONTACT_SHARES", '{"severity": {"huge": 1}}')
    answer = author("update", "preview", "1")
    assert answer.code != 0
    assert "CLARION_CONTACT_SHARES" in answer.err
    assert "Traceback" not in answer.err
