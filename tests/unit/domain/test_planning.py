from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.crisis import Severity, Stage
from app.domain.message import Medium
from app.domain.planning import (
    WAVE_OFFSETS_MS,
    Lane,
    broadcast_id,
    lane,
    share_out,
    wave_offset_ms,
)

WEIGHTS = st.lists(st.integers(0, 20), min_size=1, max_size=5).filter(lambda weights: sum(weights) > 0)


@given(st.integers(0, 300), WEIGHTS)
def test_shards_are_shared_in_proportion_to_the_weights(shards: int, weights: list[int]) -> None:
    chosen = Counter(share_out(shards, weights))
    assert sum(chosen.values()) == shards
    for index, weight in enumerate(weights):
        assert abs(chosen[index] - shards * weight / sum(weights)) < len(weights)


@given(st.integers(0, 100), st.integers(0, 100), WEIGHTS)
def test_a_resumed_sharing_goes_on_where_it_stopped(first: int, more: int, weights: list[int]) -> None:
    assert share_out(first + more, weights)[:first] == share_out(first, weights)


@pytest.mark.parametrize("weights", [[], [0, 0], [3, -1]])
def test_weights_must_leave_somebody_to_send(weights: list[int]) -> None:
    with pytest.raises(ValueError):
        share_out(1, weights)


@given(st.lists(st.integers(0, 2**41), min_size=1, max_size=20))
def test_broadcast_ids_rise_whatever_the_clock_does(moments: list[int]) -> None:
    last, given_out = 0, []
    for now_ms in moments:
        last = broadcast_id(now_ms, last)
        given_out.append(last)
    assert given_out == sorted(set(given_out))


def test_a_correction_goes_before_an_emergency_before_an_update_before_routine() -> None:
    assert lane(Stage.CORRECTION, Severity.INFO) is Lane.CORRECTION
    assert lane(Stage.PROGRESS, Severity.EMERGENCY) is Lane.EMERGENCY
    assert lane(Stage.DETAILS, Severity.MAJOR) is Lane.UPDATE
    assert lane(Stage.FOLLOWUP, Severity.MAJOR) is Lane.ROUTINE
    assert Lane.CORRECTION < Lane.EMERGENCY < Lane.UPDATE < Lane.ROUTINE


def test_every_medium_has_its_place_and_the_playbook_may_move_it() -> None:
    assert set(WAVE_OFFSETS_MS) == set(Medium)
    assert WAVE_OFFSETS_MS[Medium.SITE] <= WAVE_OFFSETS_MS[Medium.SOCIAL] <= WAVE_OFFSETS_MS[Medium.SMS]
    assert wave_offset_ms(Medium.SMS, {"sms": 1.5}) == 1_500
    assert wave_offset_ms(Medium.SMS, {"sms": -3}) == 0
    assert wave_offset_ms(Medium.SMS, {"email": 9}) == WAVE_OFFSETS_MS[Medium.SMS]
