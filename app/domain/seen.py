"""Which keys of a long stream came before: exactly, in some 14 bytes for each, whatever its length."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Sequence
from typing import Final

Recall = Callable[[int], Collection[str]]
"""The keys of an earlier batch, by its number; the first is 0."""

_BATCH_BITS: Final = 24
_BATCHES: Final = (1 << _BATCH_BITS) - 1
_HASH_BITS: Final = 40
"""Of a key's hash are kept; who is not told apart by them is asked for in the batch they came with."""
_PART_BITS: Final = 4
_REST_BITS: Final = _HASH_BITS - _PART_BITS
_REST: Final = (1 << _REST_BITS) - 1
_WHOLE: Final = (1 << 64) - 1
_SMALLEST: Final = 64
_FULL: Final = 0.65
_GROWTH: Final = 1.25


class Seen:
    """Keys come in batches; `recall` must give back any batch that came before.

    In memory is a number for each key: the upper bits of its hash, and in which batch it came. Parts of the table grow
    one by one, so that growing never takes much more than the table itself.
    """

    __slots__ = ("_batches", "_counts", "_hash", "_parts", "_recall")

    def __init__(self, recall: Recall, hashed: Callable[[str], int] = hash) -> None:
        self._recall, self._hash = recall, hashed
        self._parts = [array("Q", bytes(8 * _SMALLEST)) for _ in range(1 << _PART_BITS)]
        self._counts = [0] * (1 << _PART_BITS)
        self._batches = 0

    def __len__(self) -> int:
        return sum(self._counts)

    def first_of(self, keys: Sequence[str]) -> list[int]:
        """Where in this batch a key stands that never stood before, neither in it nor in an earlier one."""
        first: list[int] = []
        self._batches += 1
        mine, parts, counts = self._batches, self._parts, self._counts
        if mine > _BATCHES:
            raise OverflowError("more batches than can be told apart")
        self._make_room(len(keys))
        for at, hashed in enumerate(map(self._hash, keys)):
            short = (hashed & _WHOLE) >> _BATCH_BITS
            part = short >> _REST_BITS
            slots = parts[part]
            slot = (short & _REST) * len(slots) >> _REST_BITS
            while held := slots[slot]:
                if held >> _BATCH_BITS == short and self._came_with(held & _BATCHES, keys, at):
                    break
                slot += 1
                if slot == len(slots):
                    slot = 0
            else:
                slots[slot] = short << _BATCH_BITS | mine
                counts[part] += 1
                first.append(at)
        return first

    def _came_with(self, batch: int, keys: Sequence[str], at: int) -> bool:
        return keys[at] in (keys[:at] if batch == self._batches else self._recall(batch - 1))

    def _make_room(self, more: int) -> None:
        """In every part, for so many keys."""
        for part, before in enumerate(self._parts):
            if self._counts[part] + more <= len(before) * _FULL:
                continue
            size = int(max(len(before) * _GROWTH, (self._counts[part] + more) / _FULL + 1))
            slots = self._parts[part] = array("Q", bytes(8 * size))
            for number in before:
                if number:
                    slot = (number >> _BATCH_BITS & _REST) * size >> _REST_BITS
                    while slots[slot]:
                        slot = slot + 1 if slot + 1 < size else 0
                    slots[slot] = number
