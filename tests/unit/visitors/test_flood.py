from __future__ import annotations

from app.visitors.flood import MOST_KEYS, PER_ANSWER, PER_PROCESS, Flood

DARK, ILL = [("", "no-connection")], [("", "ill")]


def test_a_robot_with_one_answer_is_bounded_and_takes_nothing_from_the_others() -> None:
    flood = Flood()
    counted = sum(flood.admits("default", DARK, 0.0) for _ in range(10_000))
    assert counted == PER_ANSWER[1]
    assert flood.admits("default", ILL, 0.0)
    assert flood.admits("other-tree", DARK, 0.0)
    later = sum(flood.admits("default", DARK, 10.0) for _ in range(10_000))
    assert later == 10 * PER_ANSWER[0]


def test_a_robot_with_every_answer_is_bounded_by_what_the_process_takes() -> None:
    flood = Flood()
    counted = sum(flood.admits("default", [("", str(number))], 0.0) for number in range(3_000))
    assert counted == PER_PROCESS[1]


def test_what_is_remembered_is_bounded_too() -> None:
    flood = Flood()
    for number in range(3 * MOST_KEYS):
        flood.admits("default", [("", str(number))], float(number))
    assert len(flood._left) <= MOST_KEYS + 2


def test_a_round_counts_whole_or_not_at_all() -> None:
    flood = Flood()
    while flood.admits("default", DARK, 0.0):
        pass
    assert not flood.admits("default", [*DARK, *ILL], 0.0)
    assert sum(flood.admits("default", ILL, 0.0) for _ in range(10_000)) == PER_ANSWER[1]
