"""Which help goes with an update: by topic, language and area, each entry with one reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.help_choice import Library, Reading, Why, choose, chosen, help_for, wanted_help
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.playbooks import Playbook
from app.domain.reading import iso
from app.domain.updates import HelpWanted

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GUJARATI = Reading("gu", "en", NOW)
WANTED = HelpWanted(("connection", "money"), ("north",))


def link(slug: str, **more: Any) -> HelpLink:
    plain = {"slug": slug, "texts": {"en": slug, "gu": slug}, "url": f"https://x.example.org/{{language}}/{slug}"}
    return HelpLink.from_document({**plain, "topics": ["connection"], **more})


def question(slug: str, **more: Any) -> FaqEntry:
    return FaqEntry.from_document({"slug": slug, "questions": {"en": "?"}, "answers": {"en": "!"}, **more})


def reasons(*links: HelpLink, wanted: HelpWanted = WANTED, **more: Any) -> dict[str, Why]:
    judged = choose(links, wanted, GUJARATI, **{"limit": 10, **more})
    assert len(judged) == len(links)
    return {one.item.slug: one.why for one in judged}


def test_every_entry_has_its_reason() -> None:
    opened = {"url_pattern": "https://x.example.org/*", "until": iso(NOW)}
    assert reasons(
        link("fits"),
        link("north", areas=["north"]),
        link("south", areas=["south"]),
        link("health", topics=["health"]),
        link("lao", texts={"lo": "x"}),
        link("closed", open_resources=opened),
        link("open", open_resources={**opened, "until": iso(NOW + timedelta(hours=1))}),
        link("gone"),
        dead=frozenset({"https://x.example.org/gu/gone"}),
    ) == {
        "fits": Why.CHOSEN,
        "north": Why.CHOSEN,
        "open": Why.CHOSEN,
        "south": Why.OTHER_AREA,
        "health": Why.OTHER_TOPIC,
        "lao": Why.OTHER_LANGUAGE,
        "closed": Why.OVER,
        "gone": Why.DEAD,
    }


def test_it_is_bounded_and_can_be_switched_off() -> None:
    few = reasons(link("a"), link("b"), link("c"), limit=2)
    assert few == {"a": Why.CHOSEN, "b": Why.CHOSEN, "c": Why.ENOUGH}
    off = HelpWanted(("connection",), shown=False)
    assert set(reasons(link("a"), wanted=off).values()) == {Why.SWITCHED_OFF}


def test_the_readers_language_comes_first_then_the_topic_then_the_position() -> None:
    judged = choose(
        [
            link("money", topics=["money"], position=1),
            link("second", position=2),
            link("first", position=1),
            link("english", texts={"en": "x"}),
        ],
        WANTED,
        GUJARATI,
        limit=10,
    )
    assert [one.slug for one in chosen(judged)] == ["first", "second", "money", "english"]


def test_an_update_without_topics_takes_its_playbooks_and_the_playbooks_own_questions_come_first() -> None:
    faq = [{"questions": {"en": "Own?"}, "answers": {"en": "Own."}}]
    book = Playbook.from_document({"slug": "outage", "topics": ["connection"], "faq": faq})
    library = Library((link("a"),), (question("other", topics=["connection"]), question("far", topics=["x"])))
    found = help_for(library, book, HelpWanted(), GUJARATI, links=5, questions=5)
    assert [one.slug for one in found.links] == ["a"]
    assert [one.slug for one in found.faq] == ["outage-1", "other"]
    assert wanted_help(HelpWanted(("health",)), book).topics == ("health",)
    assert help_for(library, None, HelpWanted(), GUJARATI, links=5, questions=5).links == ()
