from __future__ import annotations

from benchmarks.advise import figures


def test_advice_out_of_200_channels_and_500_rules_takes_less_than_a_millisecond() -> None:
    found = figures(2_000)
    assert (found["channels"], found["rules"]) == (200, 500)
    assert found["median_us"] < 1_000
