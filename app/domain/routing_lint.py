"""What is doubtful about a whole set of routing rules: read it before customers find out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import product
from math import prod
from typing import Final, TypeVar

from app.domain.contacts import ContactChannel
from app.domain.hours import opening
from app.domain.routing import ANY_NEED, EMERGENCY_NEED, Registry, RoutingRule, When
from app.errors import Problem

Value = TypeVar("Value")

MOST_PARTS: Final = 256
"""Combinations of conditions that are looked at one by one."""


def lint(registry: Registry, at: datetime) -> tuple[Problem, ...]:
    """Everything worth a second look, from `at` on; empty = all is well. Nothing here stops a document being saved.

    Fields are `routing_rules.<slug>`, `needs.<slug>` and `contact_channels.<slug>`. Rules cannot name one another, so
    the only circle they can express is a contact channel that is to stand in for itself.
    """
    return (
        *check_references(registry),
        *_unreachable(registry),
        *_own_fallbacks(registry),
        *_never_in_force(registry, at),
        *_never_open(registry, at),
        *_of_other_areas(registry),
        *_without_route(registry),
        *_emergencies(registry, at),
    )


def check_references(registry: Registry) -> tuple[Problem, ...]:
    """Rules that name needs or contact channels which are not there, and needs without any rule."""
    problems = []
    for rule in registry.rules:
        where = f"routing_rules.{rule.slug or rule.need}"
        if rule.need != ANY_NEED and rule.need not in registry.needs:
            problems.append(
                Problem("need_not_found", f"There is no need “{rule.need}”.", f"{where}.need", "Create it first.")
            )
        problems.extend(
            Problem(
                "contact_channel_not_found",
                f"There is no contact channel “{slug}”.",
                f"{where}.contact_channels",
                "Create it first.",
            )
            for slug in rule.contact_channels
            if slug not in registry.channels
        )
    ruled = {rule.need for rule in registry.rules}
    if ANY_NEED not in ruled:
        problems.extend(
            Problem("need_without_rule", f"No rule serves “{slug}”.", f"needs.{slug}", "Add a routing rule for it.")
            for slug in registry.needs
            if slug not in ruled
        )
    return tuple(problems)


def covers(wide: When, narrow: When) -> bool:
    """Whether `wide` surely holds whenever `narrow` does. Different hours are not compared: that counts as no."""
    return (
        (not wide.spoken or (bool(narrow.spoken) and narrow.spoken <= wide.spoken))
        and _within(narrow.areas, wide.areas)
        and _within(narrow.severities, wide.severities)
        and _within(narrow.audiences, wide.audiences)
        and (wide.schedule is None or wide.schedule.never_closes or wide.schedule == narrow.schedule)
    )


def _within(narrow: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _where(rule: RoutingRule) -> str:
    return f"routing_rules.{rule.slug or rule.need}"


def _called(rule: RoutingRule) -> str:
    return f"“{rule.slug or rule.need}”"


def _unreachable(registry: Registry) -> Iterator[Problem]:
    for need in dict.fromkeys(rule.need for rule in registry.rules):
        rules = registry.rules_for(need)
        for place, rule in enumerate(rules):
            if earlier := _before(rules[:place], rule.when):
                names = ", ".join(map(_called, earlier))
                come = "comes first and holds" if len(earlier) == 1 else "come first and hold"
                yield Problem(
                    "rule_unreachable",
                    f"The rule {_called(rule)} is never asked: {names} {come} as well.",
                    _where(rule),
                    "Give it a lower position, narrow the earlier rule, or remove it.",
                )


def _before(rules: Sequence[RoutingRule], when: When) -> list[RoutingRule]:
    """The rules which, alone or together, hold whenever `when` does, in their order; empty = they do not."""
    found: dict[int, RoutingRule] = {}
    for part in _parts(when):
        place = next((place for place, one in enumerate(rules) if covers(one.when, part)), None)
        if place is None:
            return []
        found[place] = rules[place]
    return [found[place] for place in sorted(found)]


def _parts(when: When) -> Sequence[When]:
    """One for each combination of what it names, since each may meet another rule; itself where there are too many."""
    named = (when.languages, when.areas, when.severities, when.audiences)
    if prod(max(1, len(one)) for one in named) > MOST_PARTS:
        return (when,)
    return [
        When(languages, areas, severities, audiences, when.hours, when.timezone)
        for languages, areas, severities, audiences in product(
            _each(when.languages), _each(when.areas), _each(when.severities), _each(when.audiences)
        )
    ]


def _each(named: tuple[Value, ...]) -> list[tuple[Value, ...]]:
    return [(value,) for value in named] or [()]


def _of_other_areas(registry: Registry) -> Iterator[Problem]:
    """Rules for areas which none of their contact channels serves: whoever asks there is offered nobody."""
    for rule in registry.rules:
        named = [registry.channels[slug] for slug in rule.contact_channels if slug in registry.channels]
        lost = [area for area in rule.when.areas if named and not any(channel.serves(area) for channel in named)]
        if lost:
            yield Problem(
                "area_not_served",
                f"The rule {_called(rule)} is for {', '.join(lost)}, where none of its contact channels serves.",
                f"{_where(rule)}.contact_channels",
                "Name a contact channel that serves there, or take the area out of the rule.",
            )


def _own_fallbacks(registry: Registry) -> Iterator[Problem]:
    for rule in registry.rules:
        seen: set[str] = set()
        for slug in rule.contact_channels:
            if slug in seen:
                yield Problem(
                    "own_fallback",
                    f"The rule {_called(rule)} names “{slug}” twice: a contact channel cannot stand in for itself.",
                    f"{_where(rule)}.contact_channels",
                    "Name another one in its place, or leave it out.",
                )
            seen.add(slug)


def _never_in_force(registry: Registry, at: datetime) -> Iterator[Problem]:
    for rule in registry.rules:
        if rule.when.schedule is not None:
            now = opening(rule.when.schedule, at)
            if not now.open and now.opens_at is None:
                yield Problem(
                    "rule_never_in_force",
                    f"The hours of the rule {_called(rule)} do not come within the next 400 days.",
                    f"{_where(rule)}.when.hours",
                    "Correct the hours, or remove the rule.",
                )


def _never_open(registry: Registry, at: datetime) -> Iterator[Problem]:
    for channel in registry.channels.values():
        now = opening(channel.schedule, at)
        if not now.open and now.opens_at is None:
            yield Problem(
                "never_open",
                f"The contact channel “{channel.slug}” does not open within the next 400 days.",
                f"contact_channels.{channel.slug}.hours",
                "Correct its hours, exceptions or status, or take it out of the rules.",
            )


def _without_route(registry: Registry) -> Iterator[Problem]:
    """Needs that somebody can have for whom no rule holds; one without any rule is `check_references`' matter."""
    always = When()
    if any(covers(rule.when, always) for rule in registry.rules_for(ANY_NEED)):
        return
    for slug in registry.needs:
        rules = (*registry.rules_for(slug), *registry.rules_for(ANY_NEED))
        if rules and not any(covers(rule.when, always) for rule in rules):
            yield Problem(
                "need_without_route",
                f"“{slug}” has only rules with conditions: whoever meets none of them is shown every contact channel.",
                f"needs.{slug}",
                f"Add a rule without conditions, or a fallback for every need (“{ANY_NEED}”).",
            )


