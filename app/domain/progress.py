"""An update written from what is known now: the playbook's sentences, filled by facts that are still fresh.

A stale fact is never stated: a sentence that needs it is left out, and without a headline or an impact there is no
update at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.content import Content, content_hash
from app.domain.playbooks import Playbook
from app.domain.slots import Reading, SlotType, SlotValue, fill_slots, names_in, read_value
from app.errors import Invalid, Problem

NEEDED: Final = ("headline", "impact")
"""Without these an update says nothing."""
_LISTS: Final = ("complications", "options", "links")


@dataclass(frozen=True, slots=True)
class Known:
    """A fact as it may be stated: until `stale_at`."""

    value: object
    at: datetime
    stale_at: datetime | None = None

    def fresh(self, now: datetime) -> bool:
        return self.stale_at is None or now < self.stale_at


LIVE: Final[Mapping[str, SlotType]] = {
    "opened": SlotType.TIME,
    "open_for": SlotType.DURATION,
    "last_change": SlotType.TIME,
    "unchanged_for": SlotType.DURATION,
    "longest_wait": SlotType.DURATION,
    "told": SlotType.NUMBER,
}
"""What Clarion knows by itself, for playbooks that declare a variable of that name: since when the crisis is open and
for how long, when a fact last changed and how long ago, the longest wait at a contact channel, how many were told."""


@dataclass(frozen=True, slots=True)
class Values:
    """What the sentences are filled with."""

    typed: Mapping[str, SlotValue]
    stale: tuple[str, ...]
    """Variables whose fact is too old to be stated."""
    unfit: tuple[str, ...]
    """Variables whose fact is not of the variable's type."""


@dataclass(frozen=True, slots=True)
class Written:
    content: Mapping[str, Mapping[str, object]]
    left_out: tuple[str, ...]
    """Variables without which sentences were left out."""
    digest: str
    """Of the words: the same words, the same digest."""


def values_for(
    playbook: Playbook,
    facts: Mapping[str, Known],
    given: Mapping[str, object],
    live: Mapping[str, SlotValue],
    now: datetime,
) -> Values:
    """A fact, else what the schedule gives, else what Clarion knows; a stale fact hides what else has its name."""
    typed: dict[str, SlotValue] = {}
    stale, unfit = [], []
    for name, kind in playbook.variables.items():
        fact = facts.get(name)
        if fact is not None and not fact.fresh(now):
            stale.append(name)
        elif fact is not None or name in given:
            raw = fact.value if fact is not None else given[name]
            try:
                typed[name] = read_value(kind, _plain(kind, raw), name)
            except Invalid:
                unfit.append(name)
        elif name in live and LIVE[name] is kind:
            typed[name] = live[name]
    return Values(typed, tuple(stale), tuple(unfit))


def write(
    playbook: Playbook, stage: str, values: Values, languages: Sequence[str], reading: Reading | None = None
) -> Written:
    """All languages at once. Raise Invalid (code `cannot_be_filled`) when a headline or impact lacks its fact."""
    wanted = [one for one in playbook.languages(stage) if not languages or one in languages]
    if not wanted:
        raise Invalid(
            Problem(
                "missing_translation",
                f"Playbook “{playbook.slug}” has no “{stage}” in these languages.",
                f"stages.{stage}",
                "Write and approve that stage, or name other languages.",
            )
        )
    left_out: dict[str, None] = {}
    content: dict[str, Mapping[str, object]] = {}
    for language in wanted:
        sentences = playbook.stages[stage][language]
        kept = {name: _kept(part, values.typed, left_out) for name, part in sentences.items()}
        lacking = [name for name in NEEDED if sentences.get(name) and kept[name] is None]
        if lacking:
            raise _cannot(playbook, stage, language, sentences, values)
        content[language] = {
            name: _filled(part, values.typed, language, reading) for name, part in kept.items() if part is not None
        }
    return Written(content, tuple(left_out), words_digest(content))


def words_digest(content: Mapping[str, object]) -> str:
    """Of an update's words in all languages, whoever wrote them: the same words, the same digest. Raise Invalid."""
    return content_hash({language: Content.from_document(words).to_document() for language, words in content.items()})


