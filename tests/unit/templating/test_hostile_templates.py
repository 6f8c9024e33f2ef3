"""What a template written by people can do to us: nothing. Payloads from the sandbox's own history and from us."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest

from app.errors import Invalid, TooLarge
from app.templating import OUTPUT_CAP, Templating
from tests.unit.usecases.announcements import TEMPLATES
from tests.unit.usecases.announcements import templating as shipped

SECONDS = 5.0  # A bomb that works takes minutes; a busy machine must not look like one.
MEGABYTES = 64
SECRET = "s3cr3t"
VARIABLES: dict[str, Any] = {
    "name": "Ana",
    "text": "x" * 20_000,
    "items": ["y" * 1_000] * 40,
    "update": {"headline": "Down", "links": [{"url": "https://example.org"}]},
}

WALKS = [
    "{{ name.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name['__class__'] }}",
    "{{ name|attr('__class__') }}",
    "{{ update|map(attribute='__class__')|list }}",
    "{{ update.items() }}",
    "{{ update.pop('headline') }}",
    "{{ update.__init__.__globals__ }}",
    "{{ self.__dict__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ config }}",
    "{{ env }}",
    "{{ request.application.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].environ }}",
    "{{ joiner.__init__ }}",
    "{{ namespace.__init__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{% for _ in items %}{{ _ }}{% endfor %}",
    "{% for x in items %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in items %}{{ loop._iterator }}{% endfor %}",
    "{{ update['__' ~ 'class__'] }}",
    "{{ ().__class__.__base__ }}",
    "{{ {}.__class__ }}",
]
FORMAT_TRICKS = [
    "{{ '{0.__class__}'.format(name) }}",
    "{{ '%s'|format(name) }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ 'x'|center(999999999) }}",
    "{{ name|replace('A', '{0.__globals__}')|format(name) }}",
    "{{ ('{0.__class__.__init__}'|attr('format'))(name) }}",
    "{% set f = 'x{0.__class__}'.format %}{{ f(name) }}",
]
BOMBS = [
    "{{ 'x' * 300000000 }}",
    "{{ 9 ** 999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ [0] * 300000000 }}",
    "{{ 1 << 999999999 }}",
    "{{ range(999999999)|list }}",
    "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    "{% for a in items %}{% for b in items %}{{ text }}{% endfor %}{% endfor %}",
    "{% for a in items recursive %}{{ loop(items) }}{% endfor %}",
    "{% set a = text %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{{ text" + " ~ text" * 900 + " }}",
    "{{ text|join(text) }}",
    "{{ text" + "|replace('x', 'xx')" * 40 + " }}",
    "{{ text|wordwrap(1)|indent(999999) }}",
    "{{ items|batch(99999999, text)|list }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include 'announcements/base/email.html' %}",
    "{% import 'announcements/base/email.html' as x %}{{ x }}",
    "{% extends 'announcements/base/email.html' %}",
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% call(x) name() %}{% endcall %}",
    "{% filter upper %}{{ text }}{% endfilter %}",
    "{% autoescape false %}{{ name }}{% endautoescape %}",
    "{% with a = text %}{{ a }}{% endwith %}",
    "{{ " + "(" * 3000 + "name" + ")" * 3000 + " }}",
    "{{ " + "not " * 1900 + "name }}",
    "{{ " + "-" * 4000 + "1 }}",
    "{{ name" + ".a" * 3500 + " }}",
    "{{ name" + "|trim" * 1500 + " }}",
    "{{ " + "9" * 7000 + " }}",
    "{% if name %}" * 400 + "x" + "{% endif %}" * 400,
    "{{ " + "[" * 3000 + "]" * 3000 + " }}",
    "{{ lipsum(n=99999) }}",
    "x" * 9_000,
    "{{ text }}" * 700,
    "{{ name[::-1] }}",
    "{{ items|sum(start='') }}",
    "{{ dict(a=name) }}",
    "{{ text|urlize }}",
    "{{ name if name is sameas(name) }}",
    "{% for a, b in items %}{{ a }}{% endfor %}",
    "{% for a in 'abc' %}{{ a }}{% endfor %}",
    "{% trans %}x{% endtrans %}",
]
CAPPED = [
    "{% for x in items %}{{ x }}{{ x }}{% endfor %}",
    "{{ text }}" * 300,
    "{% for x in items %}{{ text }}{% endfor %}",
]


def outcome(templating: Templating, source: str) -> tuple[str | None, str]:
    """What came out, and the code of the refusal."""
    try:
        return templating.render_source(source, VARIABLES, html=False), ""
    except (Invalid, TooLarge) as refused:
        return None, refused.problems[0].code


def attempt(source: str) -> tuple[str | None, str]:
    """The outcome, within the bounds of processor time and memory. Twice, because tracing memory takes time."""
    started = time.process_time()
    result = outcome(Templating(TEMPLATES), source)
    took = time.process_time() - started
    fresh = Templating(TEMPLATES)
    tracemalloc.start()
    try:
        assert outcome(fresh, source) == result
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took < SECONDS, f"{took:.2f} s"
    assert peak < MEGABYTES * 1024 * 1024, f"{peak / 1e6:.0f} MB"
    return result


@pytest.mark.parametrize("source", WALKS + FORMAT_TRICKS + BOMBS, ids=lambda source: source[:48])
def test_a_hostile_template_is_refused_before_it_runs(source: str) -> None:
    out, code = attempt(source)
    assert out is None
    assert code in {"template_refused", "unknown_variable", "template_syntax"}
    assert shipped().check(source, VARIABLES), "the same refusal when it is saved"


@pytest.mark.parametrize("source", CAPPED, ids=lambda source: source[:48])
def test_a_template_that_grows_is_stopped_at_the_cap(source: str) -> None:
    out, code = attempt(source)
    assert out is None
    assert code == "template_too_large"


def test_a_refusal_names_what_to_do() -> None:
    problem = shipped().check("{{ 'x' * 300000000 }}", ())[0]
    assert problem.code == "template_refused"
    assert problem.sentence.endswith(".")
    assert problem.remedy


def test_a_method_of_a_value_is_no_variable() -> None:
    for source in ("{{ name.upper }}", "{{ name.format }}", "{{ update.items }}", "{{ items.append }}"):
        assert attempt(source) == (None, "unknown_variable")


def test_large_variables_are_refused_too() -> None:
    with pytest.raises(TooLarge):
        shipped().render_source("{{ a }}", {"a": "x" * (OUTPUT_CAP + 1)}, html=False)
    with pytest.raises(TooLarge):
        shipped().render_source("{{ a }}", {"a": [0] * 3_000}, html=False)


def test_an_object_never_reaches_a_template() -> None:
    class Account:
        secret = SECRET

    with pytest.raises(TypeError):
        shipped().render_source("{{ account.secret }}", {"account": Account()}, html=False)
