"""Preflight: every variant of an update in every language for every endpoint, before anybody is asked to approve it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.consent import MessageClass
from app.domain.content import WARNINGS, Content, check, check_variant
from app.domain.crisis import Severity, Stage
from app.domain.fitting import segments
from app.domain.help_choice import LINKS_ON_PAGE, QUESTIONS_ON_PAGE, Reading, Why, choose, wanted_help
from app.domain.languages import JOINED, fallback
from app.domain.leftovers import leftovers
from app.domain.message import PERSONAL_MEDIA, Limits, Medium
from app.domain.planning import Lane, lane
from app.domain.reading import parse_instant
from app.domain.routing import ELSEWHERE, EMERGENCY_NEED, Reason, route_lines
from app.domain.slots import is_slot_name, names_in
from app.domain.updates import missing
from app.domain.vouching import stale_problems
from app.errors import Invalid, Problem
from app.templating import Templating
from app.usecases.compose_message import Composed, Source, compose
from app.usecases.pace_update import pace_refused

_ADVICE: Final = WARNINGS | {
    "all_closed",
    "bilingual_dropped",
    "class_not_emergency",
    "dead_link",
    "impact_dropped",
    "long_text",
    "no_next_update",
    "no_page_link",
    "no_emergency_route",
    "route_dropped",
    "stale_fact",
    "translation_fallback",
    "translation_waiting",
}
"""Codes that warn; every other one blocks."""
_LAST_STAGES: Final = frozenset({Stage.RESOLVED, Stage.FOLLOWUP})


@dataclass(frozen=True, slots=True)
class EndpointLimits:
    """What preflight needs to know of an endpoint."""

    slug: str
    medium: Medium
    limits: Limits


@dataclass(frozen=True, slots=True)
class Rendering:
    """One text as its readers will get it. `size` of `limit` in `unit`; `limit` None = unlimited."""

    endpoint: str
    medium: Medium
    language: str
    variant: int
    text: str
    subject: str
    html: str
    size: int
    limit: int | None
    unit: str
    encoding: str
    """GSM-7 | UCS-2 for SMS, else ""."""
    parts: int
    """SMS parts now, 0 for other media."""
    reserved_parts: int
    """SMS parts at most, whatever the hour it is sent at and wherever its reader lives."""
    routes: int


@dataclass(frozen=True, slots=True)
class HelpOffer:
    """One entry of the help library, and why it goes with the update or not."""

    kind: str
    """help_link | faq."""
    slug: str
    why: Why


@dataclass(frozen=True, slots=True)
class Preflight:
    renderings: tuple[Rendering, ...]
    problems: tuple[Problem, ...]
    """Each of these blocks submitting."""
    warnings: tuple[Problem, ...]
    help: tuple[HelpOffer, ...] = ()
    """Every entry of the library, the chosen ones first."""

    @property
    def passed(self) -> bool:
        return not self.problems


def preflight(
    templating: Templating,
    source: Source,
    endpoints: Sequence[EndpointLimits],
    at: datetime,
    page_link: str,
) -> Preflight:
    """Never raises for what is wrong with the words: it is listed, once each, to block or to warn."""
    found = [
        *missing(source.update, at),
        *_words(source),
        *_dead_links(source),
        *_routes(source, at),
        *_circumstances(source, at, page_link),
        *_stale(source),
        *_waiting(source, at),
    ]
    renderings: list[Rendering] = []
    areas = _areas_apart(source, at)
    for endpoint, language, variant in _wanted(source, endpoints):
        texts: list[Composed] = []
        for area in ("", *areas.get(language, ())) if endpoint.medium in PERSONAL_MEDIA else ("",):
            try:
                composed = compose(
                    templating,
                    source,
                    medium=endpoint.medium,
                    limits=endpoint.limits,
                    language=language,
                    variant=variant,
                    at=at,
                    page_link=page_link,
                    fields=("manage_url",) if endpoint.medium is Medium.EMAIL else (),
                    area=area,
                )
            except Invalid as refused:
                found.extend(refused.problems)
                break
            found.extend(composed.notes)
            texts.append(composed)
        if texts:
            most = max(text.reserved for text in texts)
            renderings.append(_rendering(endpoint, language, variant, replace(texts[0], reserved=most)))
    unique = list(dict.fromkeys(found))
    return Preflight(
        tuple(renderings),
        tuple(problem for problem in unique if not _advises(problem, source)),
        tuple(problem for problem in unique if _advises(problem, source)),
        tuple(_help(source, at)),
    )


def _areas_apart(source: Source, at: datetime) -> dict[str, list[str]]:
    """For each language the areas that are told something else than people whose area is not known."""
    apart: dict[str, list[str]] = {}
    update, registry = source.update, source.registry
    for language in {*update.languages, *_organisation_languages(source)} if registry.areas else ():
        known: set[tuple[tuple[str, str], ...]] = set()
        for area in ("", ELSEWHERE, *sorted(registry.areas)):
            lines = route_lines(
                registry,
                need=update.need,
                language=language,
                area=area,
                severity=source.severity,
                audience=update.audience,
                at=at,
                limit=len(registry.needs),
            )
            told = tuple((line.need.slug, line.channel.slug) for line in lines)
            if told not in known and area:
                apart.setdefault(language, []).append(area)
            known.add(told)
    return apart


def _advises(problem: Problem, source: Source) -> bool:
    """Whether this only warns; a missing translation blocks in the default language alone."""
    if problem.code == "missing_translation":
        return source.rest or problem.field != f"content.{source.default_language}"
    return problem.code in _ADVICE


def _wanted(source: Source, endpoints: Sequence[EndpointLimits]) -> Iterator[tuple[EndpointLimits, str, int]]:
    languages = dict.fromkeys([*source.update.languages, *_organisation_languages(source)])
    ready = source.update.ready
    other = fallback(source.update.language_policy, ready, source.default_language) if ready else ""
    for endpoint in endpoints:
        variants = range(len(source.update.variants) + 1) if endpoint.medium in PERSONAL_MEDIA else range(1)
        for variant in variants:
            for language in languages:
                yield endpoint, language, variant
            if JOINED in other and endpoint.medium in PERSONAL_MEDIA:
                yield endpoint, other, variant


def _organisation_languages(source: Source) -> tuple[str, ...]:
    if source.rest:  # its readers read what it is written in
        return ()
    listed = source.organisation.get("languages")
    codes = [str(code) for code in listed] if isinstance(listed, list | tuple) else []
    return tuple(dict.fromkeys([source.default_language, *codes]))


def _words(source: Source) -> Iterator[Problem]:
    yield from check(source.update.content, _organisation_languages(source))
    for place, one in enumerate(source.update.variants):
        yield from check_variant(one.content, source.update.languages, f"variants[{place}]")
    for variant in range(len(source.update.variants) + 1):
        for language, content in source.update.words(variant).items():
            field = _place(source, variant, language)
            for text in _sentences(content):
                for gap in leftovers(text):
                    sentence, remedy = f"“{gap}” looks like a gap nobody filled.", "Fill it, or write it another way."
                    yield Problem("gap_left", sentence, field, remedy)
                for name in names_in(text):
                    if is_slot_name(name):
                        yield Problem(
                            "unknown_variable",
                            f"The slot “{{{name}}}” was never filled.",
                            field,
                            "Fill the playbook's variables, or write the words out.",
                        )


def _place(source: Source, variant: int, language: str) -> str:
    """The field in which these words stand: a variant without its own in a language has the main ones."""
    own = variant and language in source.update.variants[variant - 1].content
    return f"variants[{variant - 1}].content.{language}" if own else f"content.{language}"


def _sentences(content: Content) -> Iterator[str]:
    yield from (content.headline, content.acknowledgement, content.impact, content.duration, content.explanation)
    yield from (content.perspective, content.reassurance, *content.complications)
    yield from (option.text for option in content.options)
    yield from (link.text for link in content.links)


def _stale(source: Source) -> Iterator[Problem]:
    """In the main words and in the texts for parts of the audience, but for languages that come later."""
    later = source.update.languages_to_come
    yield from stale_problems(one for one in source.standings if one.language not in later)
    for index, (variant, found) in enumerate(zip(source.update.variants, source.standings_apart, strict=False)):
        now = (one for one in found if one.language not in later)
        yield from stale_problems(now, f"variants[{index}].content", variant.audience)


def _waiting(source: Source, at: datetime) -> Iterator[Problem]:
    """Languages somebody was asked to write, and has not yet."""
    for task in source.tasks:
        if task.open(at):
            sentence = f"The text in “{task.language}” is being translated."
            yield Problem("translation_waiting", sentence, f"content.{task.language}", "Wait for it, or send without.")


def _dead_links(source: Source) -> Iterator[Problem]:
    """Links of its own words that lead nowhere; those of the library are left out by themselves."""
    for variant in range(len(source.update.variants) + 1):
        for language, content in source.update.words(variant).items():
            urls = [(f"links[{place}].url", link.url) for place, link in enumerate(content.links)]
            urls += [(f"options[{place}].url", option.url) for place, option in enumerate(content.options)]
            for field, url in urls:
                if url.partition("#")[0] in source.library.dead:
                    sentence = f"The link {url} leads nowhere."
                    remedy = "Correct it, or see that the page is there: clarion links list --dead"
                    yield Problem("dead_link", sentence, f"{_place(source, variant, language)}.{field}", remedy)


def _help(source: Source, at: datetime) -> Iterator[HelpOffer]:
    """What the library offers to this update in the organisation's language, with the reason for each entry."""
    wanted = wanted_help(source.update.help, source.playbook)
    reader = Reading(source.default_language, source.default_language, at)
    links = choose(source.library.links, wanted, reader, limit=LINKS_ON_PAGE, dead=source.library.dead)
    own = source.playbook.faq if source.playbook else ()
    faq = choose(source.library.faq, wanted, reader, limit=QUESTIONS_ON_PAGE, own=own)
    yield from (HelpOffer("help_link", one.item.slug, one.why) for one in links)
    yield from (HelpOffer("faq", one.item.slug, one.why) for one in faq)