def fillable(playbook: Playbook, stage: str, known: Sequence[str]) -> tuple[Problem, ...]:
    """One Problem for each variable a headline or impact of the stage needs and that nothing would fill."""
    needed: dict[str, None] = {}
    for sentences in playbook.stages.get(stage, {}).values():
        for name in NEEDED:
            needed.update(dict.fromkeys(names_in(str(sentences.get(name) or ""))))
    return tuple(
        Problem(
            "cannot_be_filled",
            f"Nothing fills “{name}”, which the {stage} of playbook “{playbook.slug}” needs.",
            f"variables.{name}",
            f"Record it as a fact of the crisis ({name}), or give it in the schedule's variables.",
        )
        for name in needed
        if name not in known and not (LIVE.get(name) is playbook.variables.get(name) and name in LIVE)
    )


def check_given(playbook: Playbook, given: Mapping[str, object]) -> tuple[Problem, ...]:
    """One Problem for each value a schedule gives that is undeclared or of another type."""
    problems: list[Problem] = []
    for name, raw in given.items():
        if name not in playbook.variables:
            listed = ", ".join(sorted(playbook.variables)) or "none"
            sentence = f"Playbook “{playbook.slug}” has no variable “{name}”."
            problems.append(Problem("unknown_variable", sentence, f"variables.{name}", f"Use one of: {listed}."))
            continue
        try:
            read_value(playbook.variables[name], raw, f"variables.{name}")
        except Invalid as refused:
            problems.extend(refused.problems)
    return tuple(problems)


def say_unchanged(
    content: Mapping[str, Mapping[str, object]], sentence: Callable[[str], str]
) -> dict[str, dict[str, object]]:
    """The same words with `sentence(language)`, that nothing has changed, before the impact."""
    return {
        language: {**words, "impact": f"{sentence(language)} {words.get('impact') or ''}".strip()}
        for language, words in content.items()
    }


def _plain(kind: SlotType, raw: object) -> object:
    """Facts from the command line are texts; a number is a number all the same."""
    if kind is SlotType.NUMBER and isinstance(raw, str):
        try:
            number = float(raw)
        except ValueError:
            return raw
        return int(number) if number.is_integer() else number
    return raw


def _kept(part: object, known: Mapping[str, SlotValue], left_out: dict[str, None]) -> object:
    """The sentences that can be filled; None for one that cannot, and for options whose text cannot."""
    if isinstance(part, str):
        lacking = [name for name in names_in(part) if name not in known]
        left_out.update(dict.fromkeys(lacking))
        return None if lacking else part
    if isinstance(part, Mapping):
        kept = {name: _kept(inner, known, left_out) if name == "text" else inner for name, inner in part.items()}
        return None if kept.get("text", "") is None else kept
    if isinstance(part, list | tuple):
        return [one for one in (_kept(inner, known, left_out) for inner in part) if one is not None]
    return part


def _filled(part: object, known: Mapping[str, SlotValue], language: str, reading: Reading | None) -> object:
    if isinstance(part, str):
        return fill_slots(part, known, language, reading)
    if isinstance(part, Mapping):
        return {
            name: fill_slots(str(inner), known, language, reading) if name == "text" else inner
            for name, inner in part.items()
        }
    if isinstance(part, list):
        return [_filled(inner, known, language, reading) for inner in part]
    return part


def _cannot(playbook: Playbook, stage: str, language: str, sentences: Mapping[str, object], values: Values) -> Invalid:
    names = [name for field in NEEDED for name in names_in(str(sentences.get(field) or ""))]
    problems = []
    for name in dict.fromkeys(name for name in names if name not in values.typed):
        why = "is too old to be stated" if name in values.stale else "is not known"
        if name in values.unfit:
            why = f"is not a {playbook.variables[name].value}"
        problems.append(
            Problem(
                "cannot_be_filled",
                f"“{name}” {why}, and the {stage} in “{language}” cannot do without it.",
                name,
                "Record the fact again with its source and time.",
            )
        )
    return Invalid(problems)
