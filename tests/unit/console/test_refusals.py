"""What is refused is said in the reader's language, gaps and all."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po
from starlette.testclient import TestClient

from app.console.application import SCREENS
from app.console.forgery import form_token
from app.domain.principals import Role
from app.main import create_app
from app.store.documents import Kind
from app.templating.refusal_words import (
    AS_THEY_ARE,
    FIELDS,
    LABELS,
    OURS,
    PLACES,
    SENTENCES,
    THINGS,
    WORDS,
)
from app.templating.refusals import Sayings
from app.wiring import TEMPLATES
from tests.console import Page, Visitor
from tests.faces import Api
from tests.refusal_catalogue import field_names, gaps, not_found_words, refusals
from tests.staff_catalogue import update

MARK = "⟦"
JUNK = {"slug": "Not A Slug", "names.en": "\u202e", "kind": "nothing", "role": "nobody", "until": "never", "at": "x"}
MESSAGES = {
    "There is no {what} “{name}”.": "{what} „{name}“ gibt es nicht.",
    "{field} is missing.": "{field} fehlt.",
    "Fill it in.": "Bitte ausfüllen.",
    "From {day} to {day}.": "Von {day} bis {day}.",
}


def test_a_sentence_is_recognised_by_its_own_words_and_keeps_its_values() -> None:
    sayings = Sayings(MESSAGES)
    assert sayings.say("There is no endpoint “texts”.") == "endpoint „texts“ gibt es nicht."
    assert sayings.say("names.en is missing.") == "names.English fehlt."
    assert sayings.say("From Monday to Friday.") == "Von Monday bis Friday."
    assert sayings.say("Fill it in.") == "Bitte ausfüllen."
    assert sayings.say("Nobody knows this.") == "Nobody knows this."
    assert sayings.say("") == ""


def test_values_that_are_words_of_ours_are_said_and_what_people_named_stays() -> None:
    """A contact channel that somebody named “draft” keeps its name."""
    words = {one: f"<{one}>" for one in WORDS}
    say = Sayings({one: one for one in refusals()}, words, {"Account SID": "Kontonummer"}, "de").say
    for sentence, said in (
        ("There is no routing rule “draft”.", "There is no <routing rule> “draft”."),
        ("This needs the role approver; admin has author.", "This needs the role <approver>; admin has <author>."),
        ("An update that is draft cannot do “approve”.", "An update that is <draft> cannot do “<approve>”."),
        ("Possible now: edit, submit.", "Possible now: <edit>, <submit>."),
        ("Playbook “details” has no “details”.", "Playbook “details” has no “<details>”."),
        ("This needs a token for read; this one is for tick, people:write.",
         "This needs a token for <read>; this one is for <tick>, <people:write>."),
        ("names.gu is missing.", "<names>.Gujarati is missing."),
        ("content.gu.options[0].text is missing.", "<content>.Gujarati.<options>[0].<text> is missing."),
        ("variables.stage is empty.", "<variables>.stage is empty."),
        ("“Account SID” is missing.", "“Kontonummer” is missing."),
        ("“stage” is resolved already.", "“stage” is resolved already."),
        ("admin is shut out.", "admin is shut out."),
        ("draft (by link) is shut out.", "draft (<by link>) is shut out."),
    ):  # fmt: skip
        assert say(sentence) == said


def test_for_every_gap_of_every_refusal_it_is_written_down_whose_words_it_holds() -> None:
    kinds = (set(OURS) - SENTENCES, PLACES, SENTENCES, LABELS, AS_THEY_ARE)
    known = [gap for kind in kinds for gap in kind]
    assert len(known) == len(set(known))
    used = {gap for gap in gaps() if not gap.strip("_").isupper()}  # constants: numbers, and what is typed exactly so
    assert {gap: sorted(gaps()[gap]) for gap in used - set(known)} == {}
    assert set(known) - used == set()


def test_every_word_that_a_refusal_may_hold_is_among_the_words() -> None:
    assert {kind.value.replace("_", " ") for kind in Kind} | not_found_words() <= THINGS
    assert field_names() <= FIELDS


def test_refusals_are_found_in_the_source() -> None:
    known = refusals()
    for sentence in (
        "There is no {what} “{name}”.",
        "{field} must be a whole number from {lowest} to {highest}.",
        "This needs the role {role}; {name} has {role}.",
        "There is no endpoint “{slug}”.",
    ):
        assert any(_shape(sentence) == _shape(one) for one in known), sentence
    assert len(known) > 500


def test_every_refusal_of_every_screen_is_said_in_another_language(
    api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A catalogue in which every message is marked; whatever comes back unmarked was in no catalogue."""
    shutil.copytree(TEMPLATES / "console", tmp_path / "console")
    _marked("de", tmp_path / "console" / "locale")
    monkeypatch.setattr("app.main.TEMPLATES", tmp_path)
    german = Visitor(replace(api, client=TestClient(create_app(run_engine=False, wiring=api.wiring))))
    german.headers["accept-language"] = "de"
    api.prepare()
    api.draft()
    said: list[str] = []
    for screen in SCREENS:
        if screen.method == "POST":
            for number, nothing in (("1", "phone"), ("999999", "nothing")):
                german.enter("admin", Role.ADMIN)  # some of these acts sign somebody out
                token = form_token(api.wiring.keyring, german.client.cookies["__Host-clarion-session"])
                path = re.sub(r"\{\w+\}", nothing, re.sub(r"\{\w+:int\}", number, screen.path))
                said += _refused(german.post(f"/console{path}", {**JUNK, "_csrf": token, "_once": path}))
    assert len(said) > 50
    assert [one for one in said if MARK not in one] == []


def _refused(page: Page) -> list[str]:
    found = page.tree.xpath("//*[@class='problems']//li | //*[@class='wrong'] | //*[@class='narrow']/p[strong]/strong")
    return [" ".join(one.text_content().split()) for one in found] if page.status >= 400 else []


def _marked(language: str, folder: Path) -> None:
    path = update(language, folder)
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    for message in catalogue:
        if message.id:
            plural = isinstance(message.id, tuple)
            message.string = tuple(f"{MARK}{one}" for one in message.id) if plural else f"{MARK}{message.id}"
    with path.open("wb") as file:
        write_po(file, catalogue)


def _shape(message: str) -> str:
    return re.sub(r"\{\w+\}", "{}", message)
