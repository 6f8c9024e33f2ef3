"""Many at once comes to the same as one after the other by the standard library."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.bulk import Signer, base32, fits_hmac
from app.domain.manage import manage_url, manage_urls
from app.domain.reference import DeliveryKey, References, decode, encode

KEY = b"k" * 32


@given(st.binary(max_size=200).map(lambda data: data[: len(data) // 5 * 5]))
def test_base32_is_that_of_the_standard(data: bytes) -> None:
    assert base32(data) == base64.b32encode(data).decode().lower()


@given(st.binary(max_size=100), st.binary(max_size=70), st.lists(st.binary(max_size=100), max_size=5))
def test_a_signature_is_a_keyed_blake2s(key: bytes, shared: bytes, texts: list[bytes]) -> None:
    short, signer = hashlib.blake2s(key).digest(), Signer(key, shared, 11)
    macs = [hashlib.blake2s(shared + text, key=short, digest_size=11).digest() for text in texts]
    assert signer.signed(texts) == b"".join(text + mac for text, mac in zip(texts, macs, strict=True))
    for text, mac in zip(texts, macs, strict=True):
        assert signer.fits(text, mac)
        assert not signer.fits(text, mac[:-1])
        assert not signer.fits(text + b"!", mac)


def test_what_was_signed_by_hmac_before_is_still_known() -> None:
    mac = hmac.digest(KEY, b"text", hashlib.sha256)[:11]
    assert fits_hmac(KEY, b"text", mac)
    assert not fits_hmac(KEY, b"text", mac[::-1])


@given(st.lists(st.integers(0, 2**56 - 1), max_size=6), st.integers(1, 70_000))
def test_many_references_are_the_same_as_each_alone(ids: list[int], attempt: int) -> None:
    made = References(1 << 50, 3, KEY).encode(ids, attempt)
    assert made == [encode(DeliveryKey(1 << 50, 3, one, attempt), KEY) for one in ids]
    assert [decode(one, KEY) for one in made] == [DeliveryKey(1 << 50, 3, one, min(attempt, 65_535)) for one in ids]


def test_many_personal_links_are_the_same_as_each_alone() -> None:
    ids = [1, 77, 2**40]
    assert manage_urls(KEY, "https://x.example", ids, 4) == [manage_url(KEY, "https://x.example", n, 4) for n in ids]


def test_an_address_id_too_great_to_name_is_refused() -> None:
    with pytest.raises(OverflowError):
        References(1, 3, KEY).encode([2**56], 1)
