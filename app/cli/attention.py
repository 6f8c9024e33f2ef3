"""What `doctor` and `check` say about the ways to reach us, and about what waits for somebody of staff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from app.cli.desk import Desk
from app.cli.findings import Finding
from app.domain.contacts import ContactChannel
from app.domain.routing import EMERGENCY_NEED, Registry
from app.domain.routing_lint import lint
from app.domain.staff_notices import NudgeState
from app.store import documents, staff

BROKEN: Final = frozenset({"contact_channel_not_found", "need_not_found", "need_without_rule", "emergency_not_always"})
"""Findings of the linter by which somebody is led nowhere; the others are worth a second look."""
DUTIES: Final = {
    "check": ("to be looked through since {day}", "clarion channel checked {slug} --next YYYY-MM-DD"),
    "test_call": ("a test call is due since {day}", "clarion channel called {slug}"),
}


def routing(desk: Desk) -> Iterator[Finding]:
    """Everything the linter finds, not only names that lead nowhere."""
    with desk.db.reading() as connection:
        registry = documents.registry(connection)
    if not registry.channels:
        words = "no contact channel: no update can be submitted"
        yield Finding("routing", well=False, words=words, reason="no_contact_channel")
        return
    problems = lint(registry, desk.now())
    for one in problems:
        warning = one.code not in BROKEN
        yield Finding("routing", well=False, words=one.sentence, warning=warning, reason=one.code, remedy=one.remedy)
    if not problems:
        words = f"{len(registry.needs)} needs lead to {len(registry.channels)} contact channels"
        yield Finding("routing", well=True, words=words)


def upkeep(desk: Desk) -> Iterator[Finding]:
    """Contact channels that somebody should look through or call, and emergency lines nobody is reminded of."""
    with desk.db.reading() as connection:
        registry = documents.registry(connection)
    for slug, channel in registry.channels.items():
        today = desk.now().astimezone(ZoneInfo(channel.timezone)).date()
        for duty in channel.upkeep.due(today):
            day = channel.upkeep.check_on if duty == "check" else channel.upkeep.next_test_call
            words, remedy = DUTIES[duty]
            yield Finding(
                f"channel {slug}",
                well=False,
                words=words.format(day=day or "ever"),
                warning=True,
                reason=f"{duty}_due",
                remedy=remedy.format(slug=slug),
            )
    for channel in _emergency_lines(registry):
        if channel.upkeep.check_on is None and channel.upkeep.test_call_every_days is None:
            yield Finding(
                f"channel {channel.slug}",
                well=False,
                words="leads out of emergencies, and nobody is reminded to check it",
                warning=True,
                reason="no_check_date",
                remedy=f"Set a day: clarion channel checked {channel.slug} --next YYYY-MM-DD",
            )


def notices(desk: Desk) -> Iterator[Finding]:
    """What staff were told and nobody takes care of, and nudges that did not arrive."""
    with desk.db.reading() as connection:
        waiting = staff.page(connection, waiting=True, limit=200).items
        counts = staff.counts(connection)
    lost = counts[NudgeState.FAILED] + counts[NudgeState.UNKNOWN]
    if waiting:
        words = f"{len(waiting)} wait for somebody to take care"
        yield Finding("notices", well=False, words=words, warning=True, remedy="clarion staff notices")
    if lost:
        words = f"{lost} of {sum(counts.values())} deliveries to staff did not arrive for certain"
        yield Finding("notices", well=False, words=words, warning=True, remedy="clarion staff notices --all")
    if not (waiting or lost):
        yield Finding("notices", well=True, words="nothing waits for anybody")


def _emergency_lines(registry: Registry) -> list[ContactChannel]:
    named = {slug for rule in registry.rules_for(EMERGENCY_NEED) for slug in rule.contact_channels}
    return [channel for slug, channel in registry.channels.items() if slug in named]
