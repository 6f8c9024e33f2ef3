"""Which contact channel is best for which need, right now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain import hours as opening_hours
from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import ContactChannel, as_of
from app.domain.crisis import Severity
from app.domain.hours import Schedule
from app.domain.reading import Reader
from app.domain.texts import Texts
from app.errors import Problem

EMERGENCY_NEED: Final = "emergency"
ANY_NEED: Final = "*"
"""As the `need` of a rule: the fallback for every need."""
ELSEWHERE: Final = "*"
"""As the area of a query: a known place that no contact channel and no rule says anything about."""


@dataclass(frozen=True, slots=True)
class Need:
    slug: str
    labels: Texts

    @classmethod
    def from_document(cls, document: object, at: str = "") -> Need:
        read = Reader(document, at)
        read.only("slug", "labels")
        need = cls(read.slug(), read.texts("labels", required=True, longest=100))
        read.done()
        return need

    def to_document(self) -> dict[str, object]:
        return {"slug": self.slug, "labels": dict(self.labels)}


@dataclass(frozen=True, slots=True)
class When:
    """Conditions of a rule; an empty one is always met. An unknown language or area of the asker meets none."""

    languages: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    audiences: tuple[str, ...] = ()
    """Slugs of audiences: who an update is for, or who the asker is known to be."""
    hours: str = ""
    timezone: str = "UTC"
    spoken: frozenset[str] = field(init=False, repr=False, compare=False)
    """`languages` without regions."""
    schedule: Schedule | None = field(init=False, repr=False, compare=False)
    """`hours` as a schedule; None = at any time."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "spoken", frozenset(code.split("-")[0] for code in self.languages))
        object.__setattr__(self, "schedule", Schedule(self.hours, self.timezone) if self.hours else None)

    def holds(self, query: Query, at: datetime) -> bool:
        return (
            (not self.spoken or query.language.split("-", maxsplit=1)[0] in self.spoken)
            and (not self.areas or query.area in self.areas)
            and (not self.severities or query.severity in self.severities)
            and (not self.audiences or query.audience in self.audiences)
            and (self.schedule is None or opening_hours.opening(self.schedule, at).open)
        )

    @classmethod
    def read(cls, read: Reader) -> When:
        read.only("language", "area", "severity", "audience", "hours", "timezone")
        known = [severity.value for severity in Severity]
        severities = _one_or_more(read, "severity")
        for word in severities:
            if word not in known:
                read.problem("unknown_word", read.path("severity"), f"names “{word}”", f"Use: {', '.join(known)}.")
        when = cls(
            languages=_one_or_more(read, "language"),
            areas=_one_or_more(read, "area"),
            severities=tuple(Severity(word) for word in severities if word in known),
            audiences=_one_or_more(read, "audience"),
            hours=read.text("hours", longest=500, lines=False),
            timezone=read.timezone(),
        )
        for problem in opening_hours.check(when.hours or "24/7", "UTC"):
            read.problems.append(Problem(problem.code, problem.sentence, read.path("hours"), problem.remedy))
        return when

    def to_document(self) -> dict[str, object]:
        document: dict[str, object] = {
            "language": list(self.languages),
            "area": list(self.areas),
            "severity": [severity.value for severity in self.severities],
            "audience": list(self.audiences),
            "hours": self.hours,
        }
        kept = {name: value for name, value in document.items() if value}
        return kept | ({"timezone": self.timezone} if self.hours else {})


def _one_or_more(read: Reader, name: str) -> tuple[str, ...]:
    if isinstance(read.raw(name), str):
        word = read.text(name, longest=64, lines=False)
        return (word,) if word else ()
    return read.strings(name, longest=64)