def _emergencies(registry: Registry, at: datetime) -> Iterator[Problem]:
    remedy = "Let every emergency rule name a contact channel that is there day and night."
    if EMERGENCY_NEED not in registry.needs:
        words = f"There is no need “{EMERGENCY_NEED}”: messages carry no emergency line."
        yield Problem("emergency_missing", words, "needs", "Add it, with a rule to a line that is always answered.")
        return
    rules = registry.rules_for(EMERGENCY_NEED)
    if not any(covers(rule.when, When()) for rule in rules):
        rules = (*rules, *registry.rules_for(ANY_NEED))
    if not rules:
        yield Problem("emergency_not_always", "No rule serves an emergency.", f"needs.{EMERGENCY_NEED}", remedy)
    for rule in rules:
        if not any(_always_there(channel, rule, at) for channel in _named(registry, rule)):
            yield Problem(
                "emergency_not_always",
                f"In an emergency the rule {_called(rule)} leads to nobody who is there day and night.",
                f"{_where(rule)}.contact_channels",
                remedy,
            )


def _named(registry: Registry, rule: RoutingRule) -> Iterable[ContactChannel]:
    return (registry.channels[slug] for slug in rule.contact_channels if slug in registry.channels)


def _always_there(channel: ContactChannel, rule: RoutingRule, at: datetime) -> bool:
    """For everybody the rule is for."""
    now = opening(channel.schedule, at)
    return now.open and now.closes_at is None and _within(rule.when.areas, channel.areas)
