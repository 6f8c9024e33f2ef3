"""Who answers for each language of an update, and whether it still says what the source says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.content import content_hash
from app.errors import Problem


class How(StrEnum):
    """How somebody came to vouch for the words."""

    WRITTEN = "written"
    """By staff, with the source before them."""
    SENTENCES = "sentences"
    """From a playbook: sentences approved in each language, with typed values."""
    TRANSLATED = "translated"
    """By whoever was sent a link."""


class Step(StrEnum):
    SOURCE = "source"
    IN_STEP = "in_step"
    STALE = "stale"
    """The source was changed since."""
    WAIVED = "waived"
    """Stale, and somebody has said why it may stay."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """What is kept about the words in one language."""

    language: str
    how: How
    by: str
    at: datetime
    source: str
    source_hash: str
    """Of the words of the source they had before them."""
    waived_hash: str | None = None
    """Of the source's words against which they may stay."""
    waived_by: str | None = None
    waived_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one language now. `voucher` None = written before anybody kept this; then it counts as in step."""

    language: str
    step: Step
    voucher: Voucher | None


Words = Mapping[str, Any]
"""language -> content document."""


def source_of(words: Words, default: str = "en") -> str:
    """The language the others are translated from: the default one, else the first by code; "" without words."""
    return default if default in words else min(words, default="")


def standings(words: Words, vouchers: Iterable[Voucher], default: str = "en") -> tuple[Standing, ...]:
    """Of every language there is, the source first."""
    source = source_of(words, default)
    known = {voucher.language: voucher for voucher in vouchers}
    digest = content_hash(words[source]) if source else ""
    order = sorted(words, key=lambda code: (code != source, code))
    return tuple(Standing(code, _step(code, source, digest, known.get(code)), known.get(code)) for code in order)


def _step(language: str, source: str, digest: str, voucher: Voucher | None) -> Step:
    if language == source:
        return Step.SOURCE
    if voucher is None or (voucher.source == source and voucher.source_hash == digest):
        return Step.IN_STEP
    return Step.WAIVED if voucher.waived_hash == digest else Step.STALE


def changed(before: Words, after: Words) -> tuple[str, ...]:
    """Languages whose words are new or others than before."""
    return tuple(
        code for code in after if code not in before or content_hash(before[code]) != content_hash(after[code])
    )


def stale_problems(found: Iterable[Standing], path: str = "content", audience: str = "") -> Iterable[Problem]:
    """Each stands in the way of submitting. `path`: of these words in the update's document; `audience`: for whom they
    are, "" = everybody.
    """
    for one in found:
        if one.step is Step.STALE and one.voucher is not None:
            sentence = f"“{one.language}” was not brought up to date with “{one.voucher.source}”."
            if audience:
                source = one.voucher.source
                sentence = f"“{one.language}” of the text for “{audience}” was not brought up to date with “{source}”."
            remedy = "Translate what changed, or say on the page of translations why it may stay."
            yield Problem("translation_stale", sentence, f"{path}.{one.language}", remedy)