@dataclass(frozen=True, slots=True)
class RoutingRule:
    need: str
    """Slug of a need, or ANY_NEED."""
    contact_channels: tuple[str, ...]
    """Slugs, best first."""
    when: When = field(default_factory=When)
    position: int = 0
    """Lower is asked first."""
    slug: str = ""

    @classmethod
    def from_document(cls, document: object, at: str = "") -> RoutingRule:
        read = Reader(document, at)
        read.only("slug", "need", "when", "contact_channels", "position")
        channels = read.strings("contact_channels", most=100, longest=64)
        if not channels:
            read.problem("missing", read.path("contact_channels"), "names no contact channel", "Name at least one.")
        rule = cls(
            need=ANY_NEED if read.raw("need") == ANY_NEED else read.slug("need"),
            contact_channels=channels,
            when=When.read(Reader(read.mapping("when"), read.path("when"), read.problems)),
            position=read.number("position", 0, 1_000_000) or 0,
            slug=read.slug("slug", required=False),
        )
        read.done()
        return rule

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "need": self.need,
            "when": self.when.to_document(),
            "contact_channels": list(self.contact_channels),
            "position": self.position,
        }


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything customers can reach, and the rules. Slugs in rules that exist no more are passed over."""

    channels: Mapping[str, ContactChannel]
    needs: Mapping[str, Need]
    """Emergency first, then as the rules' positions say, then as given."""
    rules: tuple[RoutingRule, ...]
    """By position, then slug."""
    areas: frozenset[str] = field(init=False, repr=False, compare=False)
    """Those that any contact channel or rule names: people of all others are told the same."""
    _by_need: Mapping[str, tuple[RoutingRule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = [one.areas for one in self.channels.values()] + [rule.when.areas for rule in self.rules]
        object.__setattr__(self, "areas", frozenset(area for areas in named for area in areas))
        found: dict[str, list[RoutingRule]] = {}
        for rule in self.rules:
            found.setdefault(rule.need, []).append(rule)
        object.__setattr__(self, "_by_need", {need: tuple(rules) for need, rules in found.items()})

    def rules_for(self, need: str) -> tuple[RoutingRule, ...]:
        """The rules of this need, in the order they are asked; for ANY_NEED the fallback rules."""
        return self._by_need.get(need, ())

    @classmethod
    def from_documents(cls, channels: Iterable[object], needs: Iterable[object], rules: Iterable[object]) -> Registry:
        """Raises Invalid when a document is malformed; dangling slugs are `routing_lint.check_references`' matter."""
        read_channels = [ContactChannel.from_document(one, f"contact_channels[{i}]") for i, one in enumerate(channels)]
        read_needs = [Need.from_document(one, f"needs[{i}]") for i, one in enumerate(needs)]
        read_rules = [RoutingRule.from_document(one, f"routing_rules[{i}]") for i, one in enumerate(rules)]
        return cls.of(read_channels, read_needs, read_rules)

    @classmethod
    def of(cls, channels: Iterable[ContactChannel], needs: Iterable[Need], rules: Iterable[RoutingRule]) -> Registry:
        in_order = tuple(sorted(rules, key=lambda rule: (rule.position, rule.slug)))
        return cls(
            MappingProxyType({channel.slug: channel for channel in channels}),
            MappingProxyType({need.slug: need for need in _by_urgency(needs, in_order)}),
            in_order,
        )


def area_slot(area: str, areas: frozenset[str]) -> str:
    """What stands for this area when asking: itself where `Registry.areas` has it, else ELSEWHERE; "" = not known."""
    if not area or not areas:
        return ""
    return area if area in areas else ELSEWHERE


def _by_urgency(needs: Iterable[Need], rules: Sequence[RoutingRule]) -> list[Need]:
    places = {rule.need: place for place, rule in reversed(list(enumerate(rules)))}
    return sorted(needs, key=lambda need: (need.slug != EMERGENCY_NEED, places.get(need.slug, len(rules))))


EMPTY_REGISTRY: Final = Registry(MappingProxyType({}), MappingProxyType({}), ())


@dataclass(frozen=True, slots=True)
class Query:
    need: str
    language: str = "en"
    area: str = ""
    severity: Severity | None = None
    audience: str = ""
    """Slug; "" = not known."""

    @property
    def urgent(self) -> bool:
        return self.need == EMERGENCY_NEED or self.severity is Severity.EMERGENCY


class Reason(StrEnum):
    """Why an option stands where it stands."""

    OPEN = "open"
    ALTERNATIVE = "alternative"
    """Open, from the fallback, because nothing the rule names is."""
    OTHER_LANGUAGE = "other_language"
    """Open, but not in the asker's language."""
    BUSY = "busy"
    OPENS_LATER = "opens_later"
    CLOSED = "closed"
    """Closed, and no next opening is known."""
    DOWN = "down"


_USABLE: Final = frozenset({Reason.OPEN, Reason.ALTERNATIVE, Reason.OTHER_LANGUAGE})

ALTERNATIVES: Final = 10
"""Nobody reads more, and in a large registry looking further would be most of the work."""

_ORDER: Final[Sequence[Reason]] = (
    Reason.OPEN,
    Reason.ALTERNATIVE,
    Reason.OTHER_LANGUAGE,
    Reason.BUSY,
    Reason.OPENS_LATER,
    Reason.CLOSED,
    Reason.DOWN,
)


@dataclass(frozen=True, slots=True)
class Option:
    contact_channel: ContactChannel
    open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    wait_minutes: int | None
    language_match: bool
    reason: Reason


def rule_for(registry: Registry, query: Query, at: datetime) -> RoutingRule | None:
    """The first rule of this need whose conditions hold, else the first fallback rule that does, else None."""
    for need in (query.need, ANY_NEED):
        for rule in registry.rules_for(need):
            if rule.when.holds(query, at):
                return rule
    return None


def advise(registry: Registry, query: Query, at: datetime) -> tuple[Option, ...]:
    """All contact channels for this need, best first; empty only when none serves the asker's area.

    The rule's own order decides among channels in the same condition. When none of the rule's channels can be used
    now, open ones of the fallback rule are added; in an emergency open ones of the whole registry, so an emergency
    never leads to a closed, busy or broken channel while any other is open; of such alternatives about the first
    ALTERNATIVES. Without any rule: every channel. For an asker whose area is not known, a channel for some areas only
    comes after those that serve everybody.
    """
    rule = rule_for(registry, query, at)
    options = _judge(registry, rule.contact_channels if rule else tuple(registry.channels), query, at)
    if rule and not any(option.reason in _USABLE for option in options):
        known = {option.contact_channel.slug for option in options}
        others = [slug for slug in _others(registry, query, at) if slug not in known]
        options += _alternatives(registry, others, query, at)
    return tuple(sorted(options, key=lambda option: _rank(option, query)))


def _others(registry: Registry, query: Query, at: datetime) -> tuple[str, ...]:
    fallback = rule_for(registry, replace(query, need=ANY_NEED), at)
    named = fallback.contact_channels if fallback else ()
    return tuple(dict.fromkeys((*named, *registry.channels))) if query.urgent else named


def _judge(registry: Registry, slugs: Iterable[str], query: Query, at: datetime) -> list[Option]:
    channels = [registry.channels[slug] for slug in dict.fromkeys(slugs) if slug in registry.channels]
    return [_option(channel, query, at) for channel in channels if channel.serves(query.area)]


def _option(stored: ContactChannel, query: Query, at: datetime) -> Option:
    channel = as_of(stored, at)
    hours = opening_hours.opening(channel.schedule, at)
    speaks = channel.speaks(query.language)
    if channel.status is ContactStatus.DOWN:
        reason = Reason.DOWN
    elif not hours.open:
        reason = Reason.OPENS_LATER if hours.opens_at else Reason.CLOSED
    elif channel.status is ContactStatus.BUSY:
        reason = Reason.BUSY
    else:
        reason = Reason.OPEN if speaks else Reason.OTHER_LANGUAGE
    return Option(channel, hours.open, hours.opens_at, hours.closes_at, channel.wait_minutes, speaks, reason)


def _alternatives(registry: Registry, slugs: Iterable[str], query: Query, at: datetime) -> list[Option]:
    """The open ones in this order, until enough of them speak the language and surely serve the area."""
    found: list[Option] = []
    enough = ALTERNATIVES
    for slug in slugs:
        channel = registry.channels.get(slug)
        if channel is None or not channel.serves(query.area):
            continue
        option = _option(channel, query, at)
        if option.reason in _USABLE:
            found.append(_as_alternative(option))
            enough -= option.language_match and not _doubtful(option, query)
            if not enough:
                break
    return found


def _as_alternative(option: Option) -> Option:
    reason = Reason.ALTERNATIVE if option.language_match else option.reason
    return Option(
        option.contact_channel,
        option.open,
        option.opens_at,
        option.closes_at,
        option.wait_minutes,
        option.language_match,
        reason,
    )


def _rank(option: Option, query: Query) -> tuple[int, bool, bool, float]:
    """Sorting is stable, so the rule's order decides within a rank; closed ones go by their next opening."""
    opens = option.opens_at.timestamp() if option.opens_at and option.reason is Reason.OPENS_LATER else 0.0
    return _ORDER.index(option.reason), not option.language_match, _doubtful(option, query), opens


def _doubtful(option: Option, query: Query) -> bool:
    """Whether it serves some areas only, and nobody knows where the asker is."""
    return not query.area and bool(option.contact_channel.areas)


@dataclass(frozen=True, slots=True)
class RouteLine:
    """One line of a contact block: for this need, this channel."""

    need: Need
    channel: ContactChannel
    option: Option


def route_lines(
    registry: Registry,
    *,
    need: str,
    language: str,
    area: str = "",
    severity: Severity | None = None,
    audience: str = "",
    at: datetime,
    limit: int,
    distinct: bool = False,
) -> tuple[RouteLine, ...]:
    """The best channel for each need: the update's need first, then emergency, then the rest in the registry's order.

    With `distinct` a channel that stands in an earlier line already is passed over (short media). Channels that are
    down get no line. At most `limit` lines.
    """
    lines: list[RouteLine] = []
    for slug in dict.fromkeys((need, EMERGENCY_NEED, *registry.needs)):
        if len(lines) >= limit or slug not in registry.needs:
            continue
        options = advise(registry, Query(slug, language, area, severity, audience), at)
        taken = {line.channel.slug for line in lines} if distinct else set()
        for option in options:
            if option.reason is not Reason.DOWN and option.contact_channel.slug not in taken:
                lines.append(RouteLine(registry.needs[slug], option.contact_channel, option))
                break
    return tuple(lines)
