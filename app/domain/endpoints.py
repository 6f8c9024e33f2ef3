"""Endpoints: configured ways out. Secrets are sealed apart from the plain settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.message import Medium
from app.errors import Invalid, Problem

MASK = "***"
"""What a stored secret looks like to everybody; handed back unchanged it means "keep what is stored"."""

_PLACES = frozenset({"base_url", "host"})
"""Settings that say to whom secrets are sent."""


class SettingsField(Protocol):
    """One setting a channel declares; `channels.registry.settings_schema` returns these."""

    @property
    def name(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def secret(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What saving an endpoint must know of its channel; wiring makes it from the channel's declaration."""

    name: str
    medium: Medium
    fields: Sequence[SettingsField]
    rate_per_second: float
    """Used when the endpoint names no rate."""
    fresh: Callable[[], Mapping[str, str]] | None = None
    """Settings the channel makes for an endpoint that is told none of them: a key pair."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: int
    slug: str
    channel: str
    medium: Medium
    settings: dict[str, object]
    """Plain ones only."""
    secrets: bytes
    """Sealed JSON object of the secret ones; see `full_settings`."""
    rate_per_second: float
    weight: int
    fallback_for: str | None
    revision: int
    """Rises with every change of the configuration; an open channel is good for one revision."""
    halted_reason: str | None
    halted_at: datetime | None = None


def full_settings(endpoint: Endpoint, unseal: Callable[[bytes], bytes]) -> dict[str, object]:
    """Plain and secret settings together, for opening the channel and nothing else."""
    return {**endpoint.settings, **sealed_settings(endpoint, unseal)}


def sealed_settings(endpoint: Endpoint, unseal: Callable[[bytes], bytes]) -> dict[str, object]:
    """The secret settings alone, in plain text. Raise what `unseal` raises."""
    opened: dict[str, object] = json.loads(unseal(endpoint.secrets)) if endpoint.secrets else {}
    return opened


def view(endpoint: Endpoint, facts: ChannelFacts | None = None) -> dict[str, object]:
    """The endpoint's document as anybody may read it: every declared secret reads `***` ("" when not set).

    Without the channel's facts the secret settings are left out; they are never in `settings` in any case.
    """
    settings = dict(endpoint.settings)
    if facts is not None:
        settings |= {field.name: MASK if endpoint.secrets else "" for field in facts.fields if field.secret}
    return {
        "id": endpoint.id,
        "slug": endpoint.slug,
        "channel": endpoint.channel,
        "medium": endpoint.medium.value,
        "settings": settings,
        "rate_per_second": endpoint.rate_per_second,
        "weight": endpoint.weight,
        "fallback_for": endpoint.fallback_for,
        "revision": endpoint.revision,
        "halted_reason": endpoint.halted_reason,
    }


def with_fresh(
    facts: ChannelFacts, settings: Mapping[str, object], stored: Mapping[str, object]
) -> Mapping[str, object]:
    """With what the channel makes itself, unless one of it is given; what is `stored`, secrets included, stays."""
    made = facts.fresh() if facts.fresh is not None else {}
    if not made or any(settings.get(name) not in (None, "", MASK) for name in made if name in _secrets(facts)):
        return settings
    return {**settings, **{name: stored.get(name) or text for name, text in made.items()}}


def _secrets(facts: ChannelFacts) -> frozenset[str]:
    return frozenset(field.name for field in facts.fields if field.secret)


def split_settings(
    facts: ChannelFacts,
    settings: Mapping[str, object],
    stored: Mapping[str, object],
    plain_before: Mapping[str, object] | None = None,
) -> tuple[dict[str, object], dict[str, object]]:
    """(plain, secret) settings to store; a secret given as `***` keeps its stored value.

    `plain_before`: the plain ones as they are; then a secret is not kept for another host than it was entered for, so
    that nobody who cannot read it has it sent to themselves. None where secrets only sign.

    Raise Invalid with one Problem for each unknown, missing or not kept setting.
    """
    declared = {field.name: field for field in facts.fields}
    problems = [_unknown(name, facts) for name in settings if name not in declared]
    moved = plain_before is not None and any(
        (settings.get(name) or "") != (plain_before.get(name) or "") for name in _PLACES & declared.keys()
    )
    plain: dict[str, object] = {}
    secret: dict[str, object] = {}
    for name, field in declared.items():
        value = settings.get(name)
        if field.secret and value == MASK:
            value = stored.get(name)
            if moved and value:
                problems.append(_enter_again(name))
        if value in (None, ""):
            if field.required:
                problems.append(_missing(name, facts))
            continue
        (secret if field.secret else plain)[name] = value
    if problems:
        raise Invalid(problems)
    return plain, secret


def _unknown(name: str, facts: ChannelFacts) -> Problem:
    known = ", ".join(field.name for field in facts.fields)
    return Problem(
        "unknown_setting", f"{facts.name} has no setting “{name}”.", f"settings.{name}", f"Its settings are: {known}."
    )


def _enter_again(name: str) -> Problem:
    return Problem(
        "secret_again", "What is kept secret was entered for another address.", f"settings.{name}", "Enter it again."
    )


def _missing(name: str, facts: ChannelFacts) -> Problem:
    return Problem("setting_missing", f"{facts.name} needs the setting “{name}”.", f"settings.{name}", "Fill it in.")
