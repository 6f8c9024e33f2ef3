"""The first draft of the all-clear."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.playbooks import Playbook
from app.domain.slots import Reading, SlotValue, fill_slots, names_in

Words = Mapping[str, object]
"""The content of one language, as documents hold it."""


def all_clear_of(
    content: Mapping[str, Words], marks: Mapping[str, str], sentences: Mapping[str, str]
) -> dict[str, dict[str, object]]:
    """Without a playbook: the last headline marked as resolved, and one sentence that says so; by language."""
    return {
        language: {
            "headline": _marked(str(words.get("headline") or ""), _of(marks, language)),
            "impact": _of(sentences, language),
        }
        for language, words in content.items()
    }


def prefilled(
    playbook: Playbook, stage: str, values: Mapping[str, SlotValue], reading: Reading
) -> dict[str, dict[str, object]]:
    """The sentences of a stage in all its languages; where a value is not known its gap stays, for somebody to fill.

    Preflight lets no gap out.
    """
    return {
        language: {str(name): _filled(part, values, language, reading) for name, part in words.items()}
        for language, words in playbook.stages.get(stage, {}).items()
    }


def _filled(part: object, values: Mapping[str, SlotValue], language: str, reading: Reading) -> object:
    if isinstance(part, str):
        known = all(name in values for name in names_in(part))
        return fill_slots(part, values, language, reading) if known else part
    if isinstance(part, Mapping):
        plain = ("url", "need")
        return {key: one if key in plain else _filled(one, values, language, reading) for key, one in part.items()}
    if isinstance(part, list | tuple):
        return [_filled(one, values, language, reading) for one in part]
    return part


def _marked(headline: str, mark: str) -> str:
    return headline if headline.startswith(f"{mark}:") else f"{mark}: {headline}"[:200]


def _of(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get(language.split("-", maxsplit=1)[0]) or texts.get("en", "")
