"""Frequent questions and help elsewhere, in one language, as plain data for the contact page."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.help_library import FaqEntry, HelpLink, helpful
from app.domain.texts import direction
from app.publishing.tongue import Tongue, View

MOST_QUESTIONS = 20
MOST_LINKS = 20


def faq(tongue: Tongue, entries: Iterable[FaqEntry]) -> list[View]:
    """`{slug, question, answer}`; both texts are in one language, the reader's where there is one."""
    found: list[View] = []
    for entry in helpful(entries, language=tongue.language, limit=MOST_QUESTIONS):
        question = tongue.text(entry.questions)
        spoken = str(question["lang"])
        answer = {**question, "text": entry.answers.get(spoken, ""), "dir": direction(spoken)}
        found.append({"slug": entry.slug, "question": question, "answer": answer})
    return found


def help_links(tongue: Tongue, links: Iterable[HelpLink]) -> list[View]:
    """`{text, url, note, free_until}`; `free_until` is set while a page that usually needs a login needs none."""
    found: list[View] = []
    for link in helpful(links, language=tongue.language, limit=MOST_LINKS):
        opened = link.opens if link.opens and link.opens.until > tongue.at else None
        text = tongue.text(link.texts)
        found.append(
            {
                "text": text,
                "url": link.url_in(str(text["lang"])),
                "note": tongue.text(link.notes) if link.notes else None,
                "free_until": tongue.say("free_until", time=tongue.day(opened.until)) if opened else "",
            }
        )
    return found
