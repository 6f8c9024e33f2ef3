"""Messages made by a template of one's own, which may look as it likes but not leave out what readers need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from markupsafe import escape

from app.domain.template_documents import CONTENT_GAPS, EMAIL_GAPS, Part, TemplateDocument, gaps_of
from app.errors import Invalid, Problem, TooLarge
from app.templating import Templating

SHORT_GAPS: Final = ("mark", "words", "routes", "next_update", "link")


def render_own(
    templating: Templating, template: TemplateDocument, view: Mapping[str, Any], first: Sequence[str] = ()
) -> str:
    """`view`: what the shipped templates are given. Words of `first` that it does not say come before all others.

    Raise Invalid, field `templates.SLUG`, when it cannot be rendered or lacks the headline, every contact line, or in
    an e-mail the link by which somebody unsubscribes.
    """
    html, gaps = template.part is Part.HTML, flat(view, template)
    try:
        text = templating.render_source(template.source, gaps, html=html)
    except (Invalid, TooLarge) as refused:
        raise _unusable(template, refused.problems[0].sentence) from None
    if lacking := next(missing(template.part, text, gaps), None):
        raise _unusable(template, f"It leaves out {{{{ {lacking} }}}}.")
    unsaid = ": ".join(word for word in first if word and not _says(text, word, html=html))
    if unsaid:
        return f"<p><strong>{escape(unsaid)}</strong></p>\n{text}" if html else f"{unsaid}: {text}"
    return text


def check_own(templating: Templating, template: TemplateDocument) -> None:
    """Raise Invalid, field `source`, when the template is not harmless or leaves out what every message must say."""
    problems = templating.check(template.source, template.allowed)
    if problems:
        raise Invalid(problems)
    try:
        words = templating.words(template.language or "en").texts
        render_own(templating, template, {**SAMPLE, "words": words})
    except Invalid as refused:
        sentence, remedy = refused.problems[0].sentence, "Say it there: readers need it in every message."
        raise Invalid(Problem("template_unusable", sentence, "source", remedy)) from None


def flat(view: Mapping[str, Any], template: TemplateDocument) -> dict[str, Any]:
    """The gaps of its medium by name, those it did not ask for left out; what this message does not have is empty."""
    content = view["content"]
    every = {**{name: view.get(name, "") for name in (*SHORT_GAPS, *EMAIL_GAPS)},
             **{name: content[name] for name in CONTENT_GAPS}}  # fmt: skip
    return {name: every[name] for name in gaps_of(template.medium) if name in template.allowed or name in _CHECKED}


def missing(part: Part, text: str, gaps: Mapping[str, Any]) -> Iterator[str]:
    """The gaps that must be said and are not: headline, contact, the personal link."""
    html = part is Part.HTML
    if not _says(text, str(gaps["headline"]), html=html):
        yield "headline"
    if part is Part.SUBJECT:
        return
    addresses = [str(route["address"]) for route in gaps["routes"]]
    if addresses and not any(_says(text, address, html=html) for address in addresses):
        yield "routes"
    link = str(gaps.get("manage_link") or "")
    if link and not _says(text, link, html=html):
        yield "manage_link"


_CHECKED: Final = frozenset({"headline", "routes", "manage_link"})


def _says(text: str, what: str, *, html: bool) -> bool:
    wanted = str(escape(what)) if html else what
    return " ".join(wanted.casefold().split()) in " ".join(text.casefold().split())


def _unusable(template: TemplateDocument, why: str) -> Invalid:
    sentence = f"The template “{template.slug}” cannot be used: {why}"
    remedy = "Mend it under Manage, Templates, or remove it."
    return Invalid(Problem("template_unusable", sentence, f"templates.{template.slug}", remedy))


_ROUTE: Final = {
    "need": "Technical help", "need_language": "en", "need_direction": "ltr", "name": "Hotline", "name_language": "en",
    "name_direction": "ltr", "address": "+12025550100", "shown": "+1 202-555-0100", "href": "tel:+12025550100",
    "note": "24 h", "details": [],
}  # fmt: skip
SAMPLE: Final[Mapping[str, Any]] = {
    "content": {
        "language": "en", "direction": "ltr", "headline": "Lines are cut in the north",
        "headline_stop": "Lines are cut in the north.", "acknowledgement": "We are sorry.", "impact": "No calls.",
        "duration": "Until noon.", "explanation": "A storm.", "complications": ["It may take longer."],
        "options": [{"text": "Use another way.", "url": "https://www.example.org/", "route": "", "href": ""}],
        "perspective": "We are on it.", "reassurance": "We write again.",
        "links": [{"text": "More", "url": "https://www.example.org/", "route": ""}],
    },
    "mark": "", "routes": [_ROUTE], "next_update": "Next update by noon.", "link": "https://status.example.org/",
    "language": "en", "direction": "ltr", "kicker": "Update", "organisation": "Example", "not_in_language": "",
    "greeting": "", "help": {"links": [], "faq": []}, "contact_as_of": "as of noon", "read_more": "Read more",
    "why_you": "You get this because ...", "manage": "Change it: -manage_url-", "manage_link": "-manage_url-",
    "subject": "Lines are cut in the north",
}  # fmt: skip
"""Every gap filled: what a template must say is found by letting it speak."""
