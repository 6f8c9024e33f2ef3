from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fitting import GSM_BASIC, GSM_EXTENSION, Fit, fit, graphemes, mastodon_length, measure, segments
from app.domain.message import Limits

# Reference written from 3GPP TS 23.038/23.040 on its own: build the parts, one unit at a time.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"

WORDS = st.text(
    alphabet=st.one_of(
        st.sampled_from(BASIC + EXTENSION),
        st.sampled_from("ŭĝĉઆપણીແລະ😀👨\u200d👩\U0001f3fd\u0301`ç \n"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=400,
)
GSM_WORDS = st.text(alphabet=st.sampled_from(BASIC + EXTENSION * 4), max_size=500)


def slow_parts(text: str) -> tuple[str, int, int]:
    if all(one in BASIC or one in EXTENSION for one in text):
        encoding, single, joined = "GSM-7", 160, 153
        pieces = [[0x1B, ord(one)] if one in EXTENSION else [ord(one)] for one in text]
    else:
        encoding, single, joined = "UCS-2", 70, 67
        pieces = []
        for one in text:
            raw = one.encode("utf-16-be")
            pieces.append([int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)])
    total = sum(len(piece) for piece in pieces)
    if total == 0:
        return encoding, 0, 0
    if total <= single:
        return encoding, total, 1
    parts: list[list[int]] = [[]]
    for piece in pieces:
        if len(parts[-1]) + len(piece) > joined:
            parts.append([])
        parts[-1].extend(piece)
    return encoding, total, len(parts)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 159 + "€", "GSM-7", 161, 2),
        ("a" * 158 + "€", "GSM-7", 160, 1),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("ŭ" * 70, "UCS-2", 70, 1),
        ("ŭ" * 71, "UCS-2", 71, 2),
        ("ŭ" * 134, "UCS-2", 134, 2),
        ("ŭ" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("ŭ" * 66 + "😀" + "ŭ" * 66, "UCS-2", 134, 3),
    ],
)
def test_a_text_message_costs_what_the_standard_says(text: str, encoding: str, units: int, parts: int) -> None:
    found = segments(text)
    assert (found.encoding, found.units, found.parts) == (encoding, units, parts)


def test_the_gsm_tables_have_the_standard_sizes() -> None:
    assert len(GSM_BASIC) == 127  # 128 code points, one of which is the escape
    assert len(GSM_EXTENSION) == 10
    assert set("çáíóúâêô`\t\x1b") & (GSM_BASIC | GSM_EXTENSION) == set()


def test_the_character_that_makes_a_message_expensive_is_named() -> None:
    assert segments("Ni bedaŭras, ĉio haltis").forced_by == "ŭ"
    assert segments("All lines are busy").forced_by == ""


@given(st.one_of(WORDS, GSM_WORDS))
def test_segments_agree_with_a_slow_reading_of_the_standard(text: str) -> None:
    found = segments(text)
    assert (found.encoding, found.units, found.parts) == slow_parts(text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("plain", 5),
        ("https://example.org/" + "a" * 200, 23),
        ("https://e.org", 23),
        ("see https://example.org/help.", 4 + 23 + 1),
        ("(https://example.org/help)", 25),
        ("https://127.0.0.1:8080/x", 24),
        ("https://localhost/abc", 21),
        ("glued" + "https://example.org/abc", 28),
        ("@ana@example.org hello", 10),
        ("👨\u200d👩\u200d👧", 1),
        ("ક્ષ", len(regex.findall(r"\X", "ક્ષ"))),
        ("", 0),
    ],
)
def test_mastodon_counts_readers_characters_and_every_link_as_23(text: str, length: int) -> None:
    assert mastodon_length(text) == length


def test_bytes_bind_before_graphemes_where_letters_are_long() -> None:
    family = "👨\u200d👩\u200d👧\u200d👦"
    bluesky = Limits(characters=300, unit="graphemes", utf8_bytes=3000)
    assert measure(family * 100, bluesky).fits
    over = measure(family * 150, bluesky)
    assert (over.fits, over.unit, over.limit, over.size) == (False, "bytes", 3000, 150 * 25)


def test_the_measure_names_the_limit_that_is_nearest() -> None:
    assert measure("👨\u200d👩\u200d👧" * 60, Limits(characters=300, unit="graphemes", utf8_bytes=3000)).unit == "bytes"
    assert measure("a" * 290, Limits(characters=300, unit="graphemes", utf8_bytes=3000)).unit == "graphemes"
    assert measure("a" * 290, Limits()).limit is None
    assert measure("😀" * 3, Limits(characters=10, unit="utf16")).size == 6


def test_the_first_form_that_fits_is_taken() -> None:
    fitted = fit(["one two three", "one two", "one"], Limits(characters=8))
    assert (fitted.text, fitted.index, fitted.how) == ("one two", 1, Fit.SHORTER)
    assert fit(["one"], Limits(characters=8)).how is Fit.WHOLE


def test_a_cut_ends_at_a_word() -> None:
    fitted = fit(["Power is out in the whole old town"], Limits(characters=20))
    assert (fitted.text, fitted.how) == ("Power is out in the…", Fit.CUT)


def test_a_cut_never_leaves_half_a_link() -> None:
    text = "Details: https://example.org/gu/crises/water-main-burst today"
    assert fit([text], Limits(characters=40)).text == "Details…"
    assert fit(["https://example.org/gu/crises/water"], Limits(characters=20)).how is Fit.CUT
    assert "http" not in fit(["https://example.org/gu/crises/water"], Limits(characters=20)).text


def test_a_cut_text_message_in_plain_letters_stays_in_plain_letters() -> None:
    fitted = fit(["word " * 60], Limits(segments=1))
    assert segments(fitted.text).encoding == "GSM-7"
    assert fitted.text.endswith("...")
    assert fitted.measure.fits


def test_when_not_even_an_ellipsis_fits_the_text_is_empty_and_says_so() -> None:
    fitted = fit(["word"], Limits(characters=0))
    assert (fitted.text, fitted.how) == ("", Fit.NOTHING)


LIMITS = st.one_of(
    st.builds(
        Limits,
        characters=st.integers(1, 120),
        unit=st.sampled_from(["characters", "graphemes", "utf16", "mastodon"]),
        utf8_bytes=st.one_of(st.none(), st.integers(10, 300)),
    ),
    st.builds(Limits, segments=st.integers(1, 2)),
)
SPEECH = st.lists(
    st.one_of(
        st.text(alphabet=st.sampled_from("abcŭગુજરાતીພາສາ😀\u0301\u200d👩"), min_size=1, max_size=12),
        st.sampled_from(["https://example.org/help/me", "@ana@example.org", "{x}", "€"]),
    ),
    max_size=40,
).map(" ".join)


@given(SPEECH, LIMITS)
def test_whatever_is_fitted_fits_and_no_grapheme_or_link_is_ever_parted(text: str, limits: Limits) -> None:
    fitted = fit([text], limits)
    assert fitted.measure.fits
    assert fitted.measure == measure(fitted.text, limits)
    if fitted.how is not Fit.CUT:
        assert fitted.text in {text, ""}
        return
    kept = fitted.text.removesuffix("...") if fitted.text.endswith("...") else fitted.text.removesuffix("…")
    assert text.startswith(kept)
    borders, end = {0}, 0
    for cluster in graphemes(text):
        end += len(cluster)
        borders.add(end)
    assert len(kept) in borders
    for found in regex.finditer(r"https?://\S+", text):
        assert not found.start() < len(kept) < found.end()
