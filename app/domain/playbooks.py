"""A prepared crisis: sentences per stage and language with typed gaps, and how to send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.domain.consent import MessageClass, check_asked, playbook_class
from app.domain.contact_load import DEFAULT_SHARES
from app.domain.courtesy import SecondMedium
from app.domain.halting import CANARY_WAIT_SECONDS, ORDINARY, Limits, check_limits
from app.domain.help_library import FaqEntry
from app.domain.languages import LanguagePolicy
from app.domain.placements import Placements, read_placements
from app.domain.quiet_hours import QuietHours, read_quiet_hours
from app.domain.reading import Reader
from app.domain.slots import Reading, SlotType, SlotValue, check_slots, fill_slots, names_in, read_value
from app.domain.triage import Tree
from app.domain.triage_documents import read_tree
from app.errors import Invalid, Problem

STAGES: Final = ("warning", "holding", "details", "progress", "correction", "resolved", "followup")
SEVERITIES: Final = ("emergency", "major", "minor", "info")
MEDIA: Final = ("site", "social", "sms", "email", "chat", "push", "voice", "webhook")
_UNFILLED: Final = frozenset({"url", "need"})


LONGEST_LEAD: Final = 3_600


@dataclass(frozen=True, slots=True)
class AgentsFirst:
    """Whoever answers customers is told before them."""

    endpoints: tuple[str, ...] = ()
    """Staff's places there."""
    seconds: int = 0
    """So long before customers; never for emergencies and corrections, which wait for nobody."""


NOBODY_FIRST: Final = AgentsFirst()


@dataclass(frozen=True, slots=True)
class Playbook:
    """The JSON document of templates/playbooks/*.json and of `/api/v1/playbooks`, checked."""

    slug: str
    names: Mapping[str, str]
    severity: str
    needs: tuple[str, ...]
    audience: str
    endpoints: tuple[str, ...]
    wave_offsets_seconds: Mapping[str, float]
    undo_seconds: int
    canary: float
    """How many go first alone: a count from 1 up, a share below 1, 0 = everybody at once."""
    cadence: Mapping[str, int]
    """Minutes until the next promised update, per severity."""
    stages: Mapping[str, Mapping[str, Mapping[str, object]]]
    """stage -> language -> content (DESIGN section 3) with slots."""
    variables: Mapping[str, SlotType]
    triage: Mapping[str, tuple[str, ...]]
    """language -> the questions staff ask first; may be empty."""
    tree: str = ""
    """Slug of the triage tree to start from (templates/triage/), "" = none or its own."""
    own_tree: Tree | None = None
    """A tree written in the playbook itself."""
    faq: tuple[FaqEntry, ...] = ()
    """What people usually ask in such a crisis."""
    topics: tuple[str, ...] = ()
    """Which help of the library goes with its updates, best first."""
    canary_wait_seconds: int = CANARY_WAIT_SECONDS
    """How long the first portion is watched before the rest follows."""
    halt: Limits = ORDINARY
    """When a broadcast stops by itself."""
    placements: Placements | None = None
    """Where on websites its updates stand unless they say it themselves; None = as their severity says."""
    agents_first: AgentsFirst = NOBODY_FIRST
    topic: str = ""
    """Of its updates, for people who chose topics; "" = none in particular."""
    message_class: MessageClass = MessageClass.SERVICE
    """Of its updates in an emergency; in anything less they are service messages."""
    language_policy: LanguagePolicy = LanguagePolicy.DEFAULT
    quiet_hours: QuietHours | None = None
    """When its good news lets people sleep; None = as the organisation says."""
    second_medium: SecondMedium = SecondMedium.WHEN_FIRST_FAILS
    """What progress does for people who can be reached by several media."""

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Playbook:
        """Raises Invalid with one Problem per fault: unknown stage, type or severity, stray slots, odd numbers."""
        problems: list[Problem] = []
        variables = _variables(_mapping(document, "variables", problems), problems)
        stages = _stages(_mapping(document, "stages", problems), variables, problems)
        severity = str(document.get("severity", "major"))
        if severity not in SEVERITIES:
            problems.append(_choice("severity", severity, SEVERITIES))
        names = {str(key): str(text) for key, text in _mapping(document, "names", problems).items()}
        slug = document.get("slug")
        if not isinstance(slug, str) or not slug:
            problems.append(Problem("slug_missing", "A playbook needs a slug.", "slug", "Give a short name."))
        offsets = _numbers(document, "wave_offsets_seconds", MEDIA, problems)
        cadence = _numbers(document, "cadence", SEVERITIES, problems)
        undo, canary = _whole(document, "undo_seconds", problems), _canary(document, problems)
        wait = _whole(document, "canary_wait_seconds", problems, CANARY_WAIT_SECONDS)
        halt = _mapping(document, "halt", problems)
        agents = read_agents_first(document, problems)
        quiet = read_quiet_hours(document.get("quiet_hours"), "quiet_hours", problems)
        second = read_second_medium(document, problems)
        problems.extend(check_limits(halt, "halt"))
        triage = _mapping(document, "triage", problems)
        faq = _faq(document, str(slug), problems)
        own_tree = _own_tree(document, problems)
        placements = read_placements(Reader(document, "", problems))
        _check_words(document, problems)
        try:
            DEFAULT_SHARES.over(document.get("contact_shares") or {})
        except Invalid as fault:
            problems.extend(fault.problems)
        if problems:
            raise Invalid(problems)
        return cls(
            slug=str(slug),
            names=MappingProxyType(names),
            severity=severity,
            needs=_strings(document.get("needs")),
            audience=str(document.get("audience", "")),
            endpoints=_strings(document.get("endpoints")),
            wave_offsets_seconds=MappingProxyType(offsets),
            undo_seconds=undo,
            canary=canary,
            cadence=MappingProxyType({key: int(minutes) for key, minutes in cadence.items()}),
            stages=MappingProxyType(stages),
            variables=MappingProxyType(variables),
            triage=MappingProxyType({language: _strings(questions) for language, questions in triage.items()}),
            tree="" if own_tree else str(document.get("tree") or ""),
            own_tree=own_tree,
            faq=faq,
            topics=_strings(document.get("topics")),
            canary_wait_seconds=wait,
            halt=Limits.of(halt),
            placements=placements,
            agents_first=agents,
            topic=str(document.get("topic") or ""),
            message_class=playbook_class(document),
            quiet_hours=quiet,
            second_medium=second,
            language_policy=playbook_policy(document),
        )

    def languages(self, stage: str) -> tuple[str, ...]:
        """The languages a stage is written in, in the playbook's order."""
        return tuple(self.stages.get(stage, {}))

    def wanted(self, stage: str) -> tuple[str, ...]:
        """The variables a stage cannot be sent without."""
        found: dict[str, None] = {}
        for content in self.stages.get(stage, {}).values():
            for text, _field in _texts(content, ""):
                found.update(dict.fromkeys(names_in(text)))
        return tuple(found)


