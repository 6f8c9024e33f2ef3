from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.seen import Seen

_KEYS = st.text(st.characters(codec="utf-8"), max_size=3)


@given(st.lists(st.lists(_KEYS, max_size=12), max_size=12), st.sampled_from([1, 2, 7, 1 << 64]))
def test_it_tells_the_first_of_each_key_whatever_their_hashes(batches: list[list[str]], hashes: int) -> None:
    """Even when all of them have the same hash, or hashes that differ only in what is not kept."""
    seen = Seen(batches.__getitem__, lambda key: hash(key) % hashes)
    before: set[str] = set()
    for keys in batches:
        expected = [at for at, key in enumerate(keys) if key not in before and key not in keys[:at]]
        assert seen.first_of(keys) == expected
        before.update(keys)
    assert len(seen) == len(before)


def test_it_remembers_every_key_while_it_grows_and_asks_for_few_of_them_again() -> None:
    batches = [[f"key {n}" for n in range(start, start + 250)] for start in range(0, 20_000, 250)]
    asked = []

    def recall(number: int) -> list[str]:
        asked.append(number)
        return batches[number]

    seen = Seen(recall)
    assert all(seen.first_of(keys) == list(range(250)) for keys in batches)
    assert len(asked) < 10
    again = Seen.first_of(seen, [*batches[7], "key 20000"])
    assert again == [250]
    assert len(seen) == 20_001
