"""Frequent questions and help elsewhere, in one language, as plain data for the pages."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.help_choice import LINKS_ON_PAGE, QUESTIONS_ON_PAGE, Help, Reading, help_for
from app.domain.help_library import FaqEntry, HelpLink, helpful
from app.domain.texts import direction
from app.publishing.picture import Picture, PublicCrisis
from app.publishing.tongue import Tongue, View

MOST_QUESTIONS = 20
MOST_LINKS = 20


def faq(tongue: Tongue, entries: Iterable[FaqEntry]) -> list[View]:
    """`{slug, question, answer}`; both texts are in one language, the reader's where there is one."""
    return [_question(tongue, entry) for entry in helpful(entries, language=tongue.language, limit=MOST_QUESTIONS)]


def help_links(tongue: Tongue, links: Iterable[HelpLink], dead: frozenset[str] = frozenset()) -> list[View]:
    """`{text, url, note, free_until}`; `free_until` is set while a page that usually needs a login needs none.

    What leads nowhere is left out.
    """
    living = (link for link in links if not link.leads_nowhere(dead, str(tongue.text(link.texts)["lang"])))
    return [_link(tongue, link) for link in helpful(living, language=tongue.language, limit=MOST_LINKS)]


def crisis_help(tongue: Tongue, picture: Picture, crisis: PublicCrisis) -> View:
    """Questions and links that go with what holds now in a crisis; empty lists when nothing does."""
    shown = crisis.shown
    found = Help()
    if shown is not None:
        found = help_for(
            picture.library,
            picture.playbooks.get(crisis.playbook),
            shown.document.help,
            Reading(tongue.language, tongue.organisation.default_language, tongue.at),
            links=LINKS_ON_PAGE,
            questions=QUESTIONS_ON_PAGE,
        )
    return {
        "slug": crisis.slug,
        "title": tongue.text(crisis.titles),
        "faq": [_question(tongue, entry) for entry in found.faq],
        "links": [_link(tongue, link) for link in found.links],
    }


def current_help(tongue: Tongue, picture: Picture, crises: Iterable[PublicCrisis]) -> list[View]:
    """One entry for each crisis that has any help to show now."""
    found = [crisis_help(tongue, picture, crisis) for crisis in crises]
    return [view for view in found if view["faq"] or view["links"]]


def general_help(tongue: Tongue, picture: Picture, current: Iterable[View]) -> tuple[list[View], list[View]]:
    """All questions and links, without those that a crisis of now shows already."""
    shown = {one["slug"] for view in current for one in _views(view["faq"])}
    urls = {one["url"] for view in current for one in _views(view["links"])}
    questions = [one for one in faq(tongue, picture.faq) if one["slug"] not in shown]
    links = [one for one in help_links(tongue, picture.help_links, picture.dead) if one["url"] not in urls]
    return questions, links


def _views(found: object) -> list[View]:
    return found if isinstance(found, list) else []


def _question(tongue: Tongue, entry: FaqEntry) -> View:
    question = tongue.text(entry.questions)
    spoken = str(question["lang"])
    answer = {**question, "text": entry.answers.get(spoken, ""), "dir": direction(spoken)}
    return {"slug": entry.slug, "question": question, "answer": answer}


def _link(tongue: Tongue, link: HelpLink) -> View:
    opened = link.opens if link.opens and link.opens.until > tongue.at else None
    text = tongue.text(link.texts)
    return {
        "text": text,
        "url": link.url_in(str(text["lang"])),
        "note": tongue.text(link.notes) if link.notes else None,
        "free_until": tongue.say("free_until", time=tongue.day(opened.until)) if opened else "",
    }
