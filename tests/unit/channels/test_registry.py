"""Settings are checked before anything is opened, and each fault has a name and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import Invalid
from channels import registry
from channels.http import Http
from tests.contract.ways import WAYS

GOOD = {"account_sid": "AC1", "auth_token": "secret-token", "sender": "+15005550006"}
HOOK = {"url": "https://partner.example/hook", "secret": "whsec_cmlnLXNlY3JldC1vZi10d2VudHktZm91ci1ieXRlcw=="}
MAIL = {"host": "mail.example.org", "sender": "help@clarion.example"}
DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("name", "settings", "code", "field"),
    [
        ("sms_twilio", {**GOOD, "auth_token": ""}, "setting_missing", "settings.auth_token"),
        ("sms_twilio", {**GOOD, "colour": "red"}, "setting_unknown", "settings.colour"),
        ("sms_twilio", {**GOOD, "sender": 5}, "setting_mistyped", "settings.sender"),
        ("sms_twilio", {**GOOD, "sender": "+1\r\nX: y"}, "setting_mistyped", "settings.sender"),
        ("sms_twilio", {**GOOD, "sender": " +1500"}, "setting_mistyped", "settings.sender"),
        ("sms_twilio", {**GOOD, "base_url": "http://api.example.org"}, "url_not_https", "settings.base_url"),
        ("sms_twilio", {**GOOD, "base_url": "api.example.org"}, "url_malformed", "settings.base_url"),
        ("webhook", {**HOOK, "url": "https://10.0.0.1/"}, "address_refused", "settings.url"),
        ("webhook", {**HOOK, "url": "https://127.1/"}, "address_refused", "settings.url"),
        ("webhook", {**HOOK, "url": "https://localhost/"}, "address_refused", "settings.url"),
        ("webhook", {**HOOK, "url": "http://partner.example/"}, "url_not_https", "settings.url"),
        ("webhook", {**HOOK, "url": "https://a:b@partner.example/"}, "url_userinfo", "settings.url"),
        ("webhook", {**HOOK, "url": "https://partner.example:22/"}, "url_port", "settings.url"),
        ("webhook", {**HOOK, "secret": "whsec_é"}, "secret_malformed", "settings.secret"),
        ("webhook", {**HOOK, "secret": "whsec_!!"}, "secret_malformed", "settings.secret"),
        ("email_smtp", {**MAIL, "tls": "rot13"}, "tls_unknown", "settings.tls"),
        ("email_smtp", {**MAIL, "port": "smtp"}, "setting_mistyped", "settings.port"),
        ("email_smtp", {**MAIL, "sender": "help"}, "bad_address", "settings.sender"),
        (
            "social_mastodon",
            {"base_url": "https://m.example", "access_token": "t", "visibility": "direct"},
            "visibility_unknown",
            "settings.visibility",
        ),
        ("email_sendgrid", {"api_key": "k", "sender": "Help <help@x>"}, "bad_address", "settings.sender"),
    ],
)
def test_a_fault_in_the_settings_is_named(name: str, settings: dict[str, object], code: str, field: str) -> None:
    (problem,) = registry.check_settings(name, settings)
    assert (problem.code, problem.field) == (code, field)
    assert problem.sentence
    assert problem.remedy
    assert "secret-token" not in repr(problem)
    with pytest.raises(Invalid):
        registry.open_channel(name, settings, Http())


def test_good_settings_have_no_problems() -> None:
    for name, settings in (("sms_twilio", GOOD), ("webhook", HOOK), ("email_smtp", {**MAIL, "port": "25"})):
        assert registry.check_settings(name, settings) == ()


def test_a_secret_handed_back_as_it_was_shown_is_not_judged() -> None:
    assert registry.check_settings("webhook", {**HOOK, "secret": "***"}) == ()


def test_a_form_knows_its_fields_in_order() -> None:
    fields = registry.settings_schema("sms_twilio")
    assert [(field.name, field.type, field.required, field.secret) for field in fields] == [
        ("account_sid", "text", True, False),
        ("auth_token", "secret", True, True),
        ("sender", "text", True, False),
        ("base_url", "text", False, False),
        ("keyword_answers", "text", False, False),
    ]
    assert fields[3].default == "https://api.twilio.com"


def test_only_the_channels_in_use_are_imported() -> None:
    assert all(":" in target for target in registry.CHANNELS.values())
    assert set(WAYS) == set(registry.CHANNELS)


def test_the_table_in_the_documentation_is_what_the_channels_declare() -> None:
    told = (DOCS / "channels.md").read_text()
    assert registry.docs_table() in told, "write the table anew: python -m channels.registry"