def _routes(source: Source, at: datetime) -> Iterable[Problem]:
    update, registry = source.update, source.registry
    needs = {option.need for content in update.content.values() for option in content.options if option.need}
    for need in sorted({update.need, *needs} - {""}):
        if need not in registry.needs:
            yield Problem("need_not_found", f"There is no need “{need}”.", "need", "Create it, or choose another one.")
    for language in update.languages:
        lines = route_lines(
            registry,
            need=update.need,
            language=language,
            severity=source.severity,
            audience=update.audience,
            at=at,
            limit=len(registry.needs),
        )
        if lines and all(line.option.reason in (Reason.OPENS_LATER, Reason.CLOSED) for line in lines):
            yield Problem(
                "all_closed", "Every contact channel is closed now.", "need", "Open an emergency line, or say when."
            )
        if source.severity is Severity.EMERGENCY and not any(line.need.slug == EMERGENCY_NEED for line in lines):
            yield Problem(
                "no_emergency_route", "There is no emergency line.", "need", f"Add the need “{EMERGENCY_NEED}”."
            )


def _circumstances(source: Source, at: datetime, page_link: str) -> Iterator[Problem]:
    if source.update.recipients_per_hour is not None and lane(source.update.stage, source.severity) <= Lane.EMERGENCY:
        yield pace_refused()
    wanted = source.update.message_class
    if wanted is MessageClass.SAFETY_OF_LIFE and source.severity is not Severity.EMERGENCY:
        sentence = "Only in an emergency is it a matter of life: it goes as a service message."
        yield Problem("class_not_emergency", sentence, "message_class", "Raise the severity, if life is in danger.")
    if source.update.next_update_by is None and source.update.stage not in _LAST_STAGES:
        yield Problem(
            "no_next_update", "It does not say when the next update comes.", "next_update_by", "Promise a time."
        )
    if not page_link:
        yield Problem("no_page_link", "There is no page to link to.", "", "Add a site, or accept it.")
    facts = source.crisis.get("facts")
    for fact in facts if isinstance(facts, list | tuple) else ():
        stale_at = parse_instant(str(fact.get("stale_at") or ""))
        if stale_at is not None and stale_at <= at:
            name = str(fact.get("name", ""))
            yield Problem("stale_fact", f"The fact “{name}” is out of date.", f"facts.{name}", "Check it again.")


def _rendering(endpoint: EndpointLimits, language: str, variant: int, composed: Composed) -> Rendering:
    message = composed.message
    counted = segments(message.text) if endpoint.medium is Medium.SMS else None
    return Rendering(
        endpoint=endpoint.slug,
        medium=endpoint.medium,
        language=language,
        variant=variant,
        text=message.text,
        subject=message.subject,
        html=message.html,
        size=composed.measure.size,
        limit=composed.measure.limit,
        unit=composed.measure.unit,
        encoding=counted.encoding if counted else "",
        parts=counted.parts if counted else 0,
        reserved_parts=composed.reserved,
        routes=composed.routes,
    )
