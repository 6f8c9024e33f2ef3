from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from app.domain.reference import LAST_ATTEMPT, DeliveryKey, decode, encode

SECRET = b"only tests know this"
KEYS = st.builds(
    DeliveryKey,
    st.integers(0, 2**63 - 1),
    st.integers(1, 255),
    st.integers(0, 2**56 - 1),
    st.integers(1, LAST_ATTEMPT),
)
SIGNS = string.ascii_lowercase + "234567"


@given(KEYS)
def test_it_comes_back_as_it_went(key: DeliveryKey) -> None:
    reference = encode(key, SECRET)
    assert decode(reference, SECRET) == key
    assert decode(reference.upper(), SECRET) == key  # mail servers may change the case of a Message-ID
    assert len(reference) == 48
    assert set(reference) <= set(SIGNS)


def test_what_providers_were_told_before_an_upgrade_is_still_known() -> None:
    by_hmac = "aadc6p4vuaaaaayaaaaaaaaacjtqaaumgbgzex4p64v5fusa"
    by_blake2s = "aadc6p4vuaaaaayaaaaaaaaacjtqaassq35vpcnmg6xtaz6f"
    key = DeliveryKey(1_700_000_000_000 << 10, 3, 4711, 2)
    assert decode(by_hmac, SECRET) == decode(by_blake2s, SECRET) == key
    assert encode(key, SECRET) == by_blake2s
    assert decode(by_hmac[:-1] + "b", SECRET) is None


@given(KEYS, st.integers(0, 47), st.sampled_from(SIGNS))
def test_a_changed_sign_is_refused(key: DeliveryKey, place: int, sign: str) -> None:
    reference = encode(key, SECRET)
    changed = reference[:place] + sign + reference[place + 1 :]
    assert decode(changed, SECRET) == (key if changed == reference else None)


@given(KEYS)
def test_another_installations_reference_is_refused(key: DeliveryKey) -> None:
    assert decode(encode(key, b"somebody else's"), SECRET) is None


@given(st.text(max_size=60))
def test_rubbish_is_refused_and_never_raises(text: str) -> None:
    assert decode(text, SECRET) is None


@given(st.text(min_size=48, max_size=48))
def test_rubbish_of_the_right_length_too(text: str) -> None:
    assert decode(text, SECRET) is None


@given(st.integers(LAST_ATTEMPT, 2**40))
def test_attempts_beyond_the_last_are_named_as_the_last(attempt: int) -> None:
    found = decode(encode(DeliveryKey(1, 3, 7, attempt), SECRET), SECRET)
    assert found == DeliveryKey(1, 3, 7, LAST_ATTEMPT)
