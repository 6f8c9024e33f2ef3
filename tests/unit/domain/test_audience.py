from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audience import choose_language, normalise
from app.domain.message import Medium
from app.errors import Invalid


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("+44 7911 123456", "", "+447911123456"),
        ("07911 123456", "GB", "+447911123456"),
        ("0044 7911 123456", "gb", "+447911123456"),
        (" +856 20 5551 2345", "", "+8562055512345"),
        ("+15005550006", "", "+15005550006"),
    ],
)
def test_one_number_has_one_form_however_it_is_written(raw: str, region: str, expected: str) -> None:
    assert normalise(Medium.SMS, raw, region) == expected


@pytest.mark.parametrize(
    "raw", ["07911 123456", "12", "call me", "", "+44791112345678901", "+44 7911 123456 ext. 5", "+0"]
)
def test_what_cannot_be_dialled_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refusal:
        normalise(Medium.SMS, raw, "")
    assert refusal.value.problems[0].code == "bad_phone"
    assert raw not in str(refusal.value) or not raw


def test_one_mailbox_has_one_form_however_it_is_written() -> None:
    assert normalise(Medium.EMAIL, " Ana@Example.ORG ", "") == "ana@example.org"
    assert normalise(Medium.EMAIL, "ana@mañana.example.org", "") == "ana@xn--maana-pta.example.org"


@pytest.mark.parametrize("raw", ["a b@example.org", "a@localhost", "a@nodots", "@example.org", "a@b@c.org", ""])
def test_what_is_no_mailbox_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refusal:
        normalise(Medium.EMAIL, raw, "")
    assert refusal.value.problems[0].code == "bad_email"


@given(
    st.sampled_from([Medium.EMAIL, Medium.SMS, Medium.PUSH]),
    st.text(max_size=20),
    st.sampled_from("\r\n\0\u202e\x7f"),
    st.text(min_size=1, max_size=20),
)
def test_no_address_ever_carries_a_line_end_or_a_control_character(
    medium: Medium, before: str, bad: str, after: str
) -> None:
    try:
        value = normalise(medium, before + bad + after, "GB")
    except Invalid:
        return
    assert bad not in value


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["gu"], "gu"),
        (["gu-IN", "en"], "gu"),
        (["fr", "lo"], "lo"),
        (["fr"], "en"),
        ([], "en"),
        (["PT"], "pt-BR"),
        (["pt-PT", "gu"], "pt-BR"),
        (["EO"], "eo"),
    ],
)
def test_everyone_reads_the_first_of_their_languages_there_is(wanted: list[str], expected: str) -> None:
    assert choose_language(wanted, ["en", "gu", "lo", "eo", "pt-BR"], "en") == expected


@given(st.lists(st.text(max_size=6)), st.lists(st.sampled_from(["en", "gu", "lo"]), min_size=1))
def test_the_chosen_language_is_always_available_or_the_default(wanted: list[str], available: list[str]) -> None:
    assert choose_language(wanted, available, "eo") in {*available, "eo"}


@given(
    st.builds(
        "{}@{}".format,
        st.text("abcXYZ019._+-é\"' ", min_size=1, max_size=20),
        st.text("abcXYZ019.-_é", min_size=1, max_size=24),
    )
)
def test_the_quick_way_reads_mailboxes_as_the_library_does(text: str) -> None:
    def full(value: str) -> str:
        try:
            found = validate_email(
                value.strip().lower(), check_deliverability=False, allow_quoted_local=False, test_environment=True
            )
        except EmailNotValidError:
            return ""
        return f"{found.local_part}@{found.ascii_domain}".lower() if "." in found.ascii_domain else ""

    try:
        quick = normalise(Medium.EMAIL, text, "")
    except Invalid:
        quick = ""
    assert quick == full(text)
