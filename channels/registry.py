"""Every channel there is, by the name an endpoint is configured with. A new channel is one line here."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from app.errors import Invalid, Problem
from channels import guard
from channels.base import Channel, Info, Label, Limits, Secret
from channels.http import Http

CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sms_twilio": "channels.sms_twilio:TwilioSms",
        "email_sendgrid": "channels.email_sendgrid:SendGridEmail",
        "email_smtp": "channels.email_smtp:SmtpEmail",
        "social_mastodon": "channels.social_mastodon:MastodonPosts",
        "social_bluesky": "channels.social_bluesky:BlueskyPosts",
        "push_web": "channels.push_web:WebPush",
        "chat_telegram": "channels.chat_telegram:TelegramBot",
        "webhook": "channels.webhook:WebhookCalls",
        "site": "channels.site:Website",
        "outbox.site": "channels.outbox:OutboxSite",
        "outbox.social": "channels.outbox:OutboxSocial",
        "outbox.sms": "channels.outbox:OutboxSms",
        "outbox.email": "channels.outbox:OutboxEmail",
        "outbox.chat": "channels.outbox:OutboxChat",
        "outbox.push": "channels.outbox:OutboxPush",
        "outbox.voice": "channels.outbox:OutboxVoice",
        "outbox.webhook": "channels.outbox:OutboxWebhook",
    }
)

MASK: Final = "***"
"""How a stored secret is shown, and handed back unchanged."""

_KINDS: Final[Mapping[type, str]] = {str: "text", int: "number", bool: "switch", Secret: "secret"}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class SettingField:
    """One line of an endpoint's form."""

    name: str
    label: str
    type: str
    """text | number | switch | secret."""
    required: bool
    secret: bool
    default: str | int | bool | None
    """None for a required field and for every secret."""
    hint: str = ""


def load(name: str, channels: Mapping[str, str] = CHANNELS) -> type[Any]:
    """The channel's class; raises Invalid for a name that is not registered."""
    target = channels.get(name)
    if target is None:
        raise Invalid(
            Problem(
                "channel_unknown",
                f"There is no channel “{name}”.",
                "channel",
                f"Use one of: {', '.join(channels)}.",
            )
        )
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]


def info(name: str) -> Info:
    declared: Info = load(name).info
    return declared


def known(name: str) -> Info | None:
    """None for a channel nobody wrote."""
    return info(name) if name in CHANNELS else None


def fresh_settings(name: str) -> Callable[[], Mapping[str, str]] | None:
    """What makes the settings the channel brings itself for an endpoint without them; None = nothing does."""
    made: Callable[[], Mapping[str, str]] | None = getattr(load(name), "fresh_settings", None)
    return made


def settings_schema(name: str) -> tuple[SettingField, ...]:
    """What an endpoint of this channel has to be told, in the order of its form."""
    return schema_of(load(name).Settings)


def schema_of(settings: type[Any]) -> tuple[SettingField, ...]:
    hints = get_type_hints(settings, include_extras=True)
    fields = []
    for field in dataclasses.fields(settings):
        kind, label = hints[field.name], Label(field.name)
        if get_origin(kind) is Annotated:
            kind, *notes = get_args(kind)
            label = next((note for note in notes if isinstance(note, Label)), label)
        required = field.default is dataclasses.MISSING
        default = field.default if isinstance(field.default, str | int) else None
        fields.append(SettingField(field.name, label.text, _KINDS[kind], required, kind is Secret, default, label.hint))
    return tuple(fields)


def check_settings(name: str, settings: Mapping[str, object], *, allow_private: bool = False) -> tuple[Problem, ...]:
    """Everything wrong with an endpoint's settings that can be told without the network; () = nothing.

    Fields read `settings.<name>`. A secret given as `***` stands for the stored one and is not judged.
    `allow_private` permits a webhook on loopback, for tests and the demo.
    """
    values, problems = _values(load(name).Settings, settings)
    if problems:
        return tuple(problems)
    made = load(name).Settings(**values)
    own: Iterable[Problem] = made.problems() if hasattr(made, "problems") else ()
    found = [_under_settings(problem, problem.field) for problem in own]
    if hasattr(made, "public_url"):
        problem = guard.check_url(made.public_url(), allow_private=allow_private)
        found += [_under_settings(problem, problem.field)] if problem else []
    for field in ("base_url", "read_back_url"):
        found += _check_base(field, str(values[field])) if field in values else []
    kept = {f"settings.{field}" for field, value in settings.items() if value == MASK}
    return tuple(problem for problem in found if problem.field not in kept)