def fill_playbook(
    playbook: Playbook,
    stage: str,
    variables: Mapping[str, object],
    languages: Sequence[str],
    reading: Reading | None = None,
) -> dict[str, dict[str, object]]:
    """Ready content for an update: `{language: content}`, every slot written per language.

    Raises Invalid, one Problem each: a stage or language the playbook lacks, an undeclared or missing
    variable, a value of the wrong type.
    """
    problems = [
        Problem(
            "missing_translation",
            f"Playbook “{playbook.slug}” has no “{stage}” in “{language}”.",
            f"stages.{stage}.{language}",
            "Write and approve that stage in this language, or leave the language out.",
        )
        for language in languages
        if language not in playbook.stages.get(stage, {})
    ]
    values: dict[str, SlotValue] = {}
    for name, raw in variables.items():
        if name not in playbook.variables:
            problems.append(_undeclared(name, playbook))
            continue
        try:
            values[name] = read_value(playbook.variables[name], raw, name)
        except Invalid as refused:
            problems.extend(refused.problems)
    problems.extend(
        Problem("missing_variable", f"The variable “{name}” has no value.", name, "Give a value for it.")
        for name in playbook.wanted(stage)
        if name not in variables
    )
    if problems:
        raise Invalid(problems)
    stage_content = playbook.stages[stage] if languages else {}
    return {language: _filled(stage_content[language], values, language, reading) for language in languages}


def _undeclared(name: str, playbook: Playbook) -> Problem:
    return Problem(
        "unknown_variable",
        f"Playbook “{playbook.slug}” has no variable “{name}”.",
        name,
        f"Use one of: {', '.join(sorted(playbook.variables)) or 'none'}.",
    )


