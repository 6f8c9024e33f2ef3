"""A playbook's own questions are made in a form: no JSON, no script, nothing typed is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.console.tree_form import document_in, fields_of
from app.domain.triage_documents import read_tree
from app.store import documents
from app.store.documents import Kind
from app.templating.trees import load_trees
from tests.architecture.tree import ROOT
from tests.console import Page, Visitor
from tests.faces import Api
from tests.unit.console.test_preparing import playbook

SHIPPED = sorted((ROOT / "templates" / "triage").glob("*.json"))
HERE = "/playbooks/power/tree"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_tree_comes_back_out_of_the_form_as_it_went_in(path: Any) -> None:
    document = json.loads(path.read_text("utf-8"))
    assert read_tree(document_in(fields_of(document), document)) == read_tree(document)
    assert load_trees(path.parent)


def pressed(admin: Visitor, page: Page, then: str, **typed: str) -> Page:
    """A button of the form, with all that stands in it."""
    return admin.post(f"/console{HERE}", {**page.form("tree"), **typed, "then": then})


def test_questions_answers_and_where_each_leads_are_made_without_json(api: Api, admin: Visitor) -> None:
    playbook(api)
    api.done(api.post("approver", "/needs", json={"slug": "technical", "labels": {"en": "Technical issue"}}))
    assert "Make its own questions" in admin.open("/playbooks/power/questions").words
    page = admin.open(HERE)
    page = pressed(
        admin, page, "add:questions",
        **{
            "names.en": "What happened?", "questions[0].texts.en": "Is there power at home?",
            "questions[0].choices[0].texts.en": "No light at all", "questions[0].choices[1].texts.en": "It flickers",
        },
    )  # fmt: skip
    assert page.form("tree")["questions[0].choices[0].slug"] == "no-light-at-all", "named by what it says"
    assert page.tree.xpath("//*[@autofocus]/@name") == ["questions[1].kind"], "it goes on with what is new"
    refused = pressed(admin, page, "", **{"questions[1].kind": "number"})
    assert refused.status == 422
    assert "needs a text" in refused.wrong("tree-questions[1].texts.en")
    assert "This is not" not in refused.words
    assert refused.wrong("tree-problems[0].need")
    assert refused.form("tree")["questions[0].texts.en"] == "Is there power at home?", "nothing typed is lost"
    typed = {
        "start": "question-1", "otherwise": "problem-1", "questions[0].then": "question-2",
        "questions[0].signals[0].problems": "problem-1", "questions[0].signals[0].severity": "major",
        "questions[0].signals[0].when.is": "no-light-at-all",
        "questions[1].texts.en": "How many homes?", "questions[1].signals[0].when.at_least": "x",
        "questions[1].signals[0].severity": "emergency",
        "problems[0].texts.en": "No power", "problems[0].need": "technical",
        "problems[0].options[0].texts.en": "Save your battery.", "problems[0].options[1].texts.en": "Visit a library.",
    }  # fmt: skip
    choices = pressed(admin, refused, "remove:questions[1].choices[0]")
    choices = pressed(admin, choices, "remove:questions[1].choices[0]")
    wrong = pressed(admin, choices, "", **typed)
    assert wrong.wrong("tree-questions[1].signals[0].when.at_least")
    done = pressed(admin, wrong, "", **{"questions[1].signals[0].when.at_least": "1000"})
    assert done.path == "/console/playbooks/power/questions"
    with api.db.reading() as connection:
        kept = read_tree(documents.get(connection, Kind.PLAYBOOK, "power").document["tree"])
    first, second = kept.questions.values()
    assert [one.slug for one in first.choices] == ["no-light-at-all", "it-flickers"]
    assert (first.signals[0].when.among, first.signals[0].problems) == (("no-light-at-all",), ("problem-1",))
    assert (first.then, second.signals[0].when.at_least) == ("question-2", 1000)
    assert "No light at all" in admin.open("/declare/power").words, "staff are asked it"
    again = pressed(admin, admin.open(HERE), "", start="question-2")
    assert "can never be reached" in again.wrong("tree-questions[0].slug")
    assert pressed(admin, admin.open(HERE), "remove:questions[7]").status == 422
