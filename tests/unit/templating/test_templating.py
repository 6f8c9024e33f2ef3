from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Invalid, NotFound, TooLarge
from app.templating import Templating
from tests.unit.usecases.announcements import LANGUAGES, TEMPLATES, templating


def test_an_authored_template_prints_loops_and_decides() -> None:
    source = (
        "Hello {{ name|title }}{% if update.links %}: {% for link in update.links %}"
        "{{ loop.index }} {{ link.url }}{% if not loop.last %}, {% endif %}{% else %}none{% endfor %}{% endif %}"
    )
    variables = {"name": "ana", "update": {"links": [{"url": "a"}, {"url": "b"}]}}
    assert templating().check(source, variables) == ()
    assert templating().render_source(source, variables, html=False) == "Hello Ana: 1 a, 2 b"


def test_an_unknown_variable_is_named_with_the_ones_that_exist() -> None:
    (problem,) = templating().check("Hello {{ nmae }}", {"name"})
    assert problem.code == "unknown_variable"
    assert problem.field == "source"
    assert "nmae" in problem.sentence
    assert "name" in problem.remedy


def test_a_loop_variable_is_known_only_inside_its_loop() -> None:
    (problem,) = templating().check("{% for a in items %}{{ a }}{% endfor %}{{ a }}", {"items"})
    assert "“a”" in problem.sentence


def test_a_missing_entry_is_refused_and_not_printed_as_nothing() -> None:
    with pytest.raises(Invalid) as refused:
        templating().render_source("Hello {{ update.headlin }}!", {"update": {"headline": "x"}}, html=False)
    assert refused.value.problems[0].code == "unknown_variable"


def test_broken_syntax_names_the_line() -> None:
    (problem,) = templating().check("fine\n{% if %}", ())
    assert problem.code == "template_syntax"
    assert "line 2" in problem.sentence


def test_html_is_escaped_only_where_it_is_html() -> None:
    assert templating().render_source("{{ a }}", {"a": "<b>"}, html=True) == "&lt;b&gt;"
    assert templating().render_source("{{ a }}", {"a": "<b>"}, html=False) == "<b>"


def test_a_shipped_template_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound):
        templating().render("announcements/base/fax.txt", {}, html=False)
    with pytest.raises(NotFound):
        templating().render("../pyproject.toml", {}, html=False)


def test_a_shipped_template_is_strict_and_capped(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    words = {"direction": "ltr", "texts": {"exercise": "EXERCISE"}}
    (tmp_path / "words" / "en.json").write_text(json.dumps(words))
    (tmp_path / "page.txt").write_text("{{ given }}{{ missing }}")
    made = Templating(tmp_path)
    with pytest.raises(Invalid):
        made.render("page.txt", {"given": "x"}, html=False)
    with pytest.raises(TooLarge):
        made.render("page.txt", {"given": "x" * 50, "missing": "y" * 60}, html=False, cap=100)


def test_the_version_changes_with_every_word(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    words = {"direction": "ltr", "texts": {"exercise": "EXERCISE"}}
    path = tmp_path / "words" / "en.json"
    path.write_text(json.dumps(words))
    before = Templating(tmp_path).version
    words["texts"] = {"exercise": "DRILL"}
    path.write_text(json.dumps(words))
    assert Templating(tmp_path).version != before


def test_every_language_has_every_word_with_the_same_gaps() -> None:
    files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (TEMPLATES / "words").glob("*.json")}
    assert set(files) == set(LANGUAGES)
    english = files["en"]["texts"]
    for language, file in files.items():
        assert set(file["texts"]) == set(english), language
        for key, text in file["texts"].items():
            gaps = {gap for gap in ("{time}", "{duration}", "{languages}", "{link}", "{name}") if gap in english[key]}
            assert all(gap in text for gap in gaps), (language, key)
        assert file["review"] == ("" if language == "en" else "native review pending")
        assert file["direction"] == ("rtl" if language == "ar" else "ltr")


def test_an_unknown_language_is_said_in_its_base_language_or_in_english() -> None:
    assert templating().words("gu-IN").language == "gu"
    assert templating().words("tlh").language == "en"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}%|.()[]'\"_ abcforinsetx*~+-0123456789", max_size=120))
def test_any_source_is_either_refused_or_renders_within_its_variables(source: str) -> None:
    if templating().check(source, {"a", "b"}):
        return
    try:
        out = templating().render_source(source, {"a": "1", "b": ["2"]}, html=False)
    except (Invalid, TooLarge):
        return
    assert "built-in" not in out
    assert "<class" not in out