def _filled(
    content: Mapping[str, object], values: Mapping[str, SlotValue], language: str, reading: Reading | None
) -> dict[str, object]:
    def fill(value: object) -> object:
        if isinstance(value, str):
            return fill_slots(value, values, language, reading)
        if isinstance(value, Mapping):
            return {key: part if key in _UNFILLED else fill(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [fill(part) for part in value]
        return value

    return {key: part if key in _UNFILLED else fill(part) for key, part in content.items()}


def _texts(value: object, field: str) -> list[tuple[str, str]]:
    """Every sentence below `value` with its field path; addresses and need slugs are no sentences."""
    if isinstance(value, str):
        return [(value, field)]
    pairs: list[tuple[str, object]] = []
    if isinstance(value, Mapping):
        pairs = [(str(key), part) for key, part in value.items() if key not in _UNFILLED]
    elif isinstance(value, list | tuple):
        pairs = [(str(index), part) for index, part in enumerate(value)]
    return [found for key, part in pairs for found in _texts(part, f"{field}.{key}" if field else key)]


def _variables(raw: Mapping[str, object], problems: list[Problem]) -> dict[str, SlotType]:
    variables: dict[str, SlotType] = {}
    for name, kind in raw.items():
        try:
            variables[name] = SlotType(str(kind))
        except ValueError:
            problems.append(_choice(f"variables.{name}", str(kind), tuple(SlotType)))
    return variables


def _stages(
    raw: Mapping[str, object], variables: Mapping[str, SlotType], problems: list[Problem]
) -> dict[str, Mapping[str, Mapping[str, object]]]:
    stages: dict[str, Mapping[str, Mapping[str, object]]] = {}
    for stage, by_language in raw.items():
        if stage not in STAGES:
            problems.append(_choice("stages", stage, STAGES))
            continue
        found = by_language if isinstance(by_language, Mapping) else {}
        stages[stage] = {str(language): content for language, content in found.items() if isinstance(content, Mapping)}
        for text, field in _texts(stages[stage], f"stages.{stage}"):
            problems.extend(check_slots(text, variables, field))
    return stages


def _mapping(document: Mapping[str, object], field: str, problems: list[Problem]) -> Mapping[str, object]:
    value = document.get(field, {})
    if isinstance(value, Mapping):
        return value
    problems.append(Problem("not_an_object", f"“{field}” must be an object.", field, "See templates/playbooks/."))
    return {}


def _own_tree(document: Mapping[str, object], problems: list[Problem]) -> Tree | None:
    raw = document.get("tree")
    if not isinstance(raw, Mapping):
        return None
    try:
        return read_tree(raw, "tree")
    except Invalid as fault:
        problems.extend(fault.problems)
        return None


def _check_words(document: Mapping[str, object], problems: list[Problem]) -> None:
    check_asked(document, problems)
    Reader(document, "", problems).choice("language_policy", LanguagePolicy, LanguagePolicy.DEFAULT)


def playbook_policy(document: Mapping[str, object]) -> LanguagePolicy:
    given = document.get("language_policy")
    return LanguagePolicy(str(given)) if given in tuple(LanguagePolicy) else LanguagePolicy.DEFAULT


def read_agents_first(document: Mapping[str, object], problems: list[Problem]) -> AgentsFirst:
    """Notes a problem for what cannot be."""
    raw = document.get("agents_first") or {}
    given = raw if isinstance(raw, Mapping) else {"seconds": -1}
    places, seconds = _strings(given.get("endpoints")), given.get("seconds", 0)
    whole = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 <= seconds <= LONGEST_LEAD
    if not whole or (seconds and not places) or set(given) - {"endpoints", "seconds"}:
        remedy = 'Write it as {"endpoints": ["agents"], "seconds": 120}.'
        sentence = f"agents_first names endpoints, and at most {LONGEST_LEAD} seconds."
        problems.append(Problem("bad_agents_first", sentence, "agents_first", remedy))
        return AgentsFirst()
    return AgentsFirst(places, int(seconds))


def read_second_medium(document: Mapping[str, object], problems: list[Problem]) -> SecondMedium:
    """Notes a problem for what cannot be."""
    raw = document.get("second_medium") or SecondMedium.WHEN_FIRST_FAILS
    try:
        return SecondMedium(str(raw))
    except ValueError:
        problems.append(_choice("second_medium", str(raw), tuple(SecondMedium)))
        return SecondMedium.WHEN_FIRST_FAILS


def _faq(document: Mapping[str, object], slug: str, problems: list[Problem]) -> tuple[FaqEntry, ...]:
    """The entries, named after the playbook: `health-1`, `health-2`."""
    raw = document.get("faq", ())
    if not isinstance(raw, list | tuple) or not all(isinstance(one, Mapping) for one in raw):
        problems.append(Problem("wrong_type", "“faq” must be a list of objects.", "faq", "See templates/playbooks/."))
        return ()
    entries: list[FaqEntry] = []
    for index, one in enumerate(raw):
        try:
            entries.append(FaqEntry.from_document({"slug": f"{slug}-{index + 1}", **one}, f"faq[{index}]"))
        except Invalid as fault:
            problems.extend(fault.problems)
    return tuple(entries)


def _numbers(
    document: Mapping[str, object], field: str, keys: Sequence[str], problems: list[Problem]
) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for key, value in _mapping(document, field, problems).items():
        if key not in keys:
            problems.append(_choice(field, key, keys))
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1_000_000:
            problems.append(_not_a_number(f"{field}.{key}"))
        else:
            numbers[key] = value
    return numbers


def _canary(document: Mapping[str, object], problems: list[Problem]) -> float:
    value = document.get("canary", 0)
    if isinstance(value, float) and 0 < value < 1:
        return value
    return _whole(document, "canary", problems)


def _whole(document: Mapping[str, object], field: str, problems: list[Problem], default: int = 0) -> int:
    value = document.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        problems.append(_not_a_number(field))
        return 0
    return value


def _not_a_number(field: str) -> Problem:
    return Problem("not_a_number", f"“{field}” must be a number of 0 or more.", field, "Give a number without quotes.")


def _choice(field: str, value: str, known: Sequence[str]) -> Problem:
    return Problem("unknown_choice", f"“{value}” is not known here.", field, f"Use one of: {', '.join(known)}.")


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, list | tuple) else ()
