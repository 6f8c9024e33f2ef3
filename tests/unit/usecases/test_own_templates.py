"""Messages in a form of one's own: which template makes which, and what none of them can leave out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.crisis import Stage
from app.domain.message import Medium
from app.domain.template_documents import Part, TemplateDocument, check_apart, choose
from app.errors import Conflict, Invalid
from app.templating.own_texts import check_own
from tests.unit.usecases.announcements import LANGUAGES, STAGES, composed, document, source, templating

LINES = "{% for one in routes %}{{ one.need }}: {{ one.address }}\n{% endfor %}"
SHORT = TemplateDocument("short", Medium.SMS, "Us: {{ headline }}\n" + LINES)
HTML = TemplateDocument(
    "page", Medium.EMAIL, f'<h1>{{{{ headline }}}}</h1>{LINES}<a href="{{{{ manage_link }}}}">-</a>', part=Part.HTML
)
SUBJECT = TemplateDocument("subject", Medium.EMAIL, "[Us] {{ headline }}", part=Part.SUBJECT)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", STAGES)
def test_the_form_of_ones_own_holds_for_every_stage_and_language(stage: str, language: str) -> None:
    made = composed(source(document(stage), templates=(SHORT,)), Medium.SMS, language)
    assert "Us: " in made.message.text.splitlines()[0]
    assert not [note.code for note in made.notes if note.code == "template_unusable"]
    assert made.routes


def test_a_correction_and_an_exercise_say_so_first_in_every_form() -> None:
    update = source(document("correction", drill=True), templates=(SHORT, HTML, SUBJECT))
    assert composed(update, Medium.SMS).message.text.startswith("EXERCISE: Correction: Us: ")
    email = composed(update, Medium.EMAIL, fields=("manage_url",)).message
    assert email.subject.startswith("EXERCISE: Correction: [Us] ")
    assert email.html.startswith("<p><strong>EXERCISE: Correction</strong></p>")


def test_words_stay_escaped_and_links_personal_in_html_of_ones_own() -> None:
    content = {"en": {"headline": '<b>bold</b> & "quoted" -name-', "impact": "x"}}
    update = source(document(content=content), templates=(HTML,))
    html = composed(update, Medium.EMAIL, fields=("name", "manage_url")).message.html
    assert html.startswith("<h1>&lt;b&gt;bold")
    assert "-name-html-" in html
    assert 'href="-manage_url-html-"' in html


def test_a_budget_of_parts_holds_for_forms_of_ones_own() -> None:
    long = TemplateDocument("long", Medium.SMS, "x" * 160 + SHORT.source)
    assert composed(source(templates=(long,)), Medium.SMS).measure.size <= 3


@pytest.mark.parametrize(
    ("template", "lacking"),
    [
        (TemplateDocument("t", Medium.SMS, LINES), "headline"),
        (TemplateDocument("t", Medium.SMS, "{{ headline }}"), "routes"),
        (TemplateDocument("t", Medium.EMAIL, "{{ headline }}" + LINES), "manage_link"),
        (TemplateDocument("t", Medium.EMAIL, "News", part=Part.SUBJECT), "headline"),
    ],
)
def test_what_leaves_out_what_readers_need_is_refused(template: TemplateDocument, lacking: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_own(templating(), template)
    assert (refused.value.problems[0].code, refused.value.problems[0].field) == ("template_unusable", "source")
    assert lacking in refused.value.problems[0].sentence


def test_one_that_fails_for_these_words_gives_way_to_the_shipped_form_and_is_named() -> None:
    fickle = TemplateDocument("fickle", Medium.SMS, "{% if not impact %}" + SHORT.source + "{% endif %}")
    made = composed(source(templates=(fickle,)), Medium.SMS)
    assert made.message.text == composed(source(), Medium.SMS).message.text
    assert {("template_unusable", "templates.fickle")} == {(note.code, note.field) for note in made.notes}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"medium": "site"}, "medium"),
        ({"part": "html"}, "part"),
        ({"variables": ["headline", "hedline"]}, "variables[1]"),
        ({"stages": ["details", "later"]}, "stages[1]"),
        ({"language": "klingon!"}, "language"),
        ({"sourse": "x"}, "sourse"),
    ],
)
def test_a_faulty_document_is_refused_by_place(fields: dict[str, object], place: str) -> None:
    with pytest.raises(Invalid) as refused:
        TemplateDocument.from_document({"slug": "t", "medium": "sms", "source": "x", **fields})
    assert place in {problem.field for problem in refused.value.problems}


DOCUMENTS = st.builds(
    TemplateDocument,
    slug=st.sampled_from("abcdef"),
    medium=st.sampled_from([Medium.SMS, Medium.EMAIL]),
    source=st.just("x"),
    language=st.sampled_from(["", "gu", "gu-IN", "en"]),
    stages=st.lists(st.sampled_from([Stage.DETAILS, Stage.RESOLVED, Stage.PROGRESS]), max_size=2, unique=True).map(
        tuple
    ),
)


@given(st.lists(DOCUMENTS, max_size=6), st.sampled_from(list(Stage)), st.sampled_from(["gu", "gu-IN", "en", "lo"]))
def test_the_nearest_one_is_chosen_and_where_all_may_stand_side_by_side_only_one_is(
    every: list[TemplateDocument], stage: Stage, language: str
) -> None:
    kept: list[TemplateDocument] = []
    for one in every:
        try:
            check_apart(one, kept)
        except Conflict:
            continue
        kept = [*(other for other in kept if other.slug != one.slug), one]
        assert TemplateDocument.from_document(one.to_document()) == one
    found = choose(kept, Medium.SMS, Part.TEXT, stage, language)
    assert found == choose(reversed(kept), Medium.SMS, Part.TEXT, stage, language)
    fitting = [
        one
        for one in kept
        if one.medium is Medium.SMS
        and one.language in {"", language, language[:2]}
        and (not one.stages or stage in one.stages)
    ]
    assert (found is None) == (not fitting)
    for other in fitting:
        assert found is not None
        nearer = (len(other.language), bool(other.stages)) > (len(found.language), bool(found.stages))
        assert not nearer, f"{other} is nearer than {found}"
