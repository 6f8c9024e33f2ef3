"""Where links stand, and what an answer means for whoever opens one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.contacts import ContactChannel
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.link_checks import LinkReason, LinkState, Seen, judge, links_of, urls_in
from app.domain.playbooks import Playbook

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "https://www.example.org/help"
TEMPLATES = Path(__file__).parents[3] / "templates"


@pytest.mark.parametrize(
    ("seen", "state", "reason"),
    [
        (Seen(200), LinkState.ALIVE, LinkReason.ANSWERED),
        (Seen(204), LinkState.ALIVE, LinkReason.ANSWERED),
        (Seen(404), LinkState.DEAD, LinkReason.NOT_FOUND),
        (Seen(410), LinkState.DEAD, LinkReason.NOT_FOUND),
        (Seen(400), LinkState.DEAD, LinkReason.REFUSED),
        (Seen(304), LinkState.DEAD, LinkReason.REFUSED),
        (Seen(403), LinkState.UNSURE, LinkReason.GUARDED),
        (Seen(429), LinkState.UNSURE, LinkReason.GUARDED),
        (Seen(503), LinkState.UNSURE, LinkReason.SERVER_FAILED),
        (Seen(trouble=LinkReason.NO_ANSWER), LinkState.UNSURE, LinkReason.NO_ANSWER),
        (Seen(trouble=LinkReason.NO_NAME), LinkState.DEAD, LinkReason.NO_NAME),
        (Seen(trouble=LinkReason.PRIVATE_ADDRESS), LinkState.DEAD, LinkReason.PRIVATE_ADDRESS),
    ],
)
def test_what_an_answer_means(seen: Seen, state: LinkState, reason: LinkReason) -> None:
    found = judge(URL, seen, None, NOW)
    assert (found.state, found.reason) == (state, reason)
    assert found.failing_since == (None if state is LinkState.ALIVE else NOW)


def test_what_may_pass_is_dead_only_when_it_lasts_and_is_forgotten_when_it_is_over() -> None:
    later = NOW + timedelta(hours=6)
    first = judge(URL, Seen(503), None, NOW)
    second = judge(URL, Seen(trouble=LinkReason.NO_ANSWER), first, later)
    assert (second.state, second.failing_since) == (LinkState.DEAD, NOW)
    assert judge(URL, Seen(200), second, later).failing_since is None
    guarded = judge(URL, Seen(403), None, NOW)
    assert judge(URL, Seen(403), guarded, later).state is LinkState.UNSURE


def test_every_place_of_a_link_is_named_and_every_language_looked_at() -> None:
    link = {"slug": "aid", "texts": {"en": "a", "gu": "b"}, "url": "https://www.example.org/{language}/aid#top"}
    entry = {"slug": "pay", "questions": {"en": "?"}, "answers": {"en": f"See {URL}. (Or https://b.example.org/x)."}}
    chat = {"slug": "chat", "kind": "chat", "address": URL, "names": {"en": "Chat"}}
    phone = {"slug": "phone", "kind": "phone", "address": "+442071838750", "names": {"en": "Phone"}}
    found = links_of(
        [HelpLink.from_document(link)],
        [FaqEntry.from_document(entry)],
        [],
        [ContactChannel.from_document(one) for one in (chat, phone)],
    )
    assert {url: [str(place) for place in places] for url, places in found.items()} == {
        "https://b.example.org/x": ["faq/pay"],
        "https://www.example.org/en/aid": ["help_link/aid"],
        "https://www.example.org/gu/aid": ["help_link/aid"],
        URL: ["faq/pay", "contact_channel/chat"],
    }


def test_the_links_of_playbooks_are_found() -> None:
    book = json.loads((TEMPLATES / "playbooks" / "health.json").read_text(encoding="utf-8"))
    found = links_of([], [], [Playbook.from_document(book)], [])
    assert "https://www.example.org/help/health" in found
    assert "https://www.example.org/gu/help/public-aid" in found


def test_addresses_in_words_end_before_the_punctuation() -> None:
    assert urls_in("Look: https://a.example.org/x?y=1, or <https://b.example.org>!") == (
        "https://a.example.org/x?y=1",
        "https://b.example.org",
    )
