from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.dialling import e164, e164_slow

_DIGITS = st.text("0123456789", min_size=1, max_size=16)
_MARKED = st.text("0123456789 ().-", min_size=1, max_size=24)
_REGIONS = st.sampled_from(["", "GB", "US", "IN", "LA", "RU", "KZ", "IT", "AR", "BR"])
_CODES = st.sampled_from(["1", "7", "20", "27", "39", "44", "49", "52", "54", "55", "91", "225", "352", "856"])


@settings(max_examples=1_500)
@given(_CODES, st.one_of(_DIGITS, _MARKED), _REGIONS)
def test_the_quick_way_reads_numbers_as_the_library_does(code: str, rest: str, region: str) -> None:
    assert e164(f"+{code}{rest}", region) == e164_slow(f"+{code}{rest}", region)


@settings(max_examples=500)
@given(st.text("+0123456789 ().-x#/,;", max_size=24), _REGIONS)
def test_whatever_else_is_written_is_read_alike(text: str, region: str) -> None:
    assert e164(text, region) == e164_slow(text, region)


@pytest.mark.parametrize("number", ["+447911123456", "+44 (0)7911 123456", "+39 06 1234 5678", "+1 (201) 555-0123"])
def test_what_is_usual_is_understood(number: str) -> None:
    assert e164(number, "") == e164_slow(number, "") != ""