def open_channel(name: str, settings: Mapping[str, object], http: Http) -> Channel:
    """A channel ready to send; no I/O happens. Raises Invalid with one Problem for each fault in the settings.

    Close it with `aclose` when it has one (`channels.base.Closes`); `http` stays the caller's.
    """
    problems = check_settings(name, settings, allow_private=http.allow_private)
    if problems:
        raise Invalid(problems)
    channel = load(name)
    values, _ = _values(channel.Settings, settings)
    try:
        opened: Channel = channel(channel.Settings(**values), http)
    except ValueError as error:  # an address or a header that cannot be written
        raise Invalid(
            Problem("settings_malformed", "These settings hold a character that no request can carry.", "settings")
        ) from error
    return opened


def docs_table(names: Iterable[str] = CHANNELS) -> str:
    """The table of docs/channels.md."""
    lines = [
        "| name | what | medium | holds | a call carries | can | documentation |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        one = info(name)
        able = [word for word in ("edit", "retract", "thread") if getattr(one, f"can_{word}")]
        lines.append(
            f"| `{name}` | {one.title} | {one.medium} | {_holds(one.limits)} | {one.batch_size} "
            f"| {', '.join(able) or '-'} | <{one.docs_url}> |"
        )
    return "\n".join(lines) + "\n"


def _holds(limits: Limits) -> str:
    parts = [
        f"{limits.characters} {limits.unit}" if limits.characters else "",
        f"{limits.segments} segments" if limits.segments else "",
        f"{limits.utf8_bytes} bytes" if limits.utf8_bytes else "",
    ]
    return ", ".join(part for part in parts if part) or "anything"


def _values(settings: type[Any], given: Mapping[str, object]) -> tuple[dict[str, Any], list[Problem]]:
    schema = {field.name: field for field in schema_of(settings)}
    problems = [
        Problem("setting_unknown", f"There is no setting “{name}”.", f"settings.{name}", "Leave it out.")
        for name in given
        if name not in schema
    ]
    values: dict[str, Any] = {}
    for field in schema.values():
        raw = given.get(field.name)
        if raw is None or raw == "":
            if field.required:
                sentence = f"“{field.label}” is missing."
                problems.append(
                    Problem("setting_missing", sentence, f"settings.{field.name}", field.hint or "Fill it in.")
                )
            continue
        value = _value(field, raw)
        if value is None:
            problems.append(_mistyped(field))
        else:
            values[field.name] = value
    return values, problems


def _value(field: SettingField, raw: object) -> object:
    """The value in the field's type; None when it is of another."""
    match field.type, raw:
        case "secret", Secret():
            return raw
        case "secret", str():
            return Secret(raw)
        case "switch", bool():
            return raw
        case "number", int() if not isinstance(raw, bool):
            return raw
        case "number", str() if raw.isascii() and raw.isdigit():
            return int(raw)
        case "text", str() if raw == raw.strip() and raw.isprintable():
            return raw
    return None


def _mistyped(field: SettingField) -> Problem:
    # Spaces around a value are a slip of the clipboard that no provider forgives.
    wanted = {"number": "a whole number", "switch": "true or false"}.get(field.type, "one line of text")
    remedy = field.hint or "Correct it."
    return Problem("setting_mistyped", f"“{field.label}” must be {wanted}.", f"settings.{field.name}", remedy)


def _check_base(field: str, url: str) -> list[Problem]:
    """A provider's own address may be http only on this machine: it carries credentials."""
    parsed = guard.parse(url)
    if parsed is None or not parsed.host_str or parsed.scheme not in {"http", "https"}:
        return [
            Problem("url_malformed", "This is not a complete web address.", f"settings.{field}", "Write https://host.")
        ]
    if parsed.scheme == "http" and parsed.host_str not in _LOOPBACK:
        return [Problem("url_not_https", "Only https is called.", f"settings.{field}", "Begin with https://.")]
    return []


def _under_settings(problem: Problem, field: str) -> Problem:
    return dataclasses.replace(problem, field=f"settings.{field}")


if __name__ == "__main__":
    import sys

    sys.stdout.write(docs_table())
